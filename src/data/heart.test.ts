import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { encodedNames, encodedWidth, encodeRows } from './encode.ts'
import {
  type HeartCenter,
  type HeartSplit,
  heartCenters,
  heartDataset,
  heartSchema,
  heartShares,
  parseHeart,
} from './heart.ts'

const folder = new URL('../../public/studies/heart/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
const split = JSON.parse(read('flamby-split.json')) as HeartSplit
const text = (center: HeartCenter) => read(`processed.${center}.data`)

describe('the four heart hospitals', () => {
  it('have 740 complete patients, split as FLamby splits them', () => {
    const counts = heartCenters.map(center => {
      const { train, validation, test } = heartDataset(center, text(center), split, 1)
      return [train.length + validation.length, test.length]
    })
    expect(counts).toEqual([
      [199, 104],
      [172, 89],
      [30, 16],
      [85, 45],
    ])
    expect(counts.flat().reduce((a, b) => a + b)).toBe(740)
  })

  it('encode to 13 numbers, cp and restecg one-hot without their first level', () => {
    expect(encodedWidth(heartSchema)).toBe(13)
    expect(encodedNames(heartSchema)).toEqual([
      ...['age', 'sex', 'cp = 2', 'cp = 3', 'cp = 4', 'trestbps', 'chol', 'fbs', 'restecg = 1', 'restecg = 2'],
      ...['thalach', 'exang', 'oldpeak'],
    ])
    const columns = heartSchema.features.map(feature => feature.name)
    const first = parseHeart(text('cleveland'), 'cleveland').get(0)
    const second = parseHeart(text('cleveland'), 'cleveland').get(1)
    if (!first || !second) throw new Error('rows are missing')
    // 63.0,1.0,1.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,…,0 and 67.0,1.0,4.0,160.0,286.0,0.0,2.0,108.0,1.0,1.5,…,2
    expect([...encodeRows(heartSchema, [first], columns, 'x')]).toEqual([
      63, 1, 0, 0, 0, 145, 233, 1, 0, 1, 150, 0, 2.3,
    ])
    expect([...encodeRows(heartSchema, [second], columns, 'x')]).toEqual([
      67, 1, 0, 0, 1, 160, 286, 0, 0, 1, 108, 1, 1.5,
    ])
    expect([first.label, second.label]).toEqual([0, 1])
  })

  it('never put a patient into two parts, whatever the seed', () => {
    for (const seed of [1, 2, 3]) {
      const { train, validation, test } = heartDataset('va', text('va'), split, seed)
      expect(new Set([...train, ...validation, ...test]).size).toBe(130)
    }
  })

  it('share the largest centers among more hospitals than four, each patient once', () => {
    const shares = heartShares(6)
    expect(shares.map(share => `${share.center} ${share.part}/${share.parts}`)).toEqual([
      ...['cleveland 0/2', 'hungarian 0/2', 'switzerland 0/1', 'va 0/1', 'cleveland 1/2', 'hungarian 1/2'],
    ])
    const all = shares.flatMap(share => {
      const { train, validation, test } = heartDataset(share, text(share.center), split, 1)
      expect(new Set(test.map(row => row.label)).size).toBe(2)
      return [...train, ...validation, ...test]
    })
    expect(all).toHaveLength(740)
    expect(heartShares(3).map(share => share.center)).toEqual(['cleveland', 'hungarian', 'switzerland'])
    expect(() => heartShares(60)).toThrow('each share has')
  })

  it('name line and column of a cell that is no number', () => {
    const broken = text('va').replace(/^63,/, 'x63,')
    try {
      parseHeart(broken, 'va')
      expect.unreachable()
    } catch (error) {
      expect(isAppError(error, 'data.badCell') && error.details).toMatchObject({ row: 1, column: 'age', value: 'x63' })
    }
  })
})
