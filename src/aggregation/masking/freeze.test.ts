import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setOf } from '../../rounds/sets.ts'
import { weightOf } from '../weights.ts'
import { type FrozenHospital, freezeSet, maskedWeight, sameSet, sumsHide } from './freeze.ts'
import { addressOf } from './testing.ts'

const hospital = (index: number, weight = 1): FrozenHospital => ({ index, hospital: addressOf(index), weight })

describe('freezeSet', () => {
  const candidates = [hospital(7, 3), hospital(2), hospital(4, 8), hospital(5)]

  it('takes the hospitals that more than two thirds of the seats attest, in member order', () => {
    const all = setOf([2, 4, 5, 7])
    // Four of five attest 7; three of five attest 2.
    const set = freezeSet(candidates, [all, all, all, setOf([4, 5, 7]), 0n])
    expect(set?.map(({ index }) => index)).toEqual([4, 5, 7])
    expect(set?.map(({ weight }) => weight)).toEqual([8, 1, 3])
  })

  it('leaves out what came too late to be attested, and who never submitted', () => {
    const early = setOf([2, 4, 5])
    const set = freezeSet(candidates, [early, early, early, setOf([2, 4, 5, 7, 9])])
    expect(set?.map(({ index }) => index)).toEqual([2, 4, 5])
  })

  it('is void with fewer than three hospitals that count', () => {
    const attested = Array(4).fill(setOf([1, 2, 3]))
    expect(freezeSet([hospital(1), hospital(2)], attested)).toBeUndefined()
    expect(freezeSet([hospital(1), hospital(2), hospital(3, 0)], attested)).toBeUndefined()
    expect(freezeSet([hospital(1), hospital(2), hospital(3)], attested)).toHaveLength(3)
  })
})

describe('sumsHide', () => {
  it('wants three whole weights, none more than eight times another; zeros do not count', () => {
    for (const weights of [
      [1, 1, 1],
      [8, 1, 1],
      [0, 3, 24, 3],
    ]) {
      expect(sumsHide(weights), String(weights)).toBe(true)
    }
    for (const weights of [
      [],
      [1, 1],
      [1, 1, 0, 0],
      [9, 1, 1],
      [1, 2 ** 20, 2 ** 40],
      [1.5, 1, 1],
      [-1, -1, -1],
      [-1, 1, 1, 1],
      [Number.NaN, 1, 1, 1],
    ]) {
      expect(sumsHide(weights), String(weights)).toBe(false)
    }
  })
})

describe('maskedWeight', () => {
  const reputation = fc.integer({ min: 0, max: 10_000 })
  const patients = fc.integer({ min: 1, max: 8 })

  it('is a whole number from 1 to 8, so that any three hospitals hide each other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(patients, reputation), { minLength: 3 }), list => {
        const weights = list.map(([weight, standing]) => maskedWeight(weight, standing))
        expect(weights.every(weight => weight >= 1 && weight <= 8)).toBe(true)
        expect(sumsHide(weights)).toBe(true)
      }),
    )
  })

  it('never falls with more patients or a better reputation, and a newcomer’s changes nothing', () => {
    fc.assert(
      fc.property(patients, patients, reputation, reputation, (p, q, r, s) => {
        const most = maskedWeight(Math.max(p, q), Math.max(r, s))
        expect(maskedWeight(Math.min(p, q), Math.min(r, s))).toBeLessThanOrEqual(most)
      }),
    )
    for (const count of [1, 30, 90, 1000]) expect(maskedWeight(weightOf(count, 20), 5000)).toBe(weightOf(count, 20))
    expect([maskedWeight(4, 10_000), maskedWeight(4, 0)]).toEqual([6, 2])
  })
})

describe('sameSet', () => {
  const set = [hospital(1), hospital(2, 3), hospital(3)]

  it('tells sets apart by hospital, weight and length', () => {
    expect(
      sameSet(
        set,
        set.map(one => ({ ...one })),
      ),
    ).toBe(true)
    expect(sameSet(set, set.slice(1))).toBe(false)
    expect(sameSet(set, [...set, hospital(4)])).toBe(false)
    expect(sameSet(set, [hospital(1), hospital(2, 4), hospital(3)])).toBe(false)
    expect(sameSet(set, [hospital(1), hospital(4, 3), hospital(3)])).toBe(false)
    expect(sameSet(set, [hospital(1), { ...hospital(2, 3), hospital: addressOf(9) }, hospital(3)])).toBe(false)
  })
})
