import type { Measured } from '../../training/screen.ts'

/**
 * An axis for shares, as wide as it must be: dots need no zero, and its ends are named. From 0, 50 or 90 %.
 *
 * @example shareRange([{ value: 0.96, low: 0.95, high: 0.97 }]) // [0.9, 1]
 */
export function shareRange(shares: readonly (Measured | null)[]): readonly [number, number] {
  const lowest = Math.min(1, ...shares.map(share => share?.low ?? 1))
  return [[0.9, 0.5].find(from => lowest >= from) ?? 0, 1]
}
