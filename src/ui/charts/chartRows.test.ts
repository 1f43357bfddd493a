import { describe, expect, it } from 'vitest'
import { chartRows, lastValue, spreadLabels } from './chartRows.ts'

describe('chartRows', () => {
  it('keeps series that share x in one row each, and fills what is missing with null', () => {
    const rows = chartRows(
      [1, 2, 3],
      [
        { name: 'a', colour: 'red', values: [0.1, null, 0.3] },
        { name: 'b', colour: 'blue', values: [0.5] },
      ],
    )
    expect(rows.x).toEqual([1, 2, 3])
    expect(rows.columns.map(({ values }) => values)).toEqual([
      [0.1, null, 0.3],
      [0.5, null, null],
    ])
  })

  it('keeps both points of a vertical step, each series in its own order', () => {
    const rows = chartRows(
      [],
      [
        { name: 'roc', colour: 'red', x: [0, 0, 1], values: [0, 0.6, 1] },
        { name: 'chance', colour: 'grey', x: [0, 1], values: [0, 1] },
      ],
    )
    expect(rows.x).toEqual([0, 0, 0, 1, 1])
    expect(rows.columns[0]?.values).toEqual([0, 0.6, null, 1, null])
    expect(rows.columns[1]?.values).toEqual([null, null, 0, null, 1])
  })

  it('carries the band beside its line', () => {
    const rows = chartRows([1, 2], [{ name: 'a', colour: 'red', values: [2, 3], band: { low: [1, 2], high: [3, 4] } }])
    expect(rows.columns[0]).toEqual({ values: [2, 3], low: [1, 2], high: [3, 4] })
  })
})

describe('lastValue', () => {
  it('passes over the nulls at the end', () => {
    expect(lastValue([1, 2, null])).toEqual({ index: 1, value: 2 })
    expect(lastValue([null])).toBeNull()
  })
})

describe('spreadLabels', () => {
  it('leaves labels that do not touch where they are', () => {
    expect(spreadLabels([80, 20], 16, 0, 100)).toEqual([80, 20])
  })

  it('moves touching labels apart in their order and keeps them inside', () => {
    const placed = spreadLabels([98, 97, 50], 16, 8, 100)
    expect(placed[0]).toBe(100)
    expect(placed[1]).toBe(84)
    expect(placed[2]).toBe(50)
  })
})
