import Papa from 'papaparse'
import { AppError } from '../errors/AppError.ts'
import type { Feature, TableSchema } from '../study/manifest.ts'
import { isMissing, outcomeKey, outcomeWords, readCell, toNumber } from './cells.ts'
import type { Cell, Row, TableDataset } from './dataset.ts'
import { listed } from './encode.ts'
import { stratifiedSplit } from './split.ts'

/** A file as text cells, before anything is known of its columns. */
export interface CsvTable {
  readonly file: string
  readonly columns: readonly string[]
  readonly rows: readonly CsvRow[]
  /** "3,5" is a number where the cells are not separated by commas. */
  readonly decimalComma: boolean
}

export interface CsvRow {
  /** As a spreadsheet counts: the header is row 1. */
  readonly number: number
  readonly cells: readonly string[]
}

/** A cell that cannot be used, as the person finds it in the file. */
export interface BadCell {
  readonly row: number
  readonly column: string
  readonly value: string
  readonly expected: string
}

export interface CsvRows {
  readonly rows: readonly Row[]
  /** Rows left out because a value is missing. */
  readonly incomplete: number
}

/** What a page shows of a file before it is loaded. */
export interface CsvPreview {
  readonly columns: readonly string[]
  readonly head: readonly (readonly string[])[]
  readonly rows: number
}

/** Text columns with more different values than this are no categories. */
export const maxLevels = 12
/** Fewest complete rows: with less, a third held out says nothing. */
export const minRows = 12
/** Parts of an own file: a third is held out, a tenth of the rest scores the others' updates. */
export const ownFractions = { test: 1 / 3, validation: 0.1 } as const

/**
 * Reads a file's text into cells. The separator is guessed; a line without any value is skipped.
 * @throws AppError data.empty, data.noHeader, data.unreadable
 */
export function parseCsv(text: string, file: string): CsvTable {
  const parsed = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { header: false, skipEmptyLines: false })
  const fault = parsed.errors.find(error => error.type === 'Quotes')
  if (fault) throw new AppError('data.unreadable', { file, reason: `row ${(fault.row ?? 0) + 1}: ${fault.message}` })
  const lines = parsed.data
    .map((cells, index) => ({ number: index + 1, cells: cells.map(cell => cell.trim()) }))
    .filter(line => line.cells.some(cell => cell !== ''))
  const header = lines[0]
  if (!header) throw new AppError('data.empty', { file })
  const decimalComma = parsed.meta.delimiter !== ','
  if (header.cells.every(cell => isMissing(cell) || toNumber(cell, decimalComma) !== null)) {
    throw new AppError('data.noHeader', { file })
  }
  const columns = header.cells
  const unnamed = columns.indexOf('')
  if (unnamed >= 0) throw new AppError('data.unreadable', { file, reason: `column ${unnamed + 1} has no name` })
  const twice = columns.find((name, i) => columns.indexOf(name) !== i)
  if (twice !== undefined) throw new AppError('data.unreadable', { file, reason: `two columns are named “${twice}”` })
  const rows = lines.slice(1)
  if (rows.length === 0) throw new AppError('data.empty', { file })
  const ragged = rows.find(row => row.cells.length !== columns.length)
  if (ragged) {
    const reason = `row ${ragged.number} has ${ragged.cells.length} cells where the header has ${columns.length}`
    throw new AppError('data.unreadable', { file, reason })
  }
  return { file, columns, rows, decimalComma }
}

/** The first rows, as they are. For this screen only. @throws AppError as parseCsv */
export function previewTable(table: CsvTable, rows = 8): CsvPreview {
  return { columns: table.columns, head: table.rows.slice(0, rows).map(row => row.cells), rows: table.rows.length }
}

/**
 * Guesses a study's columns from files: numbers, yes/no, categories of at most 12 texts. The label's column is the outcome.
 * Several files give the levels that any of them has.
 * @throws AppError data.noLabel, data.columnsDiffer, data.textColumn, data.badCell, data.badCells
 */
export function inferSchema(tables: readonly CsvTable[], label: string): TableSchema {
  const first = tables[0]
  if (!first) throw new AppError('data.empty', { file: 'The study' })
  for (const table of tables) {
    if (!table.columns.includes(label)) {
      throw new AppError('data.noLabel', { file: table.file, label, columns: listed(table.columns) })
    }
    compareColumns(table, first.columns)
  }
  const names = first.columns.filter(name => name !== label)
  if (names.length === 0) {
    throw new AppError('data.unreadable', { file: first.file, reason: 'it has no column beside the label' })
  }
  return { kind: 'table', features: names.map(name => inferFeature(tables, name)), outcome: { name: label } }
}

/**
 * A file's complete rows by a study's columns, or every cell that stands in the way: nothing is half loaded.
 * @throws AppError data.noLabel, data.columnsDiffer, data.badCell, data.badCells, data.badLabel, data.oneClass, data.tooFew
 */
export function readRows(table: CsvTable, schema: TableSchema): CsvRows {
  const { file } = table
  const outcome = schema.outcome.name
  if (!table.columns.includes(outcome)) {
    throw new AppError('data.noLabel', { file, label: outcome, columns: listed(table.columns) })
  }
  compareColumns(table, [...schema.features.map(feature => feature.name), outcome])
  const places = schema.features.map(feature => table.columns.indexOf(feature.name))
  const labelPlace = table.columns.indexOf(outcome)
  const toLabel = outcomeOf(table, labelPlace)

  const bad: BadCell[] = []
  const rows: Row[] = []
  let incomplete = 0
  for (const row of table.rows) {
    const labelText = row.cells[labelPlace] as string
    let complete = !isMissing(labelText)
    const cells: Cell[] = schema.features.map((feature, f) => {
      const text = row.cells[places[f] as number] as string
      if (isMissing(text)) {
        complete = false
        return 0
      }
      const cell = readCell(feature, text, table.decimalComma)
      if (cell.value !== undefined) return cell.value
      bad.push({ row: row.number, column: feature.name, value: text, expected: cell.expected })
      return 0
    })
    if (!complete) incomplete++
    else rows.push({ cells, label: toLabel(labelText) })
  }
  if (bad.length > 0) throw badCells(file, bad)
  if (rows.length < minRows) throw new AppError('data.tooFew', { file, rows: rows.length, needed: minRows })
  if (rows.every(row => row.label === rows[0]?.label)) throw new AppError('data.oneClass', { file, column: outcome })
  return { rows, incomplete }
}

/**
 * One hospital's own file as a dataset: a stratified third held out, a tenth of the rest for scores.
 * @throws AppError as readRows
 */
export function ownDataset(table: CsvTable, schema: TableSchema, seed: number): TableDataset {
  return splitRows(readRows(table, schema).rows, schema, seed)
}

/** Rows as a dataset: a stratified third held out, a tenth of the rest for scores. */
export function splitRows(rows: readonly Row[], schema: TableSchema, seed: number): TableDataset {
  const parts = stratifiedSplit(
    rows.map(row => row.label),
    ownFractions,
    seed,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i] as Row)
  return { schema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

function compareColumns(table: CsvTable, wanted: readonly string[]): void {
  const lacking = wanted.filter(name => !table.columns.includes(name))
  const unknown = table.columns.filter(name => !wanted.includes(name))
  if (lacking.length === 0 && unknown.length === 0) return
  throw new AppError('data.columnsDiffer', { file: table.file, missing: listed(lacking), unknown: listed(unknown) })
}

function inferFeature(tables: readonly CsvTable[], name: string): Feature {
  const cells = tables.flatMap(table => {
    const place = table.columns.indexOf(name)
    return table.rows.map(row => {
      const text = row.cells[place] as string
      return { table, row: row.number, text, value: isMissing(text) ? null : toNumber(text, table.decimalComma) }
    })
  })
  const present = cells.filter(cell => !isMissing(cell.text))
  const numbers = present.filter(cell => cell.value !== null)
  if (numbers.length === present.length) {
    const binary = present.length > 0 && numbers.every(cell => cell.value === 0 || cell.value === 1)
    return { type: binary ? 'binary' : 'number', name }
  }
  // Mostly numbers: the texts among them are mistakes, not levels.
  if (numbers.length * 2 > present.length) {
    const file = present.find(cell => cell.value === null)?.table.file as string
    const bad = present.filter(cell => cell.value === null && cell.table.file === file)
    throw badCells(
      file,
      bad.map(cell => ({ row: cell.row, column: name, value: cell.text, expected: 'a number' })),
    )
  }
  const levels = [...new Set(present.map(cell => cell.text))].sort()
  if (levels.length > maxLevels || (levels.length > 2 && levels.length * 2 > present.length)) {
    const file = (present[0] as (typeof present)[number]).table.file
    const example = levels[0] as string
    throw new AppError('data.textColumn', {
      file,
      column: name,
      value: example,
      levels: levels.length,
      most: maxLevels,
    })
  }
  // One level alone tells nothing, but the study's description needs two.
  if (levels.length < 2) levels.push(`not ${levels[0]}`)
  return { type: 'category', name, levels }
}

function outcomeOf(table: CsvTable, place: number): (text: string) => number {
  const seen = new Map<string, { text: string; row: number }>()
  for (const { number, cells } of table.rows) {
    const text = cells[place] as string
    if (isMissing(text)) continue
    const key = outcomeKey(text, table.decimalComma)
    if (!seen.has(key)) seen.set(key, { text, row: number })
  }
  const at = { file: table.file, column: table.columns[place] as string }
  return outcomeWords(seen, table.decimalComma, at).read
}

function badCells(file: string, bad: readonly BadCell[]): AppError {
  const first = bad[0] as BadCell
  if (bad.length === 1) return new AppError('data.badCell', { file, ...first })
  const shown = bad
    .slice(0, 50)
    .map(cell => `row ${cell.row} “${cell.column}” (“${cell.value}” is not ${cell.expected})`)
  const cells = shown.join('; ') + (bad.length > 50 ? `; and ${bad.length - 50} more` : '')
  return new AppError('data.badCells', { file, count: bad.length, cells })
}
