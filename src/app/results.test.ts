import { describe, expect, it } from 'vitest'
import {
  calibrationFit,
  clearSubgroups,
  countsAt,
  perClass,
  plainCounts,
  share,
  verdictOf,
  worstConfusion,
} from './results.ts'
import { measured, modelDetails, resultDetails } from './testResults.ts'

describe('verdictOf', () => {
  it.each([
    [0.001, 0.1, 'better', 'worse'],
    [-0.1, -0.001, 'worse', 'better'],
    // An interval that only touches zero says nothing.
    [0, 0.1, 'open', 'open'],
    [-0.1, 0, 'open', 'open'],
    [0, 0, 'open', 'open'],
    [-0.1, 0.3, 'open', 'open'],
  ])('reads an interval from %d to %d', (low, high, ofGain, ofLoss) => {
    const difference = measured((low + high) / 2, low, high)
    expect(verdictOf(difference)).toBe(ofGain)
    expect(verdictOf(difference, true)).toBe(ofLoss)
  })
})

describe('counts at a threshold', () => {
  it('are those of the listed threshold next to it, and add up to the patients', () => {
    const model = modelDetails()
    const at = (threshold: number) => plainCounts(countsAt(model, threshold) ?? expect.fail())
    expect(at(0.4)).toEqual({ withOutcome: 40, found: 34, missed: 6, without: 60, cleared: 50, alarmed: 10 })
    expect(at(0.404)).toEqual(at(0.4))
    expect(at(0.406)).toEqual({ withOutcome: 40, found: 20, missed: 20, without: 60, cleared: 58, alarmed: 2 })
    expect(at(-1)).toEqual(at(0))
    expect(at(2)).toEqual(at(1))
  })

  it('are not there for several classes', () => {
    expect(countsAt({ thresholds: null }, 0.5)).toBeUndefined()
  })
})

describe('share', () => {
  it('gives Wilson’s interval, which never leaves 0 to 1', () => {
    // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263 and 0 of 20.
    expect(share(81, 263)).toEqual({ value: 81 / 263, low: expect.closeTo(0.2553, 4), high: expect.closeTo(0.3662, 4) })
    expect(share(0, 20)).toEqual({ value: 0, low: 0, high: expect.closeTo(0.1611, 4) })
    expect(share(20, 20)?.high).toBe(1)
    expect(share(0, 0)).toBeNull()
  })
})

describe('several classes', () => {
  const confusion = [
    [8, 2, 0],
    [5, 5, 0],
    [0, 0, 0],
  ]
  const classes = ['a', 'b', 'c']

  it('have figures of their own, none where nobody is', () => {
    const [a, b, c] = perClass(confusion, classes)
    expect(a).toMatchObject({ patients: 10, recall: { value: 0.8 }, precision: { value: 8 / 13 } })
    expect(b).toMatchObject({ patients: 10, recall: { value: 0.5 }, precision: { value: 5 / 7 } })
    expect(c).toEqual({ name: 'c', patients: 0, recall: null, precision: null })
  })

  it('name the pair that is confused most', () => {
    expect(worstConfusion(confusion, classes)).toEqual({ truth: 'b', taken: 'a', patients: 5 })
    expect(
      worstConfusion(
        [
          [3, 0],
          [0, 4],
        ],
        ['a', 'b'],
      ),
    ).toBeNull()
  })
})

describe('calibrationFit', () => {
  it('counts bands with patients, by whether what happened fits', () => {
    const bin = (predicted: number, low: number, high: number, patients = 10) => ({
      from: 0,
      to: 1,
      patients,
      predicted,
      observed: measured((low + high) / 2, low, high),
    })
    const calibration = [bin(0.1, 0, 0.3), bin(0.5, 0.1, 0.4), bin(0.6, 0.7, 0.9), bin(0.9, 0, 0, 0)]
    expect(calibrationFit({ calibration })).toEqual({ bands: 3, fitting: 1, tooHigh: 1, tooLow: 1 })
  })
})

describe('clearSubgroups', () => {
  it('names only groups whose intervals have no value in common', () => {
    const group = (name: string, federated: [number, number], local: [number, number] | null) => ({
      name,
      patients: 30,
      federated: measured(0.5, ...federated),
      local: local && measured(0.5, ...local),
    })
    const subgroups = [
      group('apart', [0.8, 0.9], [0.5, 0.7]),
      group('touching', [0.7, 0.9], [0.5, 0.7]),
      group('alone', [0.7, 0.9], null),
    ]
    expect(clearSubgroups(resultDetails({ subgroups }))).toEqual(['apart'])
  })
})
