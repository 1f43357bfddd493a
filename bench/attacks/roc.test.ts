import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussianEpsilon } from '../../src/privacy/accountant/gaussian.ts'
import { auc, gaussianArea, gaussianRate, promisedArea, promisedRate, standardScores, truePositiveRate } from './roc.ts'

const guesses = (members: readonly number[], others: readonly number[]) => [
  ...members.map(score => ({ score, isMember: true })),
  ...others.map(score => ({ score, isMember: false })),
]

describe('what guesses are worth', () => {
  it('is how often a member scores above another, ties by half', () => {
    // 3 > 1, 3 > 2, 2 > 1, 2 = 2.
    expect(auc(guesses([3, 2], [1, 2]))).toBe(3.5 / 4)
    expect(() => auc(guesses([1], []))).toThrow(RangeError)
  })

  it('counts the members above what the allowed share of others reaches, and no tie with the next', () => {
    const others = Array.from({ length: 100 }, (_, i) => i)
    // One of a hundred may be named, 99, so what lies above 98 counts.
    expect(truePositiveRate(guesses([98, 98.5, 200, 3], others), 0.01)).toBe(0.5)
    expect(truePositiveRate(guesses([98, 98.5, 200, 3], others), 0)).toBe(0.25)
    expect(truePositiveRate(guesses([1, 1], [1, 1, 1]), 0.5)).toBe(0)
  })

  it('does not change within a hospital when its scores are brought to a common scale', () => {
    const scores = standardScores(Float64Array.of(1, 2, 3, 6))
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 12)
    expect(scores.reduce((sum, score) => sum + score ** 2, 0)).toBeCloseTo(4, 12)
    expect([...standardScores(Float64Array.of(2, 2))]).toEqual([0, 0])
  })
})

describe('what is promised', () => {
  it('is a coin toss at ε = 0, and 73 and 99.3 in a hundred at 1 and 5, as docs/privacy.md says', () => {
    expect(promisedArea({ epsilon: 0, delta: 0 })).toBeCloseTo(0.5, 4)
    expect(promisedArea({ epsilon: 1, delta: 0 })).toBeCloseTo(1 / (1 + Math.exp(-1)), 4)
    expect(promisedArea({ epsilon: 5, delta: 0 })).toBeCloseTo(0.9933, 4)
    expect(promisedRate(0.01, { epsilon: 1, delta: 1e-4 })).toBeCloseTo(0.02728, 5)
  })

  it('is never less than what the noise that keeps it allows', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.double({ min: 1e-4, max: 0.99, noNaN: true }),
        (mu, rate) => {
          const promised = { epsilon: gaussianEpsilon(mu, 1e-4), delta: 1e-4 }
          expect(gaussianRate(rate, mu)).toBeLessThanOrEqual(promisedRate(rate, promised) + 1e-9)
        },
      ),
    )
    expect(gaussianRate(0.01, 0)).toBeCloseTo(0.01, 9)
    expect(gaussianArea(0)).toBeCloseTo(0.5, 12)
  })
})
