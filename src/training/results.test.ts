import { describe, expect, it } from 'vitest'
import type { Row } from '../data/dataset.ts'
import { heartSchema } from '../data/heart.ts'
import type { TableSchema } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { calibrationBins, countsAt, resultDetails, rocCurve, youdenThreshold } from './results.ts'
import { groupsOf } from './subgroups.ts'

const f32 = (...values: number[]) => Float32Array.from(values)
const i32 = (...values: number[]) => Int32Array.from(values)
const yesNo = { classes: ['no', 'yes'], outputs: 1, groups: [], seed: 1 } as const

describe('results at a threshold', () => {
  const scores = f32(0.875, 0.75, 0.5, 0.25)
  const labels = i32(1, 0, 1, 0)

  it('count from the threshold up as yes', () => {
    expect(countsAt(scores, labels, 0.5)).toEqual({
      threshold: 0.5,
      truePositive: 2,
      falsePositive: 1,
      trueNegative: 1,
      falseNegative: 0,
    })
    expect(countsAt(scores, labels, 0.51)).toMatchObject({ truePositive: 1, falseNegative: 1 })
  })

  it('draw the curve from nobody to everybody', () => {
    expect(rocCurve(scores, labels)).toEqual([
      { threshold: Number.POSITIVE_INFINITY, sensitivity: 0, specificity: 1 },
      { threshold: 0.875, sensitivity: 0.5, specificity: 1 },
      { threshold: 0.75, sensitivity: 0.5, specificity: 0.5 },
      { threshold: 0.5, sensitivity: 1, specificity: 0.5 },
      { threshold: 0.25, sensitivity: 1, specificity: 0 },
    ])
    expect(rocCurve(scores, i32(1, 1, 1, 1))).toBeNull()
    const many = rocCurve(
      Float32Array.from({ length: 5000 }, (_, i) => i / 5000),
      Int32Array.from({ length: 5000 }, (_, i) => i % 2),
    )
    expect(many?.length).toBeLessThanOrEqual(402)
    expect(many?.at(-1)).toMatchObject({ sensitivity: 1, specificity: 0 })
  })

  it('choose the threshold with the highest sensitivity and specificity, between two patients', () => {
    expect(youdenThreshold(f32(0.9, 0.8, 0.6, 0.4, 0.1), i32(1, 1, 0, 0, 0))).toBeCloseTo(0.7, 6)
    // Equally good at 0.6875 and at 0.375: the nearer to a half.
    expect(youdenThreshold(f32(0.75, 0.625, 0.5, 0.25), i32(1, 0, 1, 0))).toBe(0.375)
    expect(youdenThreshold(f32(0.9, 0.8), i32(1, 1))).toBe(0.5)
    // No threshold is better than guessing.
    expect(youdenThreshold(f32(0.9, 0.1), i32(0, 1))).toBe(0.5)
  })
})

describe('calibration', () => {
  it('joins neighbouring bins until each has five patients, and loses nobody', () => {
    const random = publicRandom(2)
    const scores = Float32Array.from({ length: 60 }, () => random.unit() ** 2)
    const labels = Int32Array.from(scores, score => (random.unit() < score ? 1 : 0))
    const bins = calibrationBins(scores, labels)
    expect(bins.length).toBeLessThanOrEqual(10)
    expect(bins.every(bin => bin.patients >= 5)).toBe(true)
    expect(bins.reduce((sum, bin) => sum + bin.patients, 0)).toBe(60)
    expect([bins[0]?.from, bins.at(-1)?.to]).toEqual([0, 1])
    for (const [i, { from, to, predicted, observed }] of bins.entries()) {
      expect(from).toBe(i === 0 ? 0 : bins[i - 1]?.to)
      expect(predicted).toBeGreaterThanOrEqual(from)
      expect(predicted).toBeLessThanOrEqual(to)
      expect(observed.low).toBeLessThanOrEqual(observed.value)
    }
  })

  it('keeps few patients in one bin and takes a probability of 1', () => {
    expect(calibrationBins(f32(0, 1, 0.5), i32(0, 1, 1))).toMatchObject([
      { from: 0, to: 1, patients: 3, predicted: 0.5 },
    ])
  })
})

describe('the results page’s figures', () => {
  const labels = { test: i32(1, 1, 0, 0), fit: i32(1, 0) }
  const federated = { test: f32(0.75, 0.25, 0.25, 0.125), fit: f32(0.5, 0.25) }
  const local = { test: f32(0.75, 0.25, 0.75, 0.125), fit: f32(0.5, 0.25) }

  it('are as computed by hand', () => {
    const details = resultDetails({ ...yesNo, labels, federated, local })
    const model = details.federated
    expect(model.accuracy.value).toBe(0.75)
    expect(model.confusion).toEqual([
      [2, 0],
      [1, 1],
    ])
    expect(model.logLoss.value).toBeCloseTo(-(2 * Math.log(0.75) + Math.log(0.25) + Math.log(0.875)) / 4, 7)
    expect(model.brier).toBeCloseTo((0.0625 + 0.5625 + 0.0625 + 0.015625) / 4, 12)
    // 3 of 4 pairs right, one tied.
    expect(model.auc?.value).toBe(0.875)
    // The threshold comes from the patients that are not held out.
    expect(model.chosen?.threshold).toBe(0.375)
    expect(model.chosen?.sensitivity.value).toBe(0.5)
    expect(model.chosen?.specificity.value).toBe(1)
    expect(model.thresholds).toHaveLength(101)
    expect(model.thresholds?.[25]).toMatchObject({ threshold: 0.25, truePositive: 2, falsePositive: 1 })
    expect(details.difference?.accuracy.value).toBe(0.25)
    expect(details.difference?.auc?.value).toBeCloseTo(0.875 - 0.625, 12)
    expect(details.difference?.logLoss.value).toBeCloseTo((Math.log(0.25) - Math.log(0.75)) / 4, 7)
    expect(details.local?.accuracy.value).toBe(0.5)
  })

  it('never let a held-out patient choose the threshold', () => {
    const other = { ...federated, test: f32(0.1, 0.9, 0.8, 0.7) }
    const [a, b] = [federated, other].map(model => resultDetails({ ...yesNo, labels, federated: model, local: null }))
    expect(a?.federated.chosen?.threshold).toBe(b?.federated.chosen?.threshold)
  })

  it('leave out what more than two classes do not have', () => {
    const details = resultDetails({
      classes: ['a', 'b', 'c'],
      outputs: 3,
      labels: { test: i32(0, 2, 1), fit: i32(0) },
      federated: { test: f32(0.8, 0.1, 0.1, 0.2, 0.3, 0.5, 0.6, 0.2, 0.2), fit: f32() },
      local: null,
      groups: [],
      seed: 1,
    })
    expect(details.federated).toMatchObject({ auc: null, roc: null, calibration: null, thresholds: null, chosen: null })
    expect(details.federated.confusion).toEqual([
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
    ])
    expect(details.federated.brier).toBeCloseTo((0.06 + 0.38 + 1.04) / 3, 6)
    expect(details.difference).toBeNull()
  })

  it('show a group of twenty and only name one of nineteen', () => {
    const random = publicRandom(4)
    const test = Int32Array.from({ length: 39 }, () => random.below(2))
    const scores = Float32Array.from(test, () => random.unit())
    const groups = [
      { name: 'first', patients: Array.from({ length: 20 }, (_, i) => i) },
      { name: 'second', patients: Array.from({ length: 19 }, (_, i) => 20 + i) },
    ]
    const model = { test: scores, fit: f32(0.5) }
    const details = resultDetails({ ...yesNo, groups, labels: { test, fit: i32(1) }, federated: model, local: model })
    expect(details.tooSmall).toEqual(['second'])
    expect(details.subgroups).toHaveLength(1)
    const hits = scores.slice(0, 20).filter((score, i) => score > 0.5 === (test[i] === 1)).length
    expect(details.subgroups[0]).toMatchObject({ name: 'first', patients: 20, federated: { value: hits / 20 } })
  })
})

describe('groups of patients', () => {
  it('are named in words, and every patient is in one of each kind', () => {
    const row = (age: number, sex: number): Row => ({
      cells: heartSchema.features.map(({ name }) => (name === 'age' ? age : name === 'sex' ? sex : 0)),
      label: 0,
    })
    const subgroups = [{ column: 'sex' }, { column: 'age', borders: [50, 65] }, { column: 'not there' }]
    const groups = groupsOf({ schema: heartSchema, subgroups }, [row(49, 1), row(50, 0), row(64, 1), row(65, 1)])
    expect(groups).toEqual([
      { name: 'Male: yes', patients: [0, 2, 3] },
      { name: 'Male: no', patients: [1] },
      { name: 'Age below 50 years', patients: [0] },
      { name: 'Age 50 to 64 years', patients: [1, 2] },
      { name: 'Age 65 years and above', patients: [3] },
    ])
  })

  it('have exact borders where values are not whole, and a category’s levels', () => {
    const schema: TableSchema = {
      kind: 'table',
      features: [
        { type: 'number', name: 'bmi' },
        { type: 'category', name: 'ward', levels: ['a', 'b'] },
      ],
      outcome: { name: 'ill' },
    }
    const rows: Row[] = [24.95, 25, 31].map((bmi, i) => ({ cells: [bmi, i === 0 ? 'a' : 'b'], label: 0 }))
    const subgroups = [{ column: 'bmi', borders: [30, 25] }, { column: 'ward' }]
    expect(groupsOf({ schema, subgroups }, rows).map(({ name, patients }) => [name, patients.length])).toEqual([
      ['bmi below 25', 1],
      ['bmi 25 to below 30', 1],
      ['bmi 30 and above', 1],
      ['ward: a', 1],
      ['ward: b', 2],
    ])
  })
})
