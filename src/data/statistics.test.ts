import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { standardise } from './encode.ts'
import { columnRanges, mergeStatistics, rangedStatisticsOf, standardisationOf, statisticsOf } from './statistics.ts'

describe('federated statistics', () => {
  it('give the mean and deviation of all rows in one place', () => {
    const column = fc.double({ min: -1000, max: 1000, noNaN: true })
    const hospital = fc.array(fc.tuple(column, column), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(fc.array(hospital, { minLength: 1, maxLength: 5 }), hospitals => {
        const parts = hospitals.map(rows => statisticsOf(Float64Array.from(rows.flat()), 2))
        const { mean, deviation } = standardisationOf(mergeStatistics(parts))
        const rows = hospitals.flat()
        for (const c of [0, 1] as const) {
          const m = rows.reduce((sum, row) => sum + row[c], 0) / rows.length
          const variance = rows.reduce((sum, row) => sum + (row[c] - m) ** 2, 0) / rows.length
          expect(mean[c]).toBeCloseTo(m, 6)
          if (variance > 1e-3) expect(deviation[c]).toBeCloseTo(Math.sqrt(variance), 5)
        }
      }),
    )
  })

  it('leave a constant column at zero instead of dividing by nothing', () => {
    const matrix = Float64Array.of(5, 1, 5, 2, 5, 3)
    const by = standardisationOf(statisticsOf(matrix, 2))
    expect(by.deviation[0]).toBe(1)
    const standardised = standardise(matrix, 2, by)
    expect([standardised[0], standardised[2], standardised[4]]).toEqual([0, 0, 0])
    expect(standardised[1]).toBeCloseTo(-Math.sqrt(1.5), 6)
  })
})

describe('statistics on the scale of public ranges', () => {
  it('know the range of each encoded column', () => {
    const outcome = { name: 'ill' }
    const features = [
      { type: 'number', name: 'age', typical: [20, 80] as [number, number] },
      { type: 'binary', name: 'sex' },
      { type: 'category', name: 'ward', levels: ['a', 'b', 'c'] },
      { type: 'number', name: 'pressure', min: 80, max: 200 },
    ] as const
    const schema = { kind: 'table' as const, features: features.map(feature => structuredClone(feature)), outcome }
    expect(columnRanges(schema as never)).toEqual([
      [20, 80],
      [0, 1],
      [0, 1],
      [0, 1],
      [80, 200],
    ])
    const bare = { ...schema, features: [{ type: 'number' as const, name: 'age' }] }
    expect(() => columnRanges(bare)).toThrow(RangeError)
  })

  it('count from the lower end in widths, and hold what lies eight widths away', () => {
    const matrix = Float64Array.of(50, 1, 20, 0, 1e9, 1, -1e9, 0)
    const { count, sums, squares } = rangedStatisticsOf(matrix, [
      [20, 80],
      [0, 1],
    ])
    expect(count).toBe(4)
    expect([...sums]).toEqual([0.5, 2])
    expect([...squares]).toEqual([0.25 + 64 + 64, 2])
  })
})
