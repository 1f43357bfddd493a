/**
 * npm run bench -- dp-noise [--numbers 1000000]
 * What a number of noise costs: the sampler for vectors, the exact one, noisyOnGrid as training calls it, and what ε costs.
 */
import { parseArgs } from 'node:util'
import type { Mechanism } from '../src/privacy/accountant/mechanism.ts'
import { pldAccountant } from '../src/privacy/accountant/pld.ts'
import { rdpAccountant } from '../src/privacy/accountant/rdp.ts'
import { sigmaFor } from '../src/privacy/accountant/sigmaFor.ts'
import { exactDiscreteGaussian } from '../src/privacy/noise/exactGaussian.ts'
import { discreteGaussianSampler } from '../src/privacy/noise/fastGaussian.ts'
import { gridFor, noisyOnGrid } from '../src/privacy/noise/grid.ts'
import { processor } from './shared/numbers.ts'

const { values: options } = parseArgs({ options: { numbers: { type: 'string', default: '1000000' } } })
const numbers = Number(options.numbers)
if (!(Number.isInteger(numbers) && numbers > 0)) {
  process.stderr.write('--numbers takes a whole number.\n')
  process.exit(1)
}

const runs = 9
/** The median of so many runs, in ms, after one that warms up. */
function medianTime(run: () => void): number {
  run()
  const times = Array.from({ length: runs }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] as number
}
const report = (what: string, value: string) => process.stdout.write(`${what.padEnd(64)}${value}\n`)
const perNumber = (ms: number, count: number) => `${((ms * 1e6) / count).toFixed(0)} ns a number`

process.stdout.write(`${processor()}, Node ${process.version}, median of ${runs} runs\n\n`)
for (const sigma of [1, 100, 2 ** 20, 2 ** 40]) {
  const sample = discreteGaussianSampler(sigma)
  const ms = medianTime(() => {
    for (let i = 0; i < numbers; i++) sample()
  })
  report(`discreteGaussianSampler, σ = ${sigma}`, perNumber(ms, numbers))
}
const few = Math.max(1, Math.floor(numbers / 200))
for (const sigma of [1, 2 ** 20]) {
  const ms = medianTime(() => {
    for (let i = 0; i < few; i++) exactDiscreteGaussian(sigma)
  })
  report(`exactDiscreteGaussian, σ = ${sigma}`, perNumber(ms, few))
}
const values = new Float32Array(numbers)
const grid = gridFor({ clip: 1, dimensions: numbers })
const ms = medianTime(() => noisyOnGrid(values, { sigma: 1, grid }))
report(`noisyOnGrid, ${numbers} float32, grid 2^${Math.log2(grid)}`, `${ms.toFixed(1)} ms, ${perNumber(ms, numbers)}`)
// What addition of ordinary numbers to a copy costs, for comparison.
const plain = medianTime(() => values.map(value => value + 1))
report('the same vector copied with 1 added', `${plain.toFixed(1)} ms`)

// A fresh accountant each time: the kept answers are not what is measured.
const training: Mechanism = { sigma: 1.1, q: 0.05, steps: 1000 }
const time = (run: () => unknown) => `${medianTime(() => run()).toFixed(1)} ms`
process.stdout.write('\n')
report(
  'ε by RDP, σ = 1.1, q = 0.05, 1000 steps',
  time(() => rdpAccountant().epsilon([training], 1e-5)),
)
report(
  'ε by PLD',
  time(() => pldAccountant().epsilon([training], 1e-5)),
)
report(
  'sigmaFor ε = 3 by RDP',
  time(() => sigmaFor({ epsilon: 3, delta: 1e-5, q: 0.05, steps: 1000 })),
)
