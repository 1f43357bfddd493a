import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import type { TableSchema } from '../study/manifest.ts'
import { checkCsv, readMappedRows } from './csvCheck.ts'
import { readText, writeCsv } from './csvFile.ts'
import { heartSchema } from './heart.ts'

const schema: TableSchema = {
  kind: 'table',
  features: [
    { type: 'number', name: 'age', label: 'Age', unit: 'years', min: 0, max: 120 },
    { type: 'binary', name: 'sex', label: 'Male' },
    { type: 'category', name: 'ward', levels: ['A', 'B', 'C'] },
  ],
  outcome: { name: 'ill' },
}
const rows = Array.from({ length: 30 }, (_, i) => `${40 + i},${i % 2},${'ABC'[i % 3]},${i % 4 === 0 ? 1 : 0}`)
const good = ['age,sex,ward,ill', ...rows].join('\n')
const check = (text: string, mapping: Parameters<typeof checkCsv>[3] = null) => checkCsv(text, 'w.csv', schema, mapping)
const blob = (bytes: Uint8Array | string) => new Blob([bytes as BlobPart])
const coded = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return isAppError(error) ? error.code : error
  }
}

describe('checking a file against a study', () => {
  it('finds the columns, counts the rows and says how the outcome is written', () => {
    expect(check(good)).toMatchObject({
      columns: ['age', 'sex', 'ward', 'ill'],
      rows: 30,
      mapping: { age: 'age', sex: 'sex', ward: 'ward', ill: 'ill' },
      unmapped: [],
      ignored: [],
      complete: 30,
      incomplete: 0,
      bad: 0,
      problems: [],
      outcome: { yes: '1', no: '0', yesRows: 8, noRows: 22 },
      refusal: null,
    })
    expect(check(good).head[0]).toEqual({ row: 2, cells: ['40', '0', 'A', '1'] })
  })

  it.each([
    ['case and punctuation', 'AGE,Sex.,WARD,Ill', { age: 'AGE', sex: 'Sex.', ward: 'WARD', ill: 'Ill' }],
    ['labels and units', 'Age [years],male,ward,ILL', { age: 'Age [years]', sex: 'male', ward: 'ward', ill: 'ILL' }],
    ['other names', 'Years,Gender,ward,outcome', { age: 'Years', sex: 'Gender', ward: 'ward', ill: 'outcome' }],
  ])('guesses by %s', (_, header, mapping) => {
    expect(check([header, ...rows].join('\n')).mapping).toEqual(mapping)
  })

  it('knows the heart study’s columns by the names that other files give them', () => {
    const header =
      'Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,Oldpeak,HeartDisease'
    const { mapping } = checkCsv(`${header}\n1,1,1,1,1,1,1,1,1,1,1`, 'h.csv', heartSchema, null)
    expect(Object.values(mapping)).toEqual(header.split(','))
  })

  it('takes neither of two columns that would do equally well, and none for two of the study’s', () => {
    const twice = check(['Age!,AGE?,sex,ward,ill', ...rows.map(row => `1,${row}`)].join('\n'))
    expect(twice.mapping.age).toBeNull()
    expect(twice.unmapped).toEqual(['age'])
    const one = checkCsv(
      'gender\nm',
      'w.csv',
      {
        ...schema,
        features: [
          { type: 'binary', name: 'sex' },
          { type: 'binary', name: 'male' },
        ],
      },
      null,
    )
    expect(Object.values(one.mapping).filter(column => column === 'gender')).toHaveLength(1)
  })

  it('ignores other columns and says so; empty and double names do not matter there', () => {
    const wide = check(['name,age,sex,ward,ill,,note,note', ...rows.map(row => `Bob,${row},x,y,z`)].join('\n'))
    expect(wide).toMatchObject({ complete: 30, refusal: null, ignored: ['name', 'column 6', 'note', 'note (2)'] })
  })

  it('follows the person’s mapping, keeps what they left open, and refuses one column for two', () => {
    const text = ['a,b,c,d', ...rows].join('\n')
    const chosen = { age: 'a', sex: 'b', ward: 'c', ill: 'd' }
    expect(check(text, chosen)).toMatchObject({ complete: 30, mapping: chosen })
    expect(check(good, { age: null }).unmapped).toEqual(['age'])
    expect(check(good, { ...chosen, age: 'nowhere' }).mapping.age).toBeNull()
    const both = { age: 'a', sex: 'a', ward: 'c', ill: 'd' }
    expect(check(text, both).refusal).toContain('cannot be both “age” and “sex”')
    expect(coded(() => readMappedRows(text, 'w.csv', schema, { mapping: both, leaveOutBadRows: true }))).toBe(
      'data.mappedTwice',
    )
  })

  it('counts incomplete and bad rows, and names the cells as they stand in the file', () => {
    const text = good
      .replace('45,1,', 'abc,1,')
      .replace('46,0,', ',0,')
      .replace('47,1,', '200,7,')
      .replace('48,0,C,', '48,0,z,')
      .replace('49,1,A,0', '49,1,A,0,more')
    const checked = check(text.replace('age', 'Years'))
    expect(checked).toMatchObject({ rows: 30, complete: 25, incomplete: 1, bad: 4, refusal: null })
    expect(checked.problems).toEqual([
      { row: 7, column: 'Years', value: 'abc', expected: 'a number' },
      { row: 9, column: 'Years', value: '200', expected: 'a number of at most 120' },
      { row: 9, column: 'sex', value: '7', expected: '0 or 1' },
      { row: 10, column: 'ward', value: 'z', expected: 'one of A, B, C' },
      { row: 11, column: 'whole row', value: '5 cells', expected: 'a row of 4 cells' },
    ])
    const read = readMappedRows(text, 'w.csv', schema, { mapping: null, leaveOutBadRows: true })
    expect([read.rows.length, read.incomplete, read.bad]).toEqual([25, 1, 4])
    expect(coded(() => readMappedRows(text, 'w.csv', schema, { mapping: null, leaveOutBadRows: false }))).toBe(
      'data.badCells',
    )
  })

  it('names 200 bad cells and no more', () => {
    const many = Array.from({ length: 500 }, () => 'x,1,A,1')
    const checked = check(['age,sex,ward,ill', ...many, ...rows].join('\n'))
    expect([checked.bad, checked.problems.length, checked.complete]).toEqual([500, 200, 30])
  })

  it('reads m and f, wards in any case, and words for the outcome', () => {
    const text = good
      .replace(/,0,([ABC])/g, ',F,$1')
      .replace(/,1,([ABC])/g, ',m,$1')
      .replace(/,B,/g, ',b,')
      .replace(/0$/gm, 'healthy')
      .replace(/1$/gm, 'sick')
    expect(check(text)).toMatchObject({ complete: 30, outcome: { yes: 'sick', no: 'healthy', yesRows: 8 } })
    const { rows: read } = readMappedRows(text, 'w.csv', schema, { mapping: null, leaveOutBadRows: false })
    expect(read[1]).toEqual({ cells: [41, 1, 'B'], label: 0 })
    expect(read[0]?.label).toBe(1)
  })

  it.each([
    ['no header', rows.join('\n').replace(/[ABC]/g, '1'), 'has no header line'],
    ['nothing', '', 'has no patients'],
    ['a header alone', 'age,sex,ward,ill', 'has no patients'],
    ['too few', good.split('\n').slice(0, 6).join('\n'), 'has 5 complete rows'],
    ['one class', good.replace(/,1$/gm, ',0'), 'only one outcome'],
    ['a bad label', good.replace(/,1$/m, ',3'), 'neither yes nor no'],
    ['an open quote', `${good}\n"1,1,A,1`, 'cannot be read'],
  ])('says what stops the file as a whole: %s', (_, text, words) => {
    expect(check(text).refusal).toContain(words)
    expect(
      isAppError(coded(() => readMappedRows(text, 'w.csv', schema, { mapping: null, leaveOutBadRows: true }))),
    ).toBe(false)
    expect(coded(() => readMappedRows(text, 'w.csv', schema, { mapping: null, leaveOutBadRows: true }))).toMatch(
      /^data\./,
    )
  })

  it('refuses to load while a column of the study has none in the file', () => {
    const options = { mapping: { age: null }, leaveOutBadRows: false }
    expect(coded(() => readMappedRows(good, 'w.csv', schema, options))).toBe('data.columnsDiffer')
  })

  it('splits cells as the file does: semicolons with decimal commas, tabs, quotes, a mark at the beginning', () => {
    const semicolons = `\uFEFF${good.replace(/,/g, ';').replace(/^(\d\d);/gm, '"$1,5";')}\r\n`
    const checked = check(semicolons)
    expect(checked).toMatchObject({ complete: 30, columns: ['age', 'sex', 'ward', 'ill'], refusal: null })
    const { rows: read } = readMappedRows(semicolons, 'w.csv', schema, { mapping: null, leaveOutBadRows: false })
    expect(read[0]?.cells[0]).toBe(40.5)
    expect(check(good.replace(/,/g, '\t')).complete).toBe(30)
    const quoted = good.replace(/^(\d\d),(\d),([ABC])/gm, '"$1"," $2 ","$3"').replace('ward', '"wa""rd"')
    expect(check(quoted, { ward: 'wa"rd' })).toMatchObject({ complete: 30 })
  })

  it('stands ten thousand columns and two hundred thousand rows', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `c${i}`)
    const wide = [['age,sex,ward,ill', ...names].join(), ...rows.map(row => [row, ...names].join())].join('\n')
    expect(check(wide)).toMatchObject({ complete: 30, refusal: null })
    expect(check(wide).ignored).toHaveLength(10_000)
    const long = ['age,sex,ward,ill', ...Array.from({ length: 200_000 }, (_, i) => rows[i % 30] as string)].join('\n')
    const since = performance.now()
    expect(check(long)).toMatchObject({ rows: 200_000, complete: 200_000 })
    const read = readMappedRows(long, 'w.csv', schema, { mapping: null, leaveOutBadRows: false })
    expect(read.rows).toHaveLength(200_000)
    expect(performance.now() - since).toBeLessThan(15_000)
  })
})

describe('a file’s bytes', () => {
  it('are read in the encodings that spreadsheets write', async () => {
    const text = 'größe,ill\n1,1'
    const utf16 = new Uint8Array(2 + 2 * text.length)
    utf16.set([0xff, 0xfe])
    new Uint16Array(utf16.buffer, 2).set([...text].map(letter => letter.charCodeAt(0)))
    const latin = Uint8Array.from(text, letter => letter.charCodeAt(0))
    for (const bytes of [text, utf16, latin]) {
      expect((await readText('w.csv', blob(bytes))).replace('\uFEFF', '')).toBe(text)
    }
  })

  it.each([
    ['a binary file', Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) % 256)],
    ['zeros in a text', new TextEncoder().encode('age,ill\n1,\u00001')],
    ['a spreadsheet', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0)],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ])('are refused where they are no text: %s', async (_, bytes) => {
    await expect(readText('w.csv', blob(bytes))).rejects.toMatchObject({ code: 'data.unreadable' })
  })
})

describe('a table that is written', () => {
  it('holds no cell that a spreadsheet would take for a formula, and numbers as they are', () => {
    const nasty = ['=1+1', '+A1', '-cmd', '@SUM(A1)', '\t=1', '-3.5', '+7', '-1,5', 'a "quote", and more']
    const written = writeCsv(['=column', ...nasty.slice(1).map((_, i) => `c${i}`)], [nasty])
    expect(written).toBe(
      [
        `"'=column",c0,c1,c2,c3,c4,c5,c6,c7\r\n`,
        `"'=1+1","'+A1","'-cmd","'@SUM(A1)","'\t=1",-3.5,+7,"-1,5","a ""quote"", and more"\r\n`,
      ].join(''),
    )
  })
})
