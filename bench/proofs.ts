/**
 * npm run bench -- proofs [--proofs 5] [--steps 0,1,2,3] [--rounds 0,1,2,3] [--parameters 7,24,19,16] [--json] [--write]
 * Proves real steps and whole rounds of training in a worker of headless Chromium, one thread, and verifies the proofs there and on Anvil.
 * Prints tables; with --json an array of {name, shape, batch, proveMs, proofBytes, verifyGas, commitMs} on the last line; --write
 * keeps the tables as docs/benchmarks/proofs.md. Steps or rounds may be none. Parameters are those of steps: log2 of the blowup,
 * queries, and bits of work before the queries and in each round; a round has its own.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hexToBytes } from 'viem'
import type { ExactBatch } from '../src/audit/engine/batch.ts'
import { type Parameters, shortTraceParameters } from '../src/audit/stark/parameters.ts'
import { roundAir } from '../src/audit/training/roundAir.ts'
import { stepAir } from '../src/audit/training/stepAir.ts'
import type { PlainBatch, PlainRound, PlainStep } from './proofs/page/job.ts'
import { positionsOf, proofParts } from './proofs/parts.ts'
import { roundKinds, type TrainedRound, trainedRound } from './proofs/rounds.ts'
import { statementOf } from './proofs/statement.ts'
import { stepKinds, type TrainedStep, trainedStep } from './proofs/steps.ts'
import { proofTables } from './proofs/tables.ts'
import { withBenchPage } from './round/benchPage.ts'
import { writePage } from './shared/writePage.ts'
import { measureGas } from './stark/gas.ts'

const { values: options } = parseArgs({
  options: {
    proofs: { type: 'string', default: '5' },
    steps: { type: 'string', default: '0,1,2,3' },
    rounds: { type: 'string', default: '0,1,2,3' },
    parameters: { type: 'string', default: Object.values(shortTraceParameters).join() },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const proofs = Number(options.proofs)
if (!Number.isInteger(proofs) || proofs < 1) refuse('--proofs takes a whole number above 0.')
const chosenSteps = chosen('steps', stepKinds)
const chosenRounds = chosen('rounds', roundKinds)
if (chosenSteps.length + chosenRounds.length === 0) refuse('There is nothing to prove.')
const parameters = parametersOf(options.parameters)

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const steps = await Promise.all(chosenSteps.map(trainedStep))
const rounds = await Promise.all(chosenRounds.map(trainedRound))
const job = { steps: steps.map(plainStep), parameters, rounds: rounds.map(plainRound), proofs }
const folder = new URL('./proofs/page', import.meta.url)
const provings = await withBenchPage({ folder, ready: 'proveSteps', log }, page => {
  return page.evaluate(job => window.proveSteps(job), job)
})
const [load = 0] = loadavg()
log(`Proved ${proofs} times each.`)
const proved = [
  ...steps.map(({ name, shape, stepsOfEpoch }) => ({
    name,
    shape,
    stepsOfEpoch,
    air: stepAir(shape, { parameters }).air,
  })),
  ...rounds.map(({ name, shape }) => ({ name, shape, air: roundAir(shape).air })),
].map((of, i) => {
  const proving = provings[i]!
  const roots = proving.roots.map(root => hexToBytes(root))
  const statement = statementOf(roots, proving.inputs)
  return {
    ...of,
    proving,
    statement,
    parts: proofParts(of.air, positionsOf(of.air, statement, hexToBytes(proving.proof))),
  }
})
const gas = await measureGas(proved.map(({ air, statement, proving: { proof } }) => ({ air, statement, proof })))
const measured = proved.map((of, i) => ({ ...of, gas: gas[i]! }))
const { text, rows } = proofTables(
  { steps: measured.slice(0, steps.length), rounds: measured.slice(steps.length) },
  load,
)
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- proofs', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('proofs', { title: 'Proving real steps and rounds of training', command, text })
  log('Written to docs/benchmarks/proofs.md.')
}
if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`)

function chosen<T>(name: 'steps' | 'rounds', kinds: readonly T[]): T[] {
  const numbers = options[name].split(',').filter(number => number !== '')
  const found = numbers.flatMap(index => kinds[Number(index)] ?? [])
  if (found.length < numbers.length) refuse(`--${name} takes numbers from 0 to ${kinds.length - 1} with commas.`)
  return found
}

function plainStep({ shape, weights, batch }: TrainedStep): PlainStep {
  return { shape, weights: [...weights], batch: plainBatch(batch) }
}

function plainRound({ shape, start, data, plan, blinds, gammas }: TrainedRound): PlainRound {
  return {
    shape,
    start: [...start],
    batches: data.batches.map(plainBatch),
    noise: data.noise.map(ofSteps => ofSteps.map(numbers => [...numbers])),
    plan,
    blinds: [...blinds],
    ...(gammas && { gammas }),
  }
}

function plainBatch({ inputs, targets, present }: ExactBatch): PlainBatch {
  return { inputs: [...inputs], targets: [...targets], present: [...present] }
}

function parametersOf(numbers: string): Parameters {
  const [log2Blowup, queries, queryGrinding, roundGrinding] = numbers.split(',').map(Number)
  const given = { log2Blowup, queries, queryGrinding, roundGrinding }
  if (!Object.values(given).every(Number.isInteger)) refuse('--parameters takes four whole numbers with commas.')
  return given as Parameters
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
