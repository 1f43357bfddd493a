import { describe, expect, it } from 'vitest'
import { areaUnderCurve, evaluation, majorityClass } from './metrics.ts'

describe('evaluation', () => {
  it('counts a small case as by hand', () => {
    const result = evaluation(Float32Array.of(0.9, 0.4, 0.6, 0.2), Int32Array.of(1, 1, 0, 0), 1)
    expect(result).toMatchObject({ patients: 4, accuracy: 0.5, auc: 0.75, precision: 0.5, recall: 0.5 })
    expect(result.confusion).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(result.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.4) + Math.log(0.4) + Math.log(0.8)) / 4, 6)
  })

  it('takes the likeliest of several classes and averages over the classes there are', () => {
    const result = evaluation(Float32Array.of(0.7, 0.2, 0.1, 0.1, 0.2, 0.7, 0.5, 0.4, 0.1), Int32Array.of(0, 2, 2), 3)
    expect(result.accuracy).toBeCloseTo(2 / 3)
    expect(result.auc).toBeNull()
    expect(result.precision).toBeCloseTo((0.5 + 1) / 2)
    expect(result.recall).toBeCloseTo((1 + 0.5) / 2)
  })

  it('stays finite when the model is sure and wrong', () => {
    expect(evaluation(Float32Array.of(1, 0), Int32Array.of(0, 1), 1).logLoss).toBeLessThan(20)
  })
})

describe('areaUnderCurve', () => {
  it('is the share of pairs in the right order, ties half', () => {
    const scores = Float32Array.from([0.1, 0.5, 0.5, 0.5, 0.9, 0.2, 0.2])
    const labels = Int32Array.of(0, 1, 0, 1, 1, 1, 0)
    let pairs = 0
    let right = 0
    for (const [i, a] of labels.entries()) {
      for (const [j, b] of labels.entries()) {
        if (a !== 1 || b !== 0) continue
        pairs++
        right += (scores[i] as number) > (scores[j] as number) ? 1 : scores[i] === scores[j] ? 0.5 : 0
      }
    }
    expect(areaUnderCurve(scores, labels)).toBeCloseTo(right / pairs, 12)
  })

  it('is unknown with one outcome only', () => {
    expect(areaUnderCurve(Float32Array.of(0.1, 0.9), Int32Array.of(1, 1))).toBeNull()
  })
})

it('finds the most frequent label', () => {
  expect(majorityClass(Int32Array.of(3, 1, 3, 1, 2))).toBe(1)
})
