import Papa from 'papaparse'
import { AppError } from '../errors/AppError.ts'
import { isMissing, toNumber } from './cells.ts'
import type { CsvRow } from './csv.ts'

/** Larger files are no tables of patients, and a browser's texts end at half a gigabyte. */
const largestFile = 256 * 1024 * 1024

/**
 * A file's bytes as text: UTF-8 or UTF-16 with or without a mark, else as Windows writes it in western Europe.
 * @throws AppError data.unreadable where it is no text, or too large
 */
export async function readText(file: string, blob: Blob): Promise<string> {
  const unreadable = (reason: string, cause?: unknown) => new AppError('data.unreadable', { file, reason }, cause)
  if (blob.size > largestFile) throw unreadable(`it is larger than ${largestFile / 1024 / 1024} MB`)
  const bytes = await blob.arrayBuffer().then(
    buffer => new Uint8Array(buffer),
    cause => {
      throw unreadable(cause instanceof Error ? cause.message : 'the browser refuses it', cause)
    },
  )
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) {
    throw unreadable('it is a spreadsheet or an archive; save the sheet as CSV first')
  }
  const text = decodeText(bytes)
  // Random bytes have these soon; no table has them at all.
  if (text.includes('\u0000') || controls.test(text.slice(0, 4096))) {
    throw unreadable('it is not a text file; save the table as CSV first')
  }
  return text
}

/**
 * Walks through a file's rows without holding them. Columns without a name or with a name of another are renamed, since
 * they may be of no interest; a line without any value is skipped.
 * @throws AppError data.empty, data.noHeader, data.unreadable; whatever the visitor throws
 */
export function scanCsv(
  text: string,
  file: string,
  visit: {
    readonly header: (columns: readonly string[], decimalComma: boolean) => void
    readonly row: (row: CsvRow) => void
  },
): void {
  let width = 0
  let number = 0
  let rows = 0
  let failure: unknown
  Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
    header: false,
    skipEmptyLines: false,
    step({ data, errors, meta }, parser) {
      number++
      // Papa Parse catches what a step throws in some runtimes only.
      try {
        const fault = errors.find(error => error.type === 'Quotes')
        if (fault) throw new AppError('data.unreadable', { file, reason: `row ${number}: ${fault.message}` })
        const cells = data.map(cell => cell.trim())
        if (cells.every(cell => cell === '')) return
        if (width === 0) {
          const decimalComma = meta.delimiter !== ','
          if (cells.every(cell => isMissing(cell) || toNumber(cell, decimalComma) !== null)) {
            throw new AppError('data.noHeader', { file })
          }
          width = cells.length
          visit.header(named(cells), decimalComma)
          return
        }
        // Spreadsheets write empty cells at a row's end, or leave them off.
        while (cells.length > width && cells[cells.length - 1] === '') cells.pop()
        rows++
        visit.row({ number, cells })
      } catch (error) {
        failure ??= error
        parser.abort()
      }
    },
  })
  if (failure !== undefined) throw failure
  if (rows === 0) throw new AppError('data.empty', { file })
}

/**
 * Rows as CSV text that a spreadsheet may open: a cell that it would take for a formula gets an apostrophe before it
 * (OWASP, CSV injection), numbers with a sign do not.
 */
export function writeCsv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${Papa.unparse({ fields: [...columns], data: rows.map(row => [...row]) }, { escapeFormulae: formula })}\r\n`
}

const formula = /^(?![+-]?\d+([.,]\d+)?(e[+-]?\d+)?$)[=+\-@\t\r]/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: what no text has is looked for
const controls = /[\u0001-\u0008\u000e-\u001b]/

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Not UTF-8: what Excel writes in western Europe reads every byte.
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function named(cells: readonly string[]): readonly string[] {
  const used = new Set<string>()
  return cells.map((cell, index) => {
    const name = cell === '' ? `column ${index + 1}` : cell
    let unique = name
    for (let n = 2; used.has(unique); n++) unique = `${name} (${n})`
    used.add(unique)
    return unique
  })
}
