import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStudy } from './studyData.ts'

let folder: string
const rows = (from: number) =>
  Array.from({ length: 30 }, (_, i) => `${from + i},${i % 3 === 0 ? 'f' : 'm'},${i % 2}`).join('\n')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardround-csv-'))
  const files = {
    'a.csv': `age,sex,ill\n${rows(30)}\n`,
    'b.csv': `age,sex,ill\n${rows(50)}\n`,
    'other.csv': `weight,sex,ill\n${rows(50)}\n`,
    'empty.csv': '',
    'text.csv': `age,sex,ill\n${rows(30)}\nold,f,1\n`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterAll(() => rmSync(folder, { recursive: true }))

const read = (label: string, ...files: string[]) =>
  readStudy({
    study: 'csv',
    hospitals: files.length,
    rounds: 3,
    seed: 1,
    label,
    csv: files.map(file => join(folder, file)),
  })

describe('own files', () => {
  it('become a study whose public names say nothing about the files', async () => {
    const source = await read('ill', 'a.csv', 'b.csv')
    expect(source.hospitals).toEqual(['Hospital 1', 'Hospital 2'])
    const { manifest, rules } = source.plan(['/ip4/127.0.0.1/tcp/1/ws'])
    expect(rules.rounds).toBe(3)
    expect(manifest).toMatchObject({ relays: ['/ip4/127.0.0.1/tcp/1/ws'], schema: { outcome: { name: 'ill' } } })
    expect(JSON.stringify(manifest)).not.toContain('.csv')
    expect(await source.datasets()).toHaveLength(2)
  })

  it.each([
    ['dead', ['a.csv', 'b.csv'], 'data.noLabel'],
    ['ill', ['a.csv', 'other.csv'], 'data.columnsDiffer'],
    ['ill', ['a.csv', 'empty.csv'], 'data.empty'],
    ['ill', ['a.csv', 'text.csv'], 'data.badCell'],
  ])('with label %s in %j end in %s', async (label, files, code) => {
    await expect(read(label, ...files)).rejects.toMatchObject({ code })
  })

  it('that cannot be read say why', async () => {
    await expect(read('ill', 'a.csv', '.')).rejects.toMatchObject({ code: 'data.unreadable' })
  })
})

it('makes a proven study of one with noise and masks', async () => {
  const wanted = { study: 'heart', hospitals: 4, rounds: 5, seed: 1, label: '', csv: [] } as const
  const protections = { epsilon: 3, masked: true, proven: true }
  const { manifest, rules } = (await readStudy({ ...wanted, ...protections })).plan([])
  expect(manifest).toMatchObject({ proving: { steps: 3 }, privacy: { steps: 1 }, masking: { fractionBits: 32 } })
  expect(rules.audits).toBeDefined()
  expect((await readStudy(wanted)).plan([]).rules.audits).toBeUndefined()
})

it('names the four hospitals of the heart study and reads their files', async () => {
  const source = await readStudy({ study: 'heart', hospitals: 4, rounds: 15, seed: 1, label: '', csv: [] })
  expect(source.hospitals).toEqual(['Cleveland', 'Hungarian', 'Switzerland', 'Long Beach'])
  expect((await source.datasets()).map(({ test }) => ('pixels' in test ? 0 : test.length))).toEqual([104, 89, 16, 45])
})
