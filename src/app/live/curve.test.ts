import { describe, expect, it } from 'vitest'
import type { Evaluation } from '../../rounds/ports.ts'
import { curveOf, rangeOf, withLoss } from './curve.ts'

const measured = (accuracy: number): Evaluation => ({
  patients: 30,
  accuracy,
  logLoss: 1 - accuracy,
  auc: null,
  confusion: [],
  precision: 0,
  recall: 0,
})

describe('curveOf', () => {
  it('puts rounds in order and keeps the local model where there is one', () => {
    const curve = curveOf([
      { round: 3, federated: measured(0.8), local: measured(0.7), majorityAccuracy: 0.5 },
      { round: 2, federated: measured(0.75), local: null, majorityAccuracy: 0.5 },
    ])
    expect(curve.map(({ round }) => round)).toEqual([2, 3])
    expect(curve[0]).toMatchObject({ federated: { accuracy: 0.75 }, local: null })
    expect(curve[1]).toMatchObject({ federated: { accuracy: 0.8 }, local: { accuracy: 0.7 } })
  })
})

describe('withLoss', () => {
  it('begins anew with another round, and with a training that begins again', () => {
    const first = withLoss(withLoss(null, 2, 1, 0.9), 2, 2, 0.8)
    expect(first).toEqual({ round: 2, steps: [1, 2], losses: [0.9, 0.8] })
    expect(withLoss(first, 3, 1, 0.7)).toEqual({ round: 3, steps: [1], losses: [0.7] })
    expect(withLoss(first, 2, 1, 0.7)).toEqual({ round: 2, steps: [1], losses: [0.7] })
  })

  it('thins out a long training and keeps the newest loss', () => {
    let known = withLoss(null, 2, 0, 0)
    for (let step = 1; step < 5000; step++) known = withLoss(known, 2, step, step)
    expect(known.steps.length).toBeLessThanOrEqual(120)
    expect(known.losses.at(-1)).toBe(4999)
    expect(known.steps).toEqual([...known.steps].sort((a, b) => a - b))
  })

  it('leaves out a loss that is no number', () => {
    const known = withLoss(null, 2, 1, 0.5)
    expect(withLoss(known, 2, 2, Number.NaN)).toBe(known)
  })
})

describe('rangeOf', () => {
  it('holds all values in whole steps', () => {
    expect(rangeOf([0.71, null, 0.83], 0.1, [0, 1])).toEqual([0.7, 0.9])
  })

  it('has a height also for one value, and stays within', () => {
    expect(rangeOf([0.8], 0.1, [0, 1])).toEqual([0.7, 0.9])
    expect(rangeOf([1], 0.1, [0, 1])).toEqual([0.9, 1])
    expect(rangeOf([], 0.1, [0, 1])).toEqual([0, 1])
  })
})
