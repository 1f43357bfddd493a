import { describe, expect, it } from 'vitest'
import { caughtOnce, cheats } from './detection.ts'
import { oddsOf } from './plan.ts'
import { auditInFull } from './proposals.ts'
import { type Game, type Habit, type Player, simulate } from './simulate.ts'
import { meanBalance } from './stakes.ts'

const game: Game = {
  hospitalsBps: auditInFull.plan.hospitalsBps,
  hospitals: 4,
  rounds: 15,
  stake: 1000,
  forfeit: 500,
  temptation: { gain: 180, saved: 10 },
  rerolls: 3,
}
const odds = oddsOf(auditInFull.plan, game.hospitals)
const games = 600
/** Of 15 rounds it is left out of one; the three others are in all. */
const returned = 14 / 59

function play(player: Player, habit: Habit = 'once', changes: Partial<Game> = {}) {
  return simulate({ ...game, ...changes }, player, habit, games, 2)
}

describe('Simulated studies', () => {
  it('never cost an honest hospital anything', () => {
    const honest = simulate(game, 'honest', 'always', 60, 1)
    expect(honest).toEqual({ games: 60, caught: 0, mean: 0, standardError: 0 })
  })

  it.each(cheats)('catch %s in one round as often as computed, and at that price', cheat => {
    const { caught, mean, standardError } = play(cheat)
    const expected = caughtOnce(odds, cheat)
    expect(Math.abs(caught - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / games))
    const balance = meanBalance(game.temptation, game.forfeit, expected, returned)
    expect(balance).toBeLessThan(0)
    expect(Math.abs(mean - balance)).toBeLessThan(4 * standardError)
    expect(mean).toBeCloseTo(meanBalance(game.temptation, game.forfeit, caught, returned), 9)
  })

  it('end for who always cheats when its stake is used up, the second time because it is due', () => {
    const { caught, mean, standardError } = play('badStep', 'always')
    expect(caught).toBeGreaterThan(0.999)
    // One round goes unnoticed before the first failure, none before the second.
    const { gain, saved } = game.temptation
    const expected = gain + 3 * saved - 1000
    // What comes back to it is little, as it is in one round of fifteen.
    const least = expected + 1000 * (1 / 46)
    expect(Math.abs(mean - least)).toBeLessThan(4 * standardError + 5)
  })

  it('gain nothing by hashes thrown away, as long as the reveals are not known', () => {
    const blind = play('reroll')
    expect(Math.abs(blind.caught - odds.drawn)).toBeLessThan(4 * Math.sqrt(0.25 / games))
    expect(blind.mean).toBeLessThan(0)
    // All four hashes would have to catch it.
    const informed = play('informed')
    expect(informed.caught).toBeLessThan(2 * odds.drawn ** 4)
    expect(informed.mean).toBeGreaterThan(0)
  })

  it('gain nothing by a reveal kept back, which ends as a failed audit does', () => {
    expect(play('withhold')).toEqual(play('badStep'))
  })

  it('gain nothing by a hash that nobody captures, as all are drawn then', () => {
    expect(play('forget')).toMatchObject({ caught: 1 })
    expect(play('forget').mean).toBeCloseTo(10 - 500 * (1 - returned), 9)
  })

  it('would gain by it where twice the share is not all', () => {
    const thin = { hospitalsBps: 2500 }
    const forgotten = play('forget', 'once', thin)
    expect(forgotten.caught).toBeLessThan(2 * 0.5 ** 4)
    expect(forgotten.mean).toBeGreaterThan(play('badStep', 'once', thin).mean)
  })

  it('are the same for the same seed', () => {
    expect(simulate(game, 'jump', 'once', 50, 6)).toEqual(simulate(game, 'jump', 'once', 50, 6))
    expect(simulate(game, 'jump', 'once', 50, 6)).not.toEqual(simulate(game, 'jump', 'once', 50, 7))
  })
})
