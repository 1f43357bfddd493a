import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardround-options-'))
  for (const name of ['a.csv', 'b.csv', 'c.csv']) writeFileSync(join(folder, name), 'age,ill\n1,0\n')
})

afterAll(() => rmSync(folder, { recursive: true }))

const parse = (...args: string[]) => parseOptions(args, folder)

describe('defaults', () => {
  it('runs the four hospitals of the heart study for 15 rounds', () => {
    expect(parse()).toEqual({
      study: 'heart',
      hospitals: 4,
      rounds: 15,
      masked: false,
      proven: false,
      seed: 1,
      csv: [],
      label: '',
      json: false,
      headless: false,
      kiosk: false,
      dev: false,
      port: undefined,
      relays: 2,
      backend: undefined,
    })
  })

  it('splits the digits among three hospitals', () => {
    expect(parse('--study', 'digits')).toMatchObject({ study: 'digits', hospitals: 3, rounds: 4 })
  })
})

describe('a masked study', () => {
  it('has three hospitals at least, and may have noise as well', () => {
    expect(parse('--masked', '--hospitals', '3')).toMatchObject({ masked: true, hospitals: 3 })
    expect(parse('--masked', '--epsilon', '5')).toMatchObject({ masked: true, epsilon: 5, rounds: 5 })
    expect(() => parse('--masked', '--hospitals', '2')).toThrow(/--hospitals is a whole number from 3/)
    expect(() => parse('--masked', '--kiosk')).toThrow(/--masked goes with/)
  })
})

describe('a proven study', () => {
  it('is of hearts, takes fewer rounds, and may be masked and have noise as well', () => {
    expect(parse('--proven')).toMatchObject({ proven: true, masked: false, epsilon: undefined, rounds: 5 })
    expect(parse('--proven', '--masked', '--dp')).toMatchObject({ proven: true, masked: true, epsilon: 3, rounds: 5 })
    expect(parse('--proven', '--rounds', '2')).toMatchObject({ rounds: 2 })
    expect(() => parse('--proven', '--study', 'digits')).toThrow(/--proven goes with --study heart/)
    expect(() => parse('--proven', '--kiosk')).toThrow(/--proven goes with --study heart/)
    expect(() => parse('--proven', '--csv', 'a.csv', '--csv', 'b.csv', '--label', 'ill')).toThrow(/--proven goes with/)
  })
})

describe('a study with noise', () => {
  it('is asked for by a number or, for the usual one, by a word', () => {
    expect(parse('--epsilon', '1')).toMatchObject({ epsilon: 1, rounds: 5 })
    expect(parse('--dp')).toEqual(parse('--epsilon', '3'))
    expect(() => parse('--dp', '--epsilon', '1')).toThrow(/--dp is --epsilon 3/)
    expect(() => parse('--dp', '--kiosk')).toThrow(/--epsilon goes with/)
  })
})

describe('a compressed study', () => {
  it('is of digits, and may be masked and have noise as well', () => {
    expect(parse('--study', 'digits')).toMatchObject({ compress: undefined })
    expect(parse('--study', 'digits', '--compress', '9', '--masked')).toMatchObject({
      compress: 9,
      masked: true,
      rounds: 18,
    })
    expect(() => parse('--study', 'digits', '--compress', '1')).toThrow(/--compress is a whole number from 2 to 100/)
    expect(() => parse('--compress', '9')).toThrow(/--compress goes with --study digits/)
  })
})

describe('own files', () => {
  it('takes one hospital a file and resolves the names', () => {
    expect(parse('--csv', 'a.csv', '--csv', 'b.csv', '--csv', 'c.csv', '--label', 'ill')).toMatchObject({
      study: 'csv',
      hospitals: 3,
      csv: [join(folder, 'a.csv'), join(folder, 'b.csv'), join(folder, 'c.csv')],
      label: 'ill',
    })
  })

  it.each([
    [['--csv', 'a.csv', '--csv', 'b.csv'], '--label'],
    [['--csv', 'a.csv', '--label', 'ill'], 'at least two hospitals'],
    [['--csv', 'a.csv', '--csv', 'gone.csv', '--label', 'ill'], 'gone.csv'],
    [['--csv', 'a.csv', '--csv', 'b.csv', '--label', 'ill', '--study', 'heart'], 'exclude each other'],
    [['--csv', 'a.csv', '--csv', 'b.csv', '--label', 'ill', '--hospitals', '5'], 'there are 2 files'],
    [['--label', 'ill'], '--csv'],
  ])('refuses %j', (args, words) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(words)
  })
})

describe('refusals', () => {
  it.each([
    [['--hospitals', 'four'], 'whole number from 2 to 16'],
    [['--hospitals', '1'], 'whole number from 2 to 16'],
    [['--study', 'digits', '--hospitals', '17'], 'whole number from 2 to 16'],
    [['--rounds', '0'], 'whole number from 1 to 1000'],
    [['--rounds', '1.5'], 'not “1.5”'],
    [['--seed', '-1'], '--seed'],
    [['--seed', '4294967296'], '--seed'],
    [['--port', '80'], 'from 1024'],
    [['--study', 'lungs'], 'heart or digits'],
    [['--backend', 'abacus'], 'webgpu, wasm, webgl, cpu'],
    [['--frobnicate'], '--help lists'],
    [['heart'], '--help lists'],
    [['--json'], '--headless'],
    [['--dev', '--headless'], 'npm run dev'],
  ])('refuses %j in words', (args, words) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(words)
  })
})

it('asks for help before it complains about anything else', () => {
  expect(parse('--help', '--hospitals', 'four')).toBe('help')
})
