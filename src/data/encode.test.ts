import { expect, it } from 'vitest'
import type { TableSchema } from '../study/manifest.ts'
import { encodeRows, scaleOfRanges, standardise } from './encode.ts'

const schema: TableSchema = {
  kind: 'table',
  features: [
    { type: 'number', name: 'age', min: 0, max: 120, typical: [30, 70] },
    { type: 'number', name: 'pulse', min: 40, max: 120 },
    { type: 'binary', name: 'smokes' },
    { type: 'category', name: 'ward', levels: ['a', 'b', 'c', 'd'] },
  ],
  outcome: { name: 'ill' },
}

it('the scale of public ranges puts their middle at 0 and their ends two deviations away', () => {
  const rows = [
    { cells: [30, 120, 1, 'a'], label: 0 },
    { cells: [70, 40, 0, 'c'], label: 1 },
  ]
  const matrix = encodeRows(schema, rows, ['age', 'pulse', 'smokes', 'ward'], 'file')
  const scaled = standardise(matrix, 6, scaleOfRanges(schema))
  expect([...scaled.subarray(0, 3)]).toEqual([-2, 2, 1])
  expect([...scaled.subarray(6, 9)]).toEqual([2, -2, -1])
  const [absent, present] = [-0.25 / Math.sqrt(3 / 16), 0.75 / Math.sqrt(3 / 16)]
  for (const [i, level] of [absent, present, absent].entries()) expect(scaled[9 + i]).toBeCloseTo(level, 5)
})

it('a number without a range has no public scale', () => {
  const bare: TableSchema = { ...schema, features: [{ type: 'number', name: 'age', min: 0 }] }
  expect(() => scaleOfRanges(bare)).toThrow(RangeError)
})
