/**
 * npm run bench -- stark [--proofs 5] [--traces 0,1,2] [--json] [--write]
 * Proves made-up training steps in a worker of headless Chromium, one thread, and verifies the proofs there and on
 * Anvil. Prints tables; with --json an array of {air, rows, columns, proveMs, proofBytes, verifyGas, verifyMs} on the
 * last line; --write keeps the tables as docs/benchmarks/stark.md.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { defaultParameters } from '../src/audit/stark/parameters.ts'
import { withBenchPage } from './round/benchPage.ts'
import { writePage } from './shared/writePage.ts'
import { shapes, stepAir, stepStatement, stepWitness } from './stark/air.ts'
import { measureGas } from './stark/gas.ts'
import { starkTables } from './stark/tables.ts'

const { values: options } = parseArgs({
  options: {
    proofs: { type: 'string', default: '5' },
    traces: { type: 'string', default: '0,1,2' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const proofs = Number(options.proofs)
const chosen = options.traces.split(',').flatMap(index => shapes[Number(index)] ?? [])
if (!Number.isInteger(proofs) || proofs < 1) refuse('--proofs takes a whole number above 0.')
if (chosen.length < options.traces.split(',').length) {
  refuse(`--traces takes numbers from 0 to ${shapes.length - 1} with commas.`)
}

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const folder = new URL('./stark/page', import.meta.url)
const provings = await withBenchPage({ folder, ready: 'proving', log }, page => {
  return page.evaluate(job => window.proving(job), { shapes: chosen, proofs })
})
const [load = 0] = loadavg()
log(`Proved ${proofs} times each.`)
const steps = chosen.map(shape => stepAir(shape, defaultParameters))
const gas = await measureGas(
  steps.map((step, i) => ({
    air: step.air,
    statement: stepStatement(stepWitness(step)),
    proof: provings[i]!.proof,
  })),
)
const measured = steps.map(({ air }, i) => ({ air, proving: provings[i]!, gas: gas[i]! }))
const { text, rows } = starkTables(measured, load)
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- stark', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('stark', { title: 'Proving a training step', command, text })
  log('Written to docs/benchmarks/stark.md.')
}
if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`)

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
