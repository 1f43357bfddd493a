import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ColumnRange, rangedStatisticsOf, statisticsOf } from '../data/statistics.ts'
import { checkBound, toIntegers } from './masking/encoding.ts'
import {
  aggregateStatistics,
  columnEncoding,
  encodeColumnSums,
  type MemberStatistics,
  standardisationOfSums,
} from './statistics.ts'

const width = 3
const value = fc.double({ min: -1e6, max: 1e6, noNaN: true })
const hospital = fc
  .array(value, { minLength: width, maxLength: width * 20 })
  .map(values => values.slice(0, values.length - (values.length % width)))
const hospitals = fc
  .array(hospital, { minLength: 1, maxLength: 7 })
  .map(list =>
    list.map((rows, index): MemberStatistics => ({ index, ...statisticsOf(Float64Array.from(rows), width) })),
  )

describe('aggregateStatistics', () => {
  it('gives the same bytes in whatever order statistics arrived', () => {
    fc.assert(
      fc.property(hospitals, list => {
        const there = aggregateStatistics(list, width)
        const back = aggregateStatistics([...list].reverse(), width)
        expect(new Uint8Array(back.mean.buffer)).toEqual(new Uint8Array(there.mean.buffer))
        expect(new Uint8Array(back.deviation.buffer)).toEqual(new Uint8Array(there.deviation.buffer))
      }),
    )
  })

  it.each([
    ['no rows', { count: 0 }],
    ['another width', { sums: new Float64Array(2) }],
    ['a sum that is no number', { sums: Float64Array.of(Number.NaN, 0, 0) }],
    ['an endless sum', { sums: Float64Array.of(Number.POSITIVE_INFINITY, 0, 0) }],
    ['a negative sum of squares', { squares: Float64Array.of(-1, 1, 1) }],
    ['sums too large for their squares', { sums: Float64Array.of(100, 0, 0) }],
  ])('refuses statistics with %s', (_, wrong) => {
    const good = { index: 0, count: 4, sums: Float64Array.of(2, 2, 2), squares: Float64Array.of(2, 2, 2) }
    expect(() => aggregateStatistics([good], width)).not.toThrow()
    expect(() => aggregateStatistics([{ ...good, ...wrong }], width)).toThrow('left out')
  })
})

describe('sums of columns under masks', () => {
  const ranges: readonly ColumnRange[] = [
    [100, 140],
    [-1, 1],
    [0, 1],
  ]
  /** What opens of these hospitals' rows. */
  const sumOf = (hospitals: readonly Float64Array[], weights = hospitals.map(() => 1)) => {
    const sum = new BigInt64Array(1 + 2 * width)
    hospitals.forEach((rows, i) => {
      const elements = toIntegers(encodeColumnSums(rangedStatisticsOf(rows, ranges)))
      elements.forEach((value, k) => {
        sum[k]! += BigInt(weights[i]!) * value
      })
    })
    return sum
  }
  const row = fc.tuple(
    fc.double({ min: 60, max: 200, noNaN: true }),
    fc.double({ min: -9, max: 9, noNaN: true }),
    fc.nat(1),
  )
  const rows = fc.array(row, { minLength: 2, maxLength: 40 }).map(list => Float64Array.from(list.flat()))

  it('give the mean and deviation that open sums give, but for what rounding may add', () => {
    fc.assert(
      fc.property(fc.array(rows, { minLength: 3, maxLength: 7 }), hospitals => {
        const masked = standardisationOfSums(sumOf(hospitals), ranges, hospitals.length)
        const open = aggregateStatistics(
          hospitals.map((list, index) => ({ index, ...statisticsOf(list, width) })),
          width,
        )
        for (let column = 0; column < width; column++) {
          expect(masked.mean[column]).toBeCloseTo(open.mean[column]!, 3)
          // A column that varies by less than the rounding is held to be constant.
          if (open.deviation[column]! > 0.2) expect(masked.deviation[column]).toBeCloseTo(open.deviation[column]!, 2)
        }
      }),
    )
  })

  it('leave a constant column at deviation 1, whatever rounding makes of it', () => {
    for (const value of [100, 113.7, 139.999]) {
      const hospital = Float64Array.of(value, 0.1, 1, value, 0.2, 1, value, 0.3, 1)
      const { mean, deviation } = standardisationOfSums(sumOf([hospital, hospital, hospital]), ranges, 3)
      expect(mean[0]).toBeCloseTo(value, 4)
      expect([deviation[0], deviation[2]]).toEqual([1, 1])
      expect(deviation[1]).toBeLessThan(1)
    }
  })

  it('count a hospital by its weight', () => {
    const [a, b, c] = [1, 2, 3].map(i => Float64Array.of(110, i, 0, 120, 0, 1)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const weighted = standardisationOfSums(sumOf([a, b, c], [2, 1, 1]), ranges, 4)
    const repeated = standardisationOfSums(sumOf([a, a, b, c]), ranges, 4)
    expect(weighted).toEqual(repeated)
  })

  it('fit the field, at the most patients there may be and not one more', () => {
    expect(() => checkBound(columnEncoding)).not.toThrow()
    const most = { count: 2 ** 20, sums: Float64Array.of(-(2 ** 23)), squares: Float64Array.of(2 ** 26) }
    const elements = toIntegers(encodeColumnSums(most))
    const bound = BigInt(columnEncoding.clip) << 20n
    expect([...elements]).toEqual([2n ** 40n, -(2n ** 43n), bound])
    expect(() => encodeColumnSums({ ...most, count: 2 ** 20 + 1 })).toThrow('could overflow')
  })

  it.each([
    ['no patients', [0n, 0n, 0n, 0n, 0n, 0n, 0n]],
    ['fewer than none', [-4n, 0n, 0n, 0n, 0n, 0n, 0n]],
    ['a negative sum of squares', [4n, 0n, 0n, 0n, -1n, 0n, 0n]],
    ['sums too large for their squares', [4n, 8n, 0n, 0n, 2n, 0n, 0n]],
    ['another width', [4n, 0n, 0n]],
  ])('are out of range with %s', (_, values) => {
    const sum = BigInt64Array.from(values, value => value << 20n)
    expect(() => standardisationOfSums(sum, ranges, 3)).toThrow('larger than honest updates')
  })
})
