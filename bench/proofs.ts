/**
 * npm run bench -- proofs [--proofs 5] [--steps 0,1,2,3] [--parameters 7,24,19,16] [--json] [--write]
 * Proves real steps of training in a worker of headless Chromium, one thread, and verifies the proofs there and on Anvil.
 * Prints tables; with --json an array of {shape, batch, proveMs, proofBytes, verifyGas, commitMs} on the last line; --write
 * keeps the tables as docs/benchmarks/proofs.md. Parameters are log2 of the blowup, queries, and bits of work before the queries
 * and in each round.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hexToBytes } from 'viem'
import { type Parameters, shortTraceParameters } from '../src/audit/stark/parameters.ts'
import { stepAir } from '../src/audit/training/stepAir.ts'
import type { PlainStep } from './proofs/page/job.ts'
import { positionsOf, proofParts } from './proofs/parts.ts'
import { stepStatement } from './proofs/statement.ts'
import { stepKinds, type TrainedStep, trainedStep } from './proofs/steps.ts'
import { proofTables } from './proofs/tables.ts'
import { withBenchPage } from './round/benchPage.ts'
import { writePage } from './shared/writePage.ts'
import { measureGas } from './stark/gas.ts'

const { values: options } = parseArgs({
  options: {
    proofs: { type: 'string', default: '5' },
    steps: { type: 'string', default: '0,1,2,3' },
    parameters: { type: 'string', default: Object.values(shortTraceParameters).join() },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const proofs = Number(options.proofs)
const chosen = options.steps.split(',').flatMap(index => stepKinds[Number(index)] ?? [])
if (!Number.isInteger(proofs) || proofs < 1) refuse('--proofs takes a whole number above 0.')
if (chosen.length < options.steps.split(',').length) {
  refuse(`--steps takes numbers from 0 to ${stepKinds.length - 1} with commas.`)
}
const parameters = parametersOf(options.parameters)

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const steps = await Promise.all(chosen.map(trainedStep))
const job = { steps: steps.map(plain), parameters, proofs }
const folder = new URL('./proofs/page', import.meta.url)
const provings = await withBenchPage({ folder, ready: 'proveSteps', log }, page => {
  return page.evaluate(job => window.proveSteps(job), job)
})
const [load = 0] = loadavg()
log(`Proved ${proofs} times each.`)
const proven = steps.map((step, i) => {
  const { air } = stepAir(step.shape, { parameters })
  const proving = provings[i]!
  const statement = stepStatement(proving.roots.map(root => hexToBytes(root)))
  const positions = positionsOf(air, statement, hexToBytes(proving.proof))
  return { step, air, proving, statement, parts: proofParts(air, positions) }
})
const gas = await measureGas(proven.map(({ air, statement, proving: { proof } }) => ({ air, statement, proof })))
const { text, rows } = proofTables(
  proven.map((of, i) => ({ ...of, gas: gas[i]! })),
  load,
)
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- proofs', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('proofs', { title: 'Proving real steps of training', command, text })
  log('Written to docs/benchmarks/proofs.md.')
}
if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`)

function plain({ shape, weights, batch: { inputs, targets, present } }: TrainedStep): PlainStep {
  return {
    shape,
    weights: [...weights],
    batch: { inputs: [...inputs], targets: [...targets], present: [...present] },
  }
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
