import { cpus } from 'node:os'

/** @throws RangeError where there is nothing to take it of */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** @throws RangeError where there is nothing to take it of */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** 1234567 → 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** 0.0123 → 1.23 %. */
export function percent(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`
}

/** What the numbers were measured on. */
export function processor(): string {
  return `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`
}
