/**
 * npm run bench -- exact [--seeds 5] [--json] [--write]
 * Training in exact integers against the same SGD in float32: accuracy from the same starts and batches, and the time of a
 * step on WASM against tfjs' cpu backend. Four models; two minutes. --write keeps the table as docs/benchmarks/exact.md.
 */
import { parseArgs } from 'node:util'
import { longestSegment } from '../src/audit/engine/bounds.ts'
import { WEIGHT_LIMIT } from '../src/audit/engine/shape.ts'
import { activateBackend, loadBackend } from '../src/training/backends.ts'
import { type Accuracies, compareAccuracy, compareTime } from './exact/compare.ts'
import { type Kind, kinds } from './exact/tasks.ts'
import { grouped, mean, percent, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

interface Result {
  readonly name: string
  readonly batch: number
  readonly rate: number
  readonly steps: number
  readonly exact: number
  readonly float: number
  readonly differences: readonly number[]
  readonly weight: number
  readonly activation: number
  readonly ms: { readonly exact: number; readonly float: number }
  readonly segment: number
}

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1)
if (seeds.length === 0) {
  process.stderr.write('--seeds takes a whole number above 0.\n')
  process.exit(1)
}

/** Points of accuracy that exact training may lose. */
const mostLost = 0.005
const longest = 1000

await loadBackend('cpu')
activateBackend('cpu')
const results: Result[] = []
for (const kind of kinds) results.push(await measure(kind))
const text = table()
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- exact', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('exact', { title: 'Training in exact integers', command, text })
  process.stderr.write('Written to docs/benchmarks/exact.md.\n')
}
if (options.json) process.stdout.write(`${JSON.stringify({ bench: 'exact', seeds: seeds.length, models: results })}\n`)

async function measure(kind: Kind): Promise<Result> {
  const runs: Accuracies[] = []
  for (const seed of seeds) {
    runs.push(await compareAccuracy(kind, seed))
    process.stderr.write(`${kind.name}, seed ${seed}\n`)
  }
  return {
    name: kind.name,
    batch: kind.shape.batch,
    rate: kind.shape.batch * 2 ** -kind.shape.shift,
    steps: runs[0]!.steps,
    exact: mean(runs.map(run => run.exact)),
    float: mean(runs.map(run => run.float)),
    differences: runs.map(run => run.exact - run.float),
    weight: Math.max(...runs.map(run => run.weight)),
    activation: Math.max(...runs.map(run => run.activation)),
    ms: await compareTime(kind),
    segment: longestSegment(kind.shape, WEIGHT_LIMIT, longest),
  }
}

function table(): string {
  const points = (share: number) => `${share < 0 ? '−' : '+'}${(Math.abs(share) * 100).toFixed(2)}`
  const verdict = (isMet: boolean) => (isMet ? '' : ', MISSED')
  const columns = results.map(of => [
    of.name,
    grouped(of.steps),
    String(of.batch),
    String(of.rate),
    percent(of.exact),
    percent(of.float),
    `${points(of.exact - of.float)}${verdict(of.exact - of.float >= -mostLost)}`,
    `${points(Math.min(...of.differences))} to ${points(Math.max(...of.differences))}`,
    of.ms.exact.toFixed(4),
    of.ms.float.toFixed(4),
    `${(of.ms.exact / of.ms.float).toFixed(2)}${verdict(of.ms.exact <= of.ms.float)}`,
    percent(of.weight, 0),
    of.activation === 0 ? '–' : percent(of.activation, 0),
    of.segment === longest ? `${grouped(longest)} or more` : String(of.segment),
  ])
  const heads = [
    '',
    'steps',
    'rows of a batch',
    'learning rate',
    'accuracy, exact',
    'accuracy, float32',
    'difference, points (at least −0.5)',
    '  of the seeds',
    'ms a step, exact, WASM',
    'ms a step, tfjs cpu',
    'exact / tfjs (at most 1)',
    'largest weight, of 16',
    'largest activation, of 64',
    'steps between weights’ range checks',
  ]
  return [
    `Means of ${seeds.length} seeds; medians of times. ${processor()}.`,
    layOut(heads.map((head, i) => [head, ...columns.map(column => column[i]!)])),
  ].join('\n')
}
