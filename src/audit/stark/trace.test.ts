import { describe, expect, it } from 'vitest'
import { embed } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { defineAir } from './air.ts'
import { fibonacciAir, fibonacciTrace } from './examples/fibonacci.ts'
import { tinyParameters } from './testing.ts'
import { checkTrace, orderedColumns, TraceError } from './trace.ts'

const air = fibonacciAir(6, tinyParameters)
const main = air.oracles[0]!
const { columns, inputs } = fibonacciTrace(air, 5n)
const { a, b } = columns as { a: BigUint64Array; b: BigUint64Array }

describe('orderedColumns', () => {
  it('gives the columns in the order of their oracle', () => {
    const ordered = orderedColumns<bigint>(air, { columns: ['b', 'a'] }, { a, b })
    expect(ordered[0]).toBe(b)
    expect(ordered[1]).toBe(a)
  })

  it.each([
    ['one is missing', { a }, 'fibonacci: the column b is missing'],
    ['there is one too many', { a, b, c: a }, 'fibonacci: there is no column c'],
    ['one is too short', { a, b: b.subarray(1) }, 'fibonacci: the column b has 47 rows; there are 48 active ones'],
    ['one has padding', { a, b: new BigUint64Array(64) }, 'fibonacci: the column b has 64 rows'],
    ['one holds no element', { a, b: b.with(9, MODULUS) }, `fibonacci: row 9, column b: ${MODULUS} is no element`],
  ])('refuses them where %s', (_, given, message) => {
    expect(() => orderedColumns<bigint>(air, main, given)).toThrow(TraceError)
    expect(() => orderedColumns<bigint>(air, main, given)).toThrow(message)
  })

  it('refuses an extension element of which half is none', () => {
    const values = Array.from({ length: 48 }, (_, row) => [1n, row === 3 ? MODULUS : 0n] as const)
    expect(() => orderedColumns(air, { columns: ['s'] }, { s: values })).toThrow('row 3, column s')
  })
})

describe('checkTrace', () => {
  it('passes a trace that holds', () => {
    expect(() => checkTrace(air, [[a, b]], inputs, [])).not.toThrow()
  })

  it('names the first row that does not, the constraint, and what it reads there', () => {
    const wrong = a.with(30, 77n)
    const message = `fibonacci: row 29: "a becomes b" does not hold: b = ${b[29]}, next a = 77`
    expect(() => checkTrace(air, [[wrong, b]], inputs, [])).toThrow(new TraceError(message))
  })

  it('does not look at what follows the last row', () => {
    expect(() => checkTrace(air, [[a, b.with(47, 1n)]], [1n], [])).toThrow('row 46: "b becomes the sum"')
    expect(() => checkTrace(air, [[a, b]], [1n], [])).toThrow('row 47: "b ends at the result"')
  })

  it('reads periodic columns, challenges and extension columns', () => {
    const sums = defineAir({ name: 'sums', log2Rows: 6, parameters: tinyParameters }, air => {
      const sum = air.auxiliary('sum')
      const factor = air.periodic('factor', [2n, 3n])
      air.every('is the product', sum.here.minus(air.challenge('r').times(factor)))
    })
    const right = Array.from({ length: 48 }, (_, row) => (row % 2 === 0 ? [8n, 2n] : [12n, 3n]) as [bigint, bigint])
    expect(() => checkTrace(sums, [[right]], [], [[4n, 1n]])).not.toThrow()
    expect(() => checkTrace(sums, [[right.with(5, embed(1n) as [bigint, bigint])]], [], [[4n, 1n]])).toThrow(
      'sums: row 5: "is the product" does not hold: sum = 1',
    )
    expect(() => checkTrace(sums, [[right]], [], [[4n, 2n]])).toThrow(
      'row 0: "is the product" does not hold: sum = 8 + 2φ',
    )
  })
})
