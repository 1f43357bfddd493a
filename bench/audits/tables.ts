import { caughtOnce, caughtOver } from '../../src/audit/game/detection.ts'
import { drawnHospitals, oddsOf } from '../../src/audit/game/plan.ts'
import { auditInFull } from '../../src/audit/game/proposals.ts'
import { type Habit, habits, type Outcome, type Player, players } from '../../src/audit/game/simulate.ts'
import { largestGain } from '../../src/audit/game/stakes.ts'
import { grouped, percent } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { type Assumptions, leastFor, type Setting, temptationOf } from './settings.ts'
import type { AuditShare, RoundFigures } from './share.ts'

/** What became of each player's games. */
export type Outcomes = Readonly<Record<Player, Readonly<Record<Habit, Outcome>>>>

/** Players in words. @param rerolls hashes that some throw away */
export function namesOf(rerolls: number): Readonly<Record<Player, string>> {
  return {
    honest: 'honest',
    badStep: 'one wrong step',
    replay: 'lazy: the old model again',
    jump: 'poisoner: a made-up or scaled end',
    silence: 'no proof, or a late one',
    reroll: `wrong step, ${rerolls} hashes thrown away`,
    withhold: 'wrong step, keeps its reveal back',
    forget: `wrong step, no capture, ${rerolls} thrown away`,
    informed: '(hashes thrown away, all reveals known)',
  }
}

/** One setting's games. */
export function gamesTable({ name, game }: Setting, outcomes: Outcomes): string {
  const names = namesOf(game.rerolls)
  const cells = ({ caught, mean, standardError }: Outcome) => [
    percent(caught, 1),
    `${signed(mean)} ± ${(1.96 * standardError).toFixed(1)}`,
  ]
  return layOut([
    [name, ...habits.flatMap(habit => [`${habit}: caught`, 'mean'])],
    ...players.map(player => [names[player], ...habits.flatMap(habit => cells(outcomes[player][habit]))]),
  ])
}

/** Chances, stakes and where cheating breaks even, by closed forms. */
export function stakesTable(settings: readonly Setting[], assumptions: Assumptions): string {
  const row = (head: string, cell: (setting: Setting) => string) => [head, ...settings.map(cell)]
  const least = (head: string, pot: (setting: Setting) => number) =>
    row(head, setting => {
      const atRisk = leastFor(setting.odds, temptationOf(setting.rules, assumptions, pot(setting)))
      return `${grouped(atRisk)}, ${percent(atRisk / setting.rules.stake, 0)}`
    })
  return [
    'Computed; credits. A whole round is proven, so that every cheat is caught with the same chance.',
    layOut([
      row('', ({ name }) => name),
      row('hospitals drawn', ({ game }) => `${drawnIn(game)} of ${game.hospitals}`),
      row('stake', ({ rules }) => grouped(rules.stake)),
      row('a failed audit takes', ({ game }) => grouped(game.forfeit)),
      row('  of which comes back at the end', ({ game, odds }) => grouped(game.forfeit * odds.returned)),
      row('gain: a round’s pool, the harm, a part of the pot', ({ game }) => grouped(game.temptation.gain)),
      row('saved by not training', ({ game }) => grouped(game.temptation.saved)),
      row('caught in a round', ({ odds }) => percent(caughtOnce(odds, 'badStep'), 1)),
      row('  with one wrong step in each of five', ({ odds }) => {
        return percent(caughtOver(Array.from({ length: 5 }, () => caughtOnce(odds, 'badStep'))), 1)
      }),
      row('breaks even at a gain of', ({ game, odds }) => {
        return grouped(largestGain(game.forfeit, game.temptation.saved, caughtOnce(odds, 'badStep'), odds.returned))
      }),
      least('least that a failed audit has to take, of the stake', ({ game }) => game.forfeit),
      least('  with nothing in the pot', () => 0),
      least('  after a fault of another', ({ game, fault }) => game.forfeit + fault),
      row('honest, absent from one audit in 100: a round', ({ game, odds }) => {
        return signed((-odds.drawn * game.forfeit * (1 - odds.returned)) / 100)
      }),
    ]),
    'Pot: one failed audit of another hospital. Fault: what a missed deadline takes, besides.',
  ].join('\n')
}

/** What has to be at risk by how many hospitals take part. */
export function hospitalsTable({ rules, game }: Setting, { places }: Assumptions): string {
  const rows = Array.from({ length: places - 1 }, (_, i) => {
    const odds = oddsOf({ ...auditInFull.plan, hospitalsBps: game.hospitalsBps }, i + 2)
    const atRisk = leastFor(odds, game.temptation)
    const shares = [odds.drawn, odds.returned].map(share => percent(share, 1))
    return [String(i + 2), ...shares, grouped(atRisk), percent(atRisk / rules.stake, 0)]
  })
  return [
    `The least that a failed audit has to take, by how many of ${places} hospitals take part.`,
    layOut([['hospitals', 'drawn', 'comes back', 'credits', 'of the stake'], ...rows]),
  ].join('\n')
}

/** What one proof of a whole round costs a hospital, and a round. */
export function roundTable(settings: readonly Setting[], figures: RoundFigures): string {
  const { proveMs, proofKb, gas, commitMs, prepareMs } = figures
  const row = (head: string, cost: number, digits: number) => [
    head,
    ...[1, ...settings.map(({ game }) => drawnIn(game))].map(proofs => (proofs * cost).toFixed(digits)),
  ]
  return [
    'What a round’s audits cost where each is one proof of a whole round. Times are of one thread.',
    layOut([
      ['', 'a drawn hospital', ...settings.map(({ name }) => name)],
      row('proofs', 1, 0),
      row('prove, s', proveMs / 1000, 1),
      row('on the chain, kB', proofKb, 0),
      row('gas, M', gas / 1e6, 1),
    ]),
    `Each hospital commits to its data once, ${grouped(prepareMs)} ms, and to its weights in each round, ${grouped(commitMs)} ms.`,
  ].join('\n')
}

/** What audits take of a timed study. @param largest share that they may take */
export function shareLine({ rounds, seconds, proofs, auditSeconds, share }: AuditShare, largest: number): string {
  return (
    `Of ${rounds} rounds in ${grouped(seconds)} s a hospital’s processor commits and proves (${proofs} times) for ` +
    `${auditSeconds.toFixed(1)} s: ${percent(share, 1)}; target at most ${percent(largest, 0)}: ` +
    `${share <= largest ? 'met' : 'missed'}.`
  )
}

function drawnIn({ hospitalsBps, hospitals }: Setting['game']): number {
  return drawnHospitals({ ...auditInFull.plan, hospitalsBps }, hospitals)
}

function signed(value: number): string {
  return value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1).replace('-', '−')
}
