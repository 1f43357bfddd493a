import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statisticsOf } from '../data/statistics.ts'
import { aggregateStatistics, type MemberStatistics } from './statistics.ts'

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
