import { AppError } from '../errors/AppError.ts'
import type { Feature } from '../study/manifest.ts'
import type { Cell } from './dataset.ts'
import { findLevel, listed } from './encode.ts'

/** What the cells of a person's file mean. */

const missing = new Set(['', '?', 'na', 'nan', 'n/a', 'null'])
const yesWords = new Set(['1', 'yes', 'y', 'true', 't', 'positive', 'pos', '+'])
const noWords = new Set(['0', 'no', 'n', 'false', 'f', 'negative', 'neg', '-'])

/** A cell's value by its column, or what would be right there. */
export function readCell(
  feature: Feature,
  text: string,
  decimalComma: boolean,
): { readonly value: Cell; readonly expected?: never } | { readonly value?: never; readonly expected: string } {
  if (feature.type === 'category') {
    const level = findLevel(feature, text)
    return level < 0 ? { expected: `one of ${listed(feature.levels)}` } : { value: feature.levels[level] as string }
  }
  const value = toNumber(text, decimalComma)
  if (feature.type === 'binary') {
    const word = text.toLowerCase()
    if (value === 0 || value === 1) return { value }
    if (yesWords.has(word)) return { value: 1 }
    if (noWords.has(word)) return { value: 0 }
    return { expected: '0 or 1' }
  }
  if (value === null) return { expected: 'a number' }
  if (feature.min !== undefined && value < feature.min) return { expected: `a number of at least ${feature.min}` }
  if (feature.max !== undefined && value > feature.max) return { expected: `a number of at most ${feature.max}` }
  return { value }
}

/** How one file writes yes and no. */
export interface OutcomeWords {
  /** As the file has them. Null: the file has no such value. */
  readonly yes: string | null
  readonly no: string | null
  /** 0 or 1 of a cell that is not missing. */
  read(text: string): number
}

/**
 * Reads an outcome: 0 and 1, known words, or any two words, of which the second in the alphabet is yes.
 * @param seen the different values of the column, as outcomeKey writes them, each with a cell as it stands in the file
 * @throws AppError data.badLabel
 */
export function outcomeWords(
  seen: ReadonlyMap<string, { readonly text: string; readonly row: number }>,
  decimalComma: boolean,
  { file, column }: { readonly file: string; readonly column: string },
): OutcomeWords {
  const values = [...seen.keys()].sort()
  const textOf = (value: string | undefined) => (value === undefined ? null : (seen.get(value)?.text ?? null))
  if (values.every(value => yesWords.has(value) || noWords.has(value))) {
    return {
      yes: textOf(values.find(value => yesWords.has(value))),
      no: textOf(values.find(value => noWords.has(value))),
      read: text => (yesWords.has(outcomeKey(text, decimalComma)) ? 1 : 0),
    }
  }
  const words = values.every(value => toNumber(value, false) === null)
  if (words && values.length <= 2) {
    return {
      yes: textOf(values[1]),
      no: textOf(values[0]),
      read: text => (outcomeKey(text, decimalComma) === values[1] ? 1 : 0),
    }
  }
  const odd = values.find(value => !yesWords.has(value) && !noWords.has(value)) as string
  const cell = seen.get(words ? (values[2] as string) : odd)
  throw new AppError('data.badLabel', { file, row: cell?.row ?? 0, value: cell?.text ?? '', column })
}

/** One writing of an outcome's value: "1.0" is "1", "Yes" is "yes". */
export function outcomeKey(text: string, decimalComma: boolean): string {
  const value = toNumber(text, decimalComma)
  return value === null ? text.toLowerCase() : String(value)
}

/** Whether a cell says that nothing is known. */
export function isMissing(text: string): boolean {
  return missing.has(text.toLowerCase())
}

/** A cell as a number; null where it is none. */
export function toNumber(text: string, decimalComma: boolean): number | null {
  const plain = decimalComma ? text.replace(/^([+-]?\d*),(\d+)$/, '$1.$2') : text
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null
  const value = Number(plain)
  return Number.isFinite(value) ? value : null
}
