import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { chargeRound, roundsCovered } from './coverage.ts'
import { openLedger, spent } from './ledger.ts'
import { privacyPlan } from './plan.ts'

const place = { deployment: '0x01', study: '0x02', at: 1 }
const settings = { steps: 2, sampleRate: 1, clip: 1 }

describe('the rounds that a budget covers', () => {
  it('are all of a study that promises as much as the budget, at the same δ but for a hair', () => {
    const privacy = privacyPlan({ epsilon: 2, delta: 1e-5, rounds: 12 }, settings)
    expect(roundsCovered(openLedger('patients', { epsilon: 2.01, delta: 1e-5 }), privacy, 12)).toBe(12)
  })

  it('can be charged one by one, and not one more', () => {
    const goals = fc.record({ epsilon: fc.double({ min: 0.5, max: 8, noNaN: true }), rate: fc.constantFrom(1, 0.1) })
    fc.assert(
      fc.property(goals, ({ epsilon, rate }) => {
        const privacy = privacyPlan({ epsilon, delta: 1e-5, rounds: 10 }, { ...settings, sampleRate: rate })
        let ledger = openLedger('patients', { epsilon: epsilon / 2, delta: 1e-5 })
        const covered = roundsCovered(ledger, privacy, 20)
        expect(covered).toBeLessThan(10)
        let refusedAt = 0
        for (let round = 1; refusedAt === 0; round++) {
          try {
            ledger = chargeRound(ledger, privacy, { ...place, round })
          } catch (error) {
            if (!isAppError(error, 'privacy.budgetSpent')) throw error
            refusedAt = round
          }
        }
        expect(refusedAt - 1).toBe(covered)
        expect(spent(ledger)).toBeLessThanOrEqual(epsilon / 2)
      }),
      { numRuns: 6 },
    )
  })

  it('charges a round once', () => {
    const privacy = privacyPlan({ epsilon: 3, delta: 1e-5, rounds: 4 }, { ...settings, sampleRate: 0.1 })
    const once = chargeRound(openLedger('patients', { epsilon: 3, delta: 1e-5 }), privacy, { ...place, round: 1 })
    expect(once.entries).toHaveLength(1)
    expect(chargeRound(once, privacy, { ...place, round: 1 })).toEqual(once)
  })
})
