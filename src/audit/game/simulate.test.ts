import { describe, expect, it } from 'vitest'
import { caughtOnce, cheats } from './detection.ts'
import { oddsOf } from './plan.ts'
import { auditInFull, auditInPart } from './proposals.ts'
import { type Game, simulate } from './simulate.ts'
import { meanBalance } from './stakes.ts'

const inPart: Game = {
  plan: auditInPart.plan,
  hospitals: 4,
  atRisk: 1000,
  temptation: { gain: 180, saved: 10 },
  rerolls: 3,
}
const inFull: Game = { ...inPart, plan: auditInFull.plan, atRisk: 300 }
const games = 600

describe('Simulated rounds', () => {
  it('never cost an honest hospital anything', () => {
    expect(simulate(inPart, 'honest', games, 1)).toEqual({ games, caught: 0, mean: 0, standardError: 0 })
  })

  it.each(cheats)('catch %s as often as computed, and at that price', cheat => {
    const { caught, mean, standardError } = simulate(inPart, cheat, games, 2)
    const expected = caughtOnce(oddsOf(inPart.plan, inPart.hospitals), cheat)
    expect(Math.abs(caught - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / games))
    const balance = meanBalance(inPart.temptation, inPart.atRisk, expected)
    expect(balance).toBeLessThan(0)
    expect(Math.abs(mean - balance)).toBeLessThan(4 * standardError)
  })

  it('gain nothing by hashes thrown away, as long as the reveals are not known', () => {
    const expected = caughtOnce(oddsOf(inFull.plan, inFull.hospitals), 'badStep')
    const blind = simulate(inFull, 'reroll', games, 3)
    expect(Math.abs(blind.caught - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / games))
    expect(blind.mean).toBeLessThan(0)
    // All four hashes would have to catch it.
    const informed = simulate(inFull, 'informed', games, 3)
    expect(informed.caught).toBeLessThan(2 * expected ** 4)
    expect(informed.mean).toBeGreaterThan(0)
  })

  it('gain nothing by a reveal kept back, even for whoever makes the fallback block', () => {
    const withheld = simulate(inPart, 'withhold', games, 4)
    expect(withheld.mean).toBeLessThan(0)
    expect(withheld.mean).toBeCloseTo(meanBalance(inPart.temptation, inPart.atRisk, withheld.caught), 9)
  })

  it('would gain by it where the fallback does not audit all', () => {
    const thin = { ...inPart, plan: { ...inPart.plan, audited: 2 } }
    const withheld = simulate(thin, 'withhold', games, 5)
    expect(withheld.mean).toBeGreaterThan(meanBalance(thin.temptation, thin.atRisk, withheld.caught) + 1)
  })

  it('are the same for the same seed', () => {
    expect(simulate(inPart, 'jump', 50, 6)).toEqual(simulate(inPart, 'jump', 50, 6))
    expect(simulate(inPart, 'jump', 50, 6)).not.toEqual(simulate(inPart, 'jump', 50, 7))
  })
})
