/**
 * npm run bench -- audits [--games 10000] [--hospitals 8] [--harm 100] [--rerolls 3] [--seed 1] [--json] [--write]
 * What cheating would bring under the audits that are proposed, played through beacon and draw, and what auditing
 * costs. Fails where a cheat that the protocol allows would pay.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Cheat, caughtOnce, caughtOver, cheats } from '../src/audit/game/detection.ts'
import { type AuditPlan, drawnHospitals, mostAuditedSteps, oddsOf } from '../src/audit/game/plan.ts'
import { type AuditProposal, atRiskOf, auditInFull, auditInPart, proposedHarm } from '../src/audit/game/proposals.ts'
import { type Game, type Outcome, type Player, players, simulate } from '../src/audit/game/simulate.ts'
import { gainOf, largestGain, leastAtRisk } from '../src/audit/game/stakes.ts'
import { digitsStudy } from '../src/study/studies/digits.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import type { SuggestedRules } from '../src/study/studies/StudyPlan.ts'
import { type ProofFigures, parseProofFigures } from './audits/proofFigures.ts'
import { grouped, percent } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const { values: options } = parseArgs({
  options: {
    games: { type: 'string', default: '10000' },
    hospitals: { type: 'string', default: '8' },
    harm: { type: 'string', default: String(proposedHarm) },
    rerolls: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const games = Number(options.games)
const hospitals = Number(options.hospitals)
const harm = Number(options.harm)
const rerolls = Number(options.rerolls)
/** What an audit looks at in each of the plans that are compared. */
const audits = [1, 2, 4, 8]

interface Setting {
  readonly name: string
  readonly rules: SuggestedRules
  readonly proposal: AuditProposal
  readonly game: Game
}

const settings: readonly Setting[] = [
  settingOf('heart', heartStudy().rules, auditInFull),
  settingOf('digits', digitsStudy().rules, auditInPart),
]
const names: Readonly<Record<Player, string>> = {
  honest: 'honest',
  badStep: 'one wrong step',
  replay: 'lazy: the old model again',
  jump: 'poisoner: a made-up end',
  silence: 'silent when drawn',
  reroll: `wrong step, ${rerolls} hashes thrown away`,
  withhold: 'wrong step, keeps its reveal back',
  informed: '(hashes thrown away, all reveals known)',
}

const results = settings.map(setting => ({ ...setting, outcomes: played(setting) }))
const figures = parseProofFigures(await readFile(new URL('../docs/benchmarks/proofs.md', import.meta.url), 'utf8'))
const costs = figures.flatMap(model => audits.map(audited => costOf(model, audited)))
const text = [gamesTable(), stakesTable(), costTable()].join('\n\n')
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- audits', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('audits', { title: 'What cheating and auditing cost', command, text })
  process.stderr.write('Written to docs/benchmarks/audits.md.\n')
}
if (options.json) process.stdout.write(`${JSON.stringify({ results, costs })}\n`)
const paying = results.flatMap(({ name, outcomes }) =>
  players.filter(player => isAllowed(player) && outcomes[player].mean >= 0).map(player => `${names[player]} (${name})`),
)
if (paying.length > 0) throw new Error(`Would pay: ${paying.join(', ')}.`)

/** One of the cheats that have to lose: not the honest, and not who knows what nobody can. */
function isAllowed(player: Player): boolean {
  return player !== 'honest' && player !== 'informed'
}

function settingOf(name: string, rules: SuggestedRules, proposal: AuditProposal): Setting {
  const { rewardPerRound, rounds, stake } = rules
  const gain = gainOf({ rewardPerRound, hospitals, rounds, halfToFirst: false, carry: 0, harm })
  const atRisk = atRiskOf(stake, proposal.stakeBps)
  // Work that costs more than its reward would not be done at all.
  const temptation = { gain, saved: rewardPerRound }
  return { name, rules, proposal, game: { plan: proposal.plan, hospitals, atRisk, temptation, rerolls } }
}

function played({ name, game }: Setting): Record<Player, Outcome> {
  const outcomes = players.map((player, i) => {
    const outcome = simulate(game, player, games, Number(options.seed) + i)
    process.stderr.write(`${name}, ${names[player]}: played.\n`)
    return [player, outcome] as const
  })
  return Object.fromEntries(outcomes) as Record<Player, Outcome>
}

function gamesTable(): string {
  const mean = ({ mean, standardError }: Outcome) => `${signed(mean)} ± ${(1.96 * standardError).toFixed(1)}`
  return [
    `Credits a round against honest training, mean and its 95 % interval. ${grouped(games)} rounds each, of ` +
      `${hospitals} hospitals.`,
    layOut([
      ['', ...results.flatMap(({ name }) => [`${name}: caught`, 'mean'])],
      ...players.map(player => [
        names[player],
        ...results.flatMap(({ outcomes }) => [percent(outcomes[player].caught, 1), mean(outcomes[player])]),
      ]),
    ]),
  ].join('\n')
}

function stakesTable(): string {
  const row = (name: string, cell: (setting: Setting) => string) => [name, ...settings.map(cell)]
  const caught = ({ game }: Setting, cheat: Cheat) => caughtOnce(oddsOf(game.plan, hospitals), cheat)
  const breakEven = (setting: Setting, cheat: Cheat) =>
    largestGain(setting.game.atRisk, setting.game.temptation.saved, caught(setting, cheat))
  const stakeFor = (setting: Setting, cheat: Cheat) => leastAtRisk(setting.game.temptation, caught(setting, cheat))
  const inAll = (setting: Setting) =>
    caughtOver(Array.from({ length: setting.rules.rounds }, () => caught(setting, 'badStep')))
  return [
    'Proposed, and where it breaks even. Computed; credits.',
    layOut([
      row('', ({ name }) => name),
      row('hospitals drawn', ({ game }) => `${drawnHospitals(game.plan, hospitals)} of ${hospitals}`),
      row('segments audited', ({ game: { plan } }) => `${plan.audited} of ${plan.segments}`),
      row('stake', ({ rules }) => grouped(rules.stake)),
      row('a failed audit costs', ({ game }) => grouped(game.atRisk)),
      row('gain: the round’s pool and the harm', ({ game }) => grouped(game.temptation.gain)),
      row('saved by not training', ({ game }) => grouped(game.temptation.saved)),
      ...cheats.flatMap(cheat => [
        row(`${names[cheat]}: caught`, setting => percent(caught(setting, cheat), 1)),
        row('  breaks even at a gain of', setting => grouped(breakEven(setting, cheat))),
        row('  least that has to be at risk', setting => grouped(stakeFor(setting, cheat))),
      ]),
      row('one wrong step in each round: caught', setting => percent(inAll(setting), 3)),
      row('  of rounds', ({ rules }) => String(rules.rounds)),
      row('honest, absent from one audit in 100: a round', ({ game }) => signed(-absence(game))),
    ]),
  ].join('\n')
}

/** What a hospital loses a round that does not answer every hundredth audit: silence is a failure. */
function absence({ plan, atRisk }: Game): number {
  return (oddsOf(plan, hospitals).drawn * atRisk) / 100
}

interface AuditCost {
  readonly model: string
  readonly audited: number
  /** Of one wrong step. */
  readonly caught: number
  readonly atRisk: number
  readonly steps: number
  readonly seconds: number
  readonly megabytes: number
  readonly gas: number
  /** Of all drawn hospitals of a round. */
  readonly roundGas: number
}

/** Of a hospital that is drawn, in a round of one epoch. */
function costOf({ model, proveMs, proofKb, gas, steps: all }: ProofFigures, audited: number): AuditCost {
  const plan: AuditPlan = { ...auditInPart.plan, audited }
  const caught = caughtOnce(oddsOf(plan, hospitals), 'badStep')
  const steps = mostAuditedSteps(all, plan)
  return {
    model,
    audited,
    caught,
    atRisk: leastAtRisk(settings[0]!.game.temptation, caught),
    steps,
    seconds: (steps * proveMs) / 1000,
    megabytes: (steps * proofKb) / 1000,
    gas: steps * gas,
    roundGas: steps * gas * drawnHospitals(plan, hospitals),
  }
}

function costTable(): string {
  return [
    'What an audit costs a drawn hospital in a round of one epoch, at most: every step of the segments, a proof each.',
    'Times, bytes and gas of a proof from docs/benchmarks/proofs.md.',
    'Gas: were each verified on the chain, a transaction each.',
    layOut(
      [
        ['', 'segments', 'caught', 'at risk', 'proofs', 'prove s', 'MB', 'gas, M', 'round: gas, M'],
        ...costs.map(cost => [
          cost.audited === audits[0] ? cost.model : '',
          `${cost.audited} of 8`,
          percent(cost.caught, 1),
          Number.isFinite(cost.atRisk) ? grouped(cost.atRisk) : 'none',
          String(cost.steps),
          cost.seconds.toFixed(1),
          cost.megabytes.toFixed(2),
          grouped(cost.gas / 1e6),
          grouped(cost.roundGas / 1e6),
        ]),
      ],
      2,
    ),
    'Caught: of one wrong step. At risk: the least that a failed audit has to cost; none: no stake is enough.',
  ].join('\n')
}

function signed(value: number): string {
  return value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1).replace('-', '−')
}
