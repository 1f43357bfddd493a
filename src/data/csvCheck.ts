import { AppError, isAppError } from '../errors/AppError.ts'
import type { Feature, TableSchema } from '../study/manifest.ts'
import { isMissing, outcomeKey, outcomeWords, readCell } from './cells.ts'
import { type BadCell, type CsvRow, type CsvRows, minRows } from './csv.ts'
import { scanCsv } from './csvFile.ts'
import type { Cell, Row } from './dataset.ts'
import { listed } from './encode.ts'
import { type ColumnMapping, checkMapping, guessMapping } from './mapping.ts'

/** A person's file against a study's columns, before anything is loaded. */
export interface CsvCheck {
  readonly file: string
  /** The file's columns and first rows, as they are. */
  readonly columns: readonly string[]
  readonly head: readonly { readonly row: number; readonly cells: readonly string[] }[]
  readonly rows: number
  /** By the study's columns, outcome included: guessed by name and label where not given. */
  readonly mapping: ColumnMapping
  /** Study columns that no column of the file was found for. */
  readonly unmapped: readonly string[]
  /** File columns that are not used: they stay in the file and are not read. */
  readonly ignored: readonly string[]
  /** Rows that can be used, rows without a value somewhere, rows with a cell that cannot be used. */
  readonly complete: number
  readonly incomplete: number
  readonly bad: number
  /** The first 200 cells that cannot be used. */
  readonly problems: readonly BadCell[]
  /** How the file writes the outcome, and how often among its complete rows; null where it has no such column or no two values. */
  readonly outcome: {
    readonly yes: string
    readonly no: string
    readonly yesRows: number
    readonly noRows: number
  } | null
  /** What stops the file as a whole, as a sentence; null where nothing does. */
  readonly refusal: string | null
}

const headRows = 8
const mostProblems = 200
/** A cell that is longer is no value; a screen shows its beginning. */
const longestShown = 100

/**
 * Checks a file's text against a study's columns. Other columns of the file are ignored. What is wrong with the file as a
 * whole is its refusal; nothing that a file may hold makes this throw.
 * @param given the person's mapping; null: guessed
 */
export function checkCsv(text: string, file: string, schema: TableSchema, given: ColumnMapping | null): CsvCheck {
  let columns: readonly string[] = []
  let reader: RowReader | undefined
  let hasDecimalComma = false
  const head: { row: number; cells: readonly string[] }[] = []
  const problems: BadCell[] = []
  let [rows, incomplete, bad] = [0, 0, 0]
  let mapping: ColumnMapping = guessMapping([], schema)
  const outcomes = new Map<string, { text: string; row: number; count: number }>()
  const check = (refusal: string | null, outcome: CsvCheck['outcome'] = null): CsvCheck => {
    const used = new Set(Object.values(mapping))
    return {
      file,
      columns,
      head,
      rows,
      mapping,
      unmapped: Object.keys(mapping).filter(name => mapping[name] === null),
      ignored: columns.filter(column => !used.has(column)),
      complete: rows - incomplete - bad,
      incomplete,
      bad,
      problems,
      outcome,
      refusal,
    }
  }
  try {
    scanCsv(text, file, {
      header(names, decimalComma) {
        columns = names
        mapping = guessMapping(names, schema, given)
        checkMapping(mapping, file)
        hasDecimalComma = decimalComma
        reader = rowReader(names, schema, mapping, decimalComma)
      },
      row(row) {
        rows++
        if (head.length < headRows) head.push({ row: row.number, cells: row.cells.map(shortened) })
        const read = (reader as RowReader)(row)
        if (read.bad.length > 0) {
          bad++
          problems.push(...read.bad.slice(0, mostProblems - problems.length))
        } else if (read.cells === null) incomplete++
        else if (read.outcome !== null) count(outcomes, read.outcome, row.number, hasDecimalComma)
      },
    })
    const column = mapping[schema.outcome.name] ?? null
    const words = column === null ? null : outcomeWords(outcomes, hasDecimalComma, { file, column })
    const complete = rows - incomplete - bad
    if (complete < minRows) throw new AppError('data.tooFew', { file, rows: complete, needed: minRows })
    if (column === null || words === null) return check(null)
    const [yesRows, noRows] = [1, 0].map(label =>
      [...outcomes.values()].reduce((sum, value) => sum + (words.read(value.text) === label ? value.count : 0), 0),
    ) as [number, number]
    if (yesRows === 0 || noRows === 0 || words.yes === null || words.no === null) {
      throw new AppError('data.oneClass', { file, column })
    }
    return check(null, { yes: shortened(words.yes), no: shortened(words.no), yesRows, noRows })
  } catch (error) {
    if (isAppError(error)) return check(error.message)
    throw error
  }
}

/**
 * A file's complete rows by a mapping.
 * @param options.mapping columns that it does not name are guessed
 * @param options.leaveOutBadRows instead of refusing the file for them
 * @throws AppError data.empty, data.noHeader, data.unreadable, data.mappedTwice, data.columnsDiffer, data.badCell,
 * data.badCells, data.badLabel, data.tooFew, data.oneClass
 */
export function readMappedRows(
  text: string,
  file: string,
  schema: TableSchema,
  options: { readonly mapping: ColumnMapping | null; readonly leaveOutBadRows: boolean },
): CsvRows & { readonly bad: number } {
  const checked = checkCsv(text, file, schema, options.mapping)
  const { mapping } = checked
  checkMapping(mapping, file)
  if (checked.columns.length > 0 && checked.unmapped.length > 0) {
    const details = { file, missing: listed(checked.unmapped), unknown: listed(checked.ignored.slice(0, 20)) }
    throw new AppError('data.columnsDiffer', details)
  }
  if (!options.leaveOutBadRows && checked.problems.length > 0) throw badCellsError(checked)
  const kept: { cells: readonly Cell[]; outcome: string }[] = []
  const outcomes = new Map<string, { text: string; row: number; count: number }>()
  let reader: RowReader | undefined
  let hasDecimalComma = false
  scanCsv(text, file, {
    header(names, decimalComma) {
      hasDecimalComma = decimalComma
      reader = rowReader(names, schema, mapping, decimalComma)
    },
    row(row) {
      const { cells, outcome } = (reader as RowReader)(row)
      if (cells === null || outcome === null) return
      count(outcomes, outcome, row.number, hasDecimalComma)
      // One text for each value: a slice would keep the whole file alive.
      kept.push({ cells, outcome: outcomes.get(outcomeKey(outcome, hasDecimalComma))?.text ?? outcome })
    },
  })
  const column = mapping[schema.outcome.name] ?? schema.outcome.name
  const words = outcomeWords(outcomes, hasDecimalComma, { file, column })
  if (kept.length < minRows) throw new AppError('data.tooFew', { file, rows: kept.length, needed: minRows })
  const rows: Row[] = kept.map(({ cells, outcome }) => ({ cells, label: words.read(outcome) }))
  if (rows.every(row => row.label === rows[0]?.label)) {
    throw new AppError('data.oneClass', { file, column })
  }
  return { rows, incomplete: checked.incomplete, bad: checked.bad }
}

/** What a row holds of the study's columns. */
export interface ReadRow {
  /** In the order of the schema's features; null where one is missing or bad. A column without a mapping is 0. */
  readonly cells: readonly Cell[] | null
  /** The same with null for each missing one. */
  readonly values: readonly (Cell | null)[]
  /** As the file writes it; null where it is missing or has no column. */
  readonly outcome: string | null
  readonly bad: readonly BadCell[]
}
export type RowReader = (row: CsvRow) => ReadRow

/** Reads rows of a file with these columns by a mapping. A column that is mapped to none is not asked for. */
export function rowReader(
  columns: readonly string[],
  schema: TableSchema,
  mapping: ColumnMapping,
  decimalComma: boolean,
): RowReader {
  const placeOf = (name: string) => {
    const column = mapping[name] ?? null
    return column === null ? -1 : columns.indexOf(column)
  }
  const places = schema.features.map(feature => placeOf(feature.name))
  const outcomePlace = placeOf(schema.outcome.name)
  return row => {
    const problem = (column: string, value: string, expected: string): BadCell => ({
      row: row.number,
      column,
      value: shortened(value),
      expected,
    })
    if (row.cells.length > columns.length) {
      const bad = [problem('whole row', `${row.cells.length} cells`, `a row of ${columns.length} cells`)]
      return { cells: null, values: schema.features.map(() => null), outcome: null, bad }
    }
    const bad: BadCell[] = []
    let isComplete = true
    const values = schema.features.map((feature, f): Cell | null => {
      const place = places[f] as number
      if (place < 0) return 0
      const text = row.cells[place] ?? ''
      if (isMissing(text)) {
        isComplete = false
        return null
      }
      const cell = readLoosely(feature, text, decimalComma)
      if (cell.value !== undefined) return cell.value
      bad.push(problem(columns[place] as string, text, cell.expected))
      return null
    })
    const outcome = outcomePlace < 0 ? null : (row.cells[outcomePlace] ?? '')
    const isKnown = outcome === null || !isMissing(outcome)
    return {
      cells: isComplete && isKnown && bad.length === 0 ? (values as readonly Cell[]) : null,
      values,
      outcome: isKnown ? outcome : null,
      bad,
    }
  }
}

/** As readCell, but levels in any case, and m and f where the column says which of them is 1. */
export function readLoosely(feature: Feature, text: string, decimalComma: boolean): ReturnType<typeof readCell> {
  const cell = readCell(feature, text, decimalComma)
  if (cell.value !== undefined) return cell
  const word = text.toLowerCase()
  if (feature.type === 'category') {
    const levels = feature.levels.filter(level => level.toLowerCase() === word)
    if (levels.length === 1) return { value: levels[0] as string }
  }
  if (feature.type === 'binary') {
    const names = [feature.name, feature.label ?? ''].map(name => name.toLowerCase())
    const one = names.includes('male') ? maleWords : names.includes('female') ? femaleWords : null
    if (one !== null && maleWords.has(word)) return { value: one === maleWords ? 1 : 0 }
    if (one !== null && femaleWords.has(word)) return { value: one === femaleWords ? 1 : 0 }
  }
  return cell
}

const maleWords = new Set(['m', 'male', 'man', 'men', 'boy'])
const femaleWords = new Set(['f', 'female', 'w', 'woman', 'women', 'girl'])

function count(
  outcomes: Map<string, { text: string; row: number; count: number }>,
  text: string,
  row: number,
  decimalComma: boolean,
): void {
  const key = outcomeKey(text, decimalComma)
  const known = outcomes.get(key)
  if (known) known.count++
  else outcomes.set(key, { text, row, count: 1 })
}

function badCellsError({ file, problems, bad }: CsvCheck): AppError {
  const first = problems[0] as BadCell
  if (problems.length === 1) return new AppError('data.badCell', { file, ...first })
  const shown = problems
    .slice(0, 50)
    .map(cell => `row ${cell.row} “${cell.column}” (“${cell.value}” is not ${cell.expected})`)
  const cells = shown.join('; ') + (problems.length > 50 ? `; in ${bad} rows in all` : '')
  return new AppError('data.badCells', { file, count: problems.length, cells })
}

function shortened(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`
}
