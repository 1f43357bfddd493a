import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { privacyPlan } from './plan.ts'
import { roundMechanism, studyEpsilon } from './studyPrivacy.ts'

describe('a privacy plan', () => {
  const goals = fc.record({
    epsilon: fc.double({ min: 0.2, max: 12, noNaN: true }),
    delta: fc.constantFrom(1e-4, 1e-5, 1e-6),
    rounds: fc.integer({ min: 1, max: 60 }),
  })

  it.each([1, 0.05])('keeps the promise with little to spare, at a sample rate of %d', sampleRate => {
    fc.assert(
      fc.property(goals, fc.integer({ min: 1, max: 20 }), (goal, steps) => {
        const privacy = privacyPlan(goal, { steps, sampleRate, clip: 1 })
        const epsilon = studyEpsilon({ privacy }, goal.rounds) as number
        expect(epsilon).toBeLessThanOrEqual(goal.epsilon * (1 + 1e-9))
        expect(epsilon).toBeGreaterThan(goal.epsilon * 0.99)
      }),
      { numRuns: 25 },
    )
  })

  it('counts the steps of all rounds', () => {
    const privacy = privacyPlan({ epsilon: 3, delta: 1e-5, rounds: 4 }, { steps: 60, sampleRate: 0.05, clip: 1 })
    expect(roundMechanism(privacy, 4)).toEqual({ sigma: privacy.noise, q: 0.05, steps: 240 })
  })

  it('costs the same and asks for the same noise where clips follow the patients', () => {
    const goal = { epsilon: 3, delta: 1e-5, rounds: 4 }
    const settings = { steps: 2, sampleRate: 1, clip: 1 }
    const privacy = privacyPlan(goal, { ...settings, adaptive: true })
    expect(privacy).toEqual({ ...privacyPlan(goal, settings), adaptive: true })
    expect(privacyPlan(goal, { ...settings, adaptive: false })).not.toHaveProperty('adaptive')
    expect(roundMechanism(privacy, 4)).toEqual(roundMechanism(privacyPlan(goal, settings), 4))
  })

  it('without privacy there is no ε', () => {
    expect(studyEpsilon({}, 15)).toBeNull()
  })
})
