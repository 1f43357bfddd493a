import { describe, expect, it } from 'vitest'
import { type ErrorDetails, isAppError } from '../errors/AppError.ts'
import type { ErrorCode } from '../errors/messages.ts'
import { inferSchema, ownDataset, parseCsv, previewTable, readRows } from './csv.ts'

const rows = Array.from({ length: 30 }, (_, i) => `${40 + i},${i % 2},${['a', 'b', 'c'][i % 3]},${(i >> 1) % 2}`)
const good = ['age,smoker,ward,ill', ...rows].join('\n')

function refusal(run: () => unknown): { code: ErrorCode; details: ErrorDetails; message: string } {
  try {
    run()
  } catch (error) {
    if (isAppError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const load = (text: string, label = 'ill') => {
  const table = parseCsv(text, 'ward.csv')
  return ownDataset(table, inferSchema([table], label), 1)
}

describe('reading a person’s own file', () => {
  it('guesses numbers, yes/no and categories, and holds a third out', () => {
    const dataset = load(good)
    expect(dataset.schema.features).toEqual([
      { type: 'number', name: 'age' },
      { type: 'binary', name: 'smoker' },
      { type: 'category', name: 'ward', levels: ['a', 'b', 'c'] },
    ])
    expect(dataset.test).toHaveLength(10)
    expect(dataset.train.length + dataset.validation.length).toBe(20)
    const all = [...dataset.train, ...dataset.validation, ...dataset.test].map(row => row.cells[0])
    expect(new Set(all).size).toBe(30)
  })

  it('reads semicolons with decimal commas, quotes, a byte order mark and Windows line ends', () => {
    const text = good
      .replace('age', '\uFEFF"age"')
      .replaceAll(',', ';')
      .replace('40;', '40,5;')
      .replaceAll('\n', '\r\n')
    const table = parseCsv(text, 'ward.csv')
    const { rows } = readRows(table, inferSchema([table], 'ill'))
    expect(rows[0]?.cells).toEqual([40.5, 0, 'a'])
  })

  it('leaves rows with a missing value out and counts them', () => {
    const text = good.replace('41,1', '?,1').replace('42,0', 'NA,0').replace('43,1', ',1').replace('44,0', 'NaN,0')
    const table = parseCsv(text, 'ward.csv')
    expect(readRows(table, inferSchema([table], 'ill'))).toMatchObject({ incomplete: 4, rows: { length: 26 } })
  })

  it('takes two words as outcome, the second in the alphabet as yes, and known words by their meaning', () => {
    const words = good.replace(/,0$/gm, ',healthy').replace(/,1$/gm, ',sick')
    const table = parseCsv(words, 'ward.csv')
    expect(readRows(table, inferSchema([table], 'ill')).rows.map(row => row.label)).toEqual(
      Array.from({ length: 30 }, (_, i) => (i >> 1) % 2),
    )
    const yes = parseCsv(good.replace(/,0$/gm, ',No').replace(/,1$/gm, ',Yes'), 'ward.csv')
    expect(readRows(yes, inferSchema([yes], 'ill')).rows[2]?.label).toBe(1)
  })

  it('shows the first rows as they are', () => {
    expect(previewTable(parseCsv(good, 'ward.csv'), 2)).toEqual({
      columns: ['age', 'smoker', 'ward', 'ill'],
      head: [
        ['40', '0', 'a', '0'],
        ['41', '1', 'b', '0'],
      ],
      rows: 30,
    })
  })
})

describe('refusing a file', () => {
  it('says that an empty file is empty, with and without a header', () => {
    expect(refusal(() => load('')).code).toBe('data.empty')
    expect(refusal(() => load('\n\n')).code).toBe('data.empty')
    expect(refusal(() => load('age,ill\n')).code).toBe('data.empty')
  })

  it('says that the header is missing', () => {
    expect(refusal(() => load(rows.map(row => row.replace(/[abc]/, '7')).join('\n'))).code).toBe('data.noHeader')
  })

  it('names the columns there are when the label is none of them', () => {
    const error = refusal(() => load(good, 'outcome'))
    expect(error.code).toBe('data.noLabel')
    expect(error.message).toContain('no column “outcome”')
    expect(error.message).toContain('age, smoker, ward, ill')
  })

  it('names what is missing and what is unknown when columns differ from the study’s', () => {
    const schema = inferSchema([parseCsv(good, 'ward.csv')], 'ill')
    const other = parseCsv(good.replace('age', 'years'), 'other.csv')
    const error = refusal(() => readRows(other, schema))
    expect(error).toMatchObject({ code: 'data.columnsDiffer', details: { missing: 'age', unknown: 'years' } })
  })

  it('names row and column of the one bad cell, counted as a spreadsheet does', () => {
    const schema = inferSchema([parseCsv(good, 'ward.csv')], 'ill')
    const error = refusal(() =>
      readRows(parseCsv(good.replace('45,1', 'abc,1').replace('\n', '\n\n'), 'w.csv'), schema),
    )
    expect(error).toMatchObject({ code: 'data.badCell', details: { row: 8, column: 'age', value: 'abc' } })
  })

  it('names every bad cell and loads nothing', () => {
    const schema = inferSchema([parseCsv(good, 'ward.csv')], 'ill')
    const bad = good.replace('45,1', 'abc,1').replace('46,0', '46,2').replace('47,1,b', '47,1,z')
    const error = refusal(() => readRows(parseCsv(bad, 'w.csv'), schema))
    expect(error).toMatchObject({ code: 'data.badCells', details: { count: 3 } })
    for (const place of ['row 7 “age”', 'row 8 “smoker”', 'row 9 “ward”']) expect(error.message).toContain(place)
    expect(error.message).toContain('one of a, b, c')
  })

  it('finds mistakes among numbers while guessing the columns', () => {
    const error = refusal(() => load(good.replace('45,1', 'abc,1')))
    expect(error).toMatchObject({ code: 'data.badCell', details: { row: 7, column: 'age' } })
  })

  it('refuses a column of free text', () => {
    const text = good
      .split('\n')
      .map((line, i) => (i === 0 ? `name,${line}` : `Patient ${String.fromCharCode(65 + i)},${line}`))
    const error = refusal(() => load(text.join('\n')))
    expect(error).toMatchObject({ code: 'data.textColumn', details: { column: 'name', levels: 30 } })
  })

  it('refuses an outcome of more than two values, of one value, and too few rows', () => {
    expect(refusal(() => load(good.replace(/0$/m, '2'))).code).toBe('data.badLabel')
    expect(
      refusal(() => load(good.replace(/0$/m, 'perhaps').replace(/,0$/gm, ',no').replace(/,1$/gm, ',yes'))).code,
    ).toBe('data.badLabel')
    expect(refusal(() => load(good.replace(/[01]$/gm, '1'))).code).toBe('data.oneClass')
    expect(refusal(() => load(good.split('\n').slice(0, 8).join('\n')))).toMatchObject({
      code: 'data.tooFew',
      details: { rows: 7 },
    })
  })

  it('refuses ragged rows, nameless and double columns, and an open quote', () => {
    for (const text of [`${good}\n1,2`, good.replace('age', ''), good.replace('age', 'ward'), `${good}\n"1,0,a,1`]) {
      expect(refusal(() => load(text)).code).toBe('data.unreadable')
    }
  })
})
