/**
 * npm run bench -- audits [--games 10000] [--places 8] [--harm 100] [--rerolls 3] [--seed 1] [--json] [--write]
 *   --proof 2000,90,4000000,100,500   what was measured of a whole round: ms to prove, kB, gas, ms to commit to the weights
 *                                     and, once, to the data
 *   --demo FILE                       with --proof: what `npm run demo -- --headless --json --rounds 20` printed, for the
 *                                     share of its time that audits take
 * What cheating would bring under the audits of proven studies, played through beacon and draw, and what auditing costs.
 * Fails where a cheat that the protocol allows would pay, and where audits take more than a tenth of the time.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { proposedHarm } from '../src/audit/game/proposals.ts'
import { habits, type Player, players, simulate } from '../src/audit/game/simulate.ts'
import { parseProofFigures } from './audits/proofFigures.ts'
import { type Setting, settingOf } from './audits/settings.ts'
import { type AuditShare, auditShare, parseDemo, parseRound, type RoundFigures } from './audits/share.ts'
import { stepCosts, stepsTable } from './audits/steps.ts'
import {
  gamesTable,
  hospitalsTable,
  namesOf,
  type Outcomes,
  roundTable,
  shareLine,
  stakesTable,
} from './audits/tables.ts'
import { grouped, percent } from './shared/numbers.ts'
import { writePage } from './shared/writePage.ts'

const { values: options } = parseArgs({
  options: {
    games: { type: 'string', default: '10000' },
    places: { type: 'string', default: '8' },
    harm: { type: 'string', default: String(proposedHarm) },
    rerolls: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    proof: { type: 'string' },
    demo: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const games = Number(options.games)
const rerolls = Number(options.rerolls)
const assumptions = { places: Number(options.places), harm: Number(options.harm), rerolls }
const largestShare = 0.1
const heart = settingOf('heart, 4 hospitals', 15, 4, assumptions)
/** As it comes, and as short as it is with noise. */
const shipped: readonly Setting[] = [heart, settingOf('heart, 5 rounds', 5, 4, assumptions)]
const settings: readonly Setting[] = [...shipped, settingOf('8 hospitals', 15, 8, assumptions)]
const names = namesOf(rerolls)

const figures = options.proof === undefined ? null : parseRound(options.proof)
const share = figures && options.demo !== undefined ? await shareOf(figures, options.demo) : null
const page = await readFile(new URL('../docs/benchmarks/proofs.md', import.meta.url), 'utf8')
const costs = parseProofFigures(page).flatMap(model => stepCosts(model, assumptions.places, heart.game.temptation))
const results = shipped.map(setting => ({ ...setting, outcomes: played(setting) }))
const head = [
  `Credits a study against honest training, mean and its 95 % interval. ${grouped(games)} studies each.`,
  'Once: in the last round alone. Always: until the stake is used up. Caught: in what part of the studies.',
].join('\n')
const text = [
  head,
  ...results.map(result => gamesTable(result, result.outcomes)),
  stakesTable(settings, assumptions),
  hospitalsTable(heart, assumptions),
  ...(figures ? [roundTable(settings, figures)] : []),
  ...(share ? [shareLine(share, largestShare)] : []),
  stepsTable(costs, assumptions.places),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- audits', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('audits', { title: 'What cheating and auditing cost', command, text })
  process.stderr.write('Written to docs/benchmarks/audits.md.\n')
}
if (options.json) process.stdout.write(`${JSON.stringify({ results, share, costs })}\n`)
const paying = results.flatMap(({ name, outcomes }) =>
  players
    .filter(player => isAllowed(player) && habits.some(habit => outcomes[player][habit].mean >= 0))
    .map(player => `${names[player]} (${name})`),
)
if (paying.length > 0) throw new Error(`Would pay: ${paying.join(', ')}.`)
if (share && share.share > largestShare) throw new Error(`Audits take ${percent(share.share)} of the study’s time.`)

/** One of the cheats that have to lose: not the honest, and not who knows what nobody can. */
function isAllowed(player: Player): boolean {
  return player !== 'honest' && player !== 'informed'
}

async function shareOf(figures: RoundFigures, demo: string): Promise<AuditShare> {
  return auditShare(figures, parseDemo(await readFile(demo, 'utf8')), heart.odds.drawn)
}

function played({ name, game }: Setting): Outcomes {
  const outcomes = players.map((player, i) => {
    const byHabit = habits.map((habit, j) => {
      return [habit, simulate(game, player, habit, games, Number(options.seed) + habits.length * i + j)] as const
    })
    process.stderr.write(`${name}, ${names[player]}: played.\n`)
    return [player, Object.fromEntries(byHabit)] as const
  })
  return Object.fromEntries(outcomes) as Outcomes
}
