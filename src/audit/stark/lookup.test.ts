import { describe, expect, it } from 'vitest'
import { type Extension, embed, minus, plus, reciprocal, scaled, times, ZERO } from '../../field/extension.ts'
import { publicRandom } from '../../study/random.ts'
import { type Air, defineAir } from './air.ts'
import { addLookup, addSum, type Lookup, lookupColumns, lookupCounts, sumColumn } from './lookup.ts'
import { randomExtension, tinyParameters } from './testing.ts'
import { checkTrace, TraceError } from './trace.ts'

/** Pairs (n, n²) of which the last is repeated, looked up by so many pairs of columns. */
const table = Array.from({ length: 8 }, (_, n) => [BigInt(Math.min(n, 6)), BigInt(Math.min(n, 6) ** 2)])

function squares(pairs: number): { air: Air; lookup: Lookup } {
  let lookup: Lookup | undefined
  const air = defineAir({ name: 'squares', log2Rows: 6, parameters: tinyParameters }, air => {
    const looked = Array.from({ length: pairs }, (_, i) => [air.column(`x${i}`).here, air.column(`y${i}`).here])
    lookup = addLookup(air, { name: 'square', looked, table })
  })
  return { air, lookup: lookup! }
}

const random = publicRandom(3)
const [beta, delta] = [randomExtension(random), randomExtension(random)]
const challenge = (name: string) => (name === 'square.beta' ? beta : delta)

/** Columns of random entries of the table. */
function lookedUp(pairs: number, activeRows: number): BigUint64Array[][] {
  return Array.from({ length: pairs }, () => {
    const x = BigUint64Array.from({ length: activeRows }, () => BigInt(random.below(7)))
    return [x, x.map(value => value * value)]
  })
}

function check(air: Air, looked: BigUint64Array[][], counts: BigUint64Array, auxiliary: Record<string, Extension[]>) {
  const main: Record<string, BigUint64Array> = { 'square.count': counts }
  for (const [i, [x, y]] of looked.entries()) Object.assign(main, { [`x${i}`]: x!, [`y${i}`]: y! })
  const columns = air.oracles.map(oracle =>
    oracle.columns.map(name => (oracle.isExtension ? auxiliary[name]! : main[name]!)),
  )
  checkTrace(air, columns, [], [beta, delta])
}

describe('a lookup', () => {
  it.each([1, 2, 3, 4])('holds for %i tuples of the table in a row, of degree three at most', pairs => {
    const { air, lookup } = squares(pairs)
    expect(air.chunks).toBe(pairs === 1 ? 2 : 3)
    const looked = lookedUp(pairs, air.activeRows)
    const counts = lookupCounts(lookup, looked, air.activeRows)
    expect(counts.reduce((sum, count) => sum + count, 0n)).toBe(BigInt(pairs * air.activeRows))
    check(air, looked, counts, lookupColumns(lookup, looked, counts, challenge))
  })

  it('counts the first of repeated entries, and allows any other split', () => {
    const { air, lookup } = squares(1)
    const all = (value: bigint) => new BigUint64Array(air.activeRows).fill(value)
    for (const [entry, others] of [
      [6, [7, 14, 23]],
      [2, [10, 18, 42]],
    ] as const) {
      const looked = [[all(BigInt(entry)), all(BigInt(entry ** 2))]]
      const counts = lookupCounts(lookup, looked, air.activeRows)
      expect([...counts]).toEqual(Array.from(counts, (_, row) => (row === entry ? 48n : 0n)))
      for (const row of others) {
        const split = counts.with(entry, 40n).with(row, 8n)
        check(air, looked, split, lookupColumns(lookup, looked, split, challenge))
      }
    }
  })

  it('does not hold for a tuple outside of the table, whatever its counts', () => {
    const { air, lookup } = squares(2)
    const looked = lookedUp(2, air.activeRows)
    const counts = lookupCounts(lookup, looked, air.activeRows)
    looked[1]![1]![20] = 5n
    expect(() => lookupCounts(lookup, looked, air.activeRows)).toThrow(TraceError)
    expect(() => lookupCounts(lookup, looked, air.activeRows)).toThrow(/^square: row 20: lookup 1: \d,5 is not in the/)
    expect(() => check(air, looked, counts, lookupColumns(lookup, looked, counts, challenge))).toThrow(
      'row 47: "square.sum comes to the total" does not hold',
    )
  })

  it('does not hold for a wrong count', () => {
    const { air, lookup } = squares(1)
    const looked = lookedUp(1, air.activeRows)
    const counts = lookupCounts(lookup, looked, air.activeRows)
    const wrong = counts.with(2, counts[2]! + 1n)
    expect(() => check(air, looked, wrong, lookupColumns(lookup, looked, wrong, challenge))).toThrow('square.sum comes')
  })

  it('has the columns that its constraints name', () => {
    const { air, lookup } = squares(3)
    const looked = lookedUp(3, air.activeRows)
    const columns = lookupColumns(lookup, looked, lookupCounts(lookup, looked, air.activeRows), challenge)
    const inverse = ([x, y]: BigUint64Array[], row: number) =>
      reciprocal(minus(beta, plus(embed(x![row]!), times(delta, embed(y![row]!)))))
    expect(Object.keys(columns)).toEqual(['square.part0', 'square.part1', 'square.held', 'square.sum'])
    expect(columns['square.part0']![5]).toEqual(plus(inverse(looked[0]!, 5), inverse(looked[1]!, 5)))
    expect(columns['square.part1']![5]).toEqual(inverse(looked[2]!, 5))
  })

  it('takes a table that fits into the active rows', () => {
    const long = Array.from({ length: 64 }, (_, n) => [BigInt(n)])
    const define = () =>
      defineAir({ name: 'long', log2Rows: 6, parameters: tinyParameters }, air => {
        addLookup(air, { name: 'table', looked: [[air.column('x').here]], table: long })
      })
    expect(define).toThrow(new RangeError('table: a table of 64 needs as many active rows; there are 48'))
  })
})

describe('a sum', () => {
  it('is over the rows before, and comes to its total after the last', () => {
    const air = defineAir({ name: 'sum', log2Rows: 6, parameters: tinyParameters }, air => {
      addSum(air, 'sum', air.column('x').here.times(air.challenge('r')), air.input('total').times(air.constant(1)))
    })
    const values = Array.from({ length: 48 }, (_, row) => BigInt(row))
    const sum = sumColumn(values.map(value => scaled(embed(3n), value)))
    expect(sum.slice(0, 4)).toEqual([ZERO, ZERO, embed(3n), embed(9n)])
    const total = 3n * ((47n * 48n) / 2n)
    expect(() => checkTrace(air, [[values], [sum]], [total], [embed(3n)])).not.toThrow()
    expect(() => checkTrace(air, [[values], [sum]], [total + 1n], [embed(3n)])).toThrow('row 47: "sum comes')
    expect(() => checkTrace(air, [[values], [sum.with(0, embed(1n))]], [total], [embed(3n)])).toThrow(
      'row 0: "sum begins',
    )
    expect(() => checkTrace(air, [[values], [sum.with(9, embed(1n))]], [total], [embed(3n)])).toThrow(
      'row 8: "sum goes',
    )
  })
})
