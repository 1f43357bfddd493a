import { bytesToHex } from 'viem'
import { defaultParameters } from '../../../src/audit/stark/parameters.ts'
import { prove } from '../../../src/audit/stark/prove.ts'
import { verify } from '../../../src/audit/stark/verify.ts'
import { loadStarkField } from '../../../src/field/starkField.ts'
import { type Step, stepAir, stepStatement, stepWitness } from '../air.ts'
import { countNonces } from './countNonces.ts'
import { answerJobs } from './inWorker.ts'
import type { Kernels, Proof, Proving, ProvingJob } from './job.ts'
import { PhaseClock } from './phaseClock.ts'

answerJobs(measure)

/** All shapes take turns, so that a machine that is busy for a while is so for all of them. */
async function measure({ shapes, proofs }: ProvingJob): Promise<Proving[]> {
  const steps = shapes.map(shape => stepAir(shape, defaultParameters))
  const kernels = shapes.map((): Kernels[] => [])
  let last = []
  const results = shapes.map((): Proof[] => [])
  for (let turn = 0; turn <= proofs; turn++) {
    last = []
    for (const [i, step] of steps.entries()) {
      kernels[i]!.push(await measureKernels(step))
      const proved = await proveOnce(step, turn)
      last.push(proved)
      if (turn > 0) results[i]!.push(proved.result)
    }
  }
  return last.map(({ traceMs, memoryBytes, proof }, i) => ({
    proofs: results[i]!,
    kernels: leastOf(kernels[i]!),
    traceMs,
    memoryBytes,
    proof: bytesToHex(proof),
  }))
}

/** @param seed decides what hides the trace, and so how lucky the search for nonces is */
async function proveOnce(step: Step, seed: number) {
  const { air } = step
  const started = performance.now()
  const witness = stepWitness(step)
  const traceMs = performance.now() - started
  const statement = stepStatement(witness)
  const maskKey = new Uint8Array(32).fill(seed)

  const since = performance.now()
  const field = await loadStarkField(air.log2Rows + air.parameters.log2Blowup)
  const clock = new PhaseClock()
  clock.watch(field)
  const nonces = countNonces(field)
  const auxiliary: typeof witness.auxiliary = challenge => {
    clock.end('rest')
    const columns = witness.auxiliary(challenge)
    clock.end('auxiliary')
    return columns
  }
  const proof = await prove(field, air, statement, { main: witness.main, auxiliary }, { maskKey })
  clock.end('rest')
  const proveMs = performance.now() - since

  const before = performance.now()
  verify(air.key, statement, proof, air.parameters)
  const verifyMs = performance.now() - before
  const result = {
    proveMs,
    verifyMs,
    proofBytes: proof.length,
    phases: clock.milliseconds,
    nonces: nonces(),
  }
  return { result, traceMs, memoryBytes: field.bytes(field.mark(), 0).buffer.byteLength, proof }
}

const KERNEL_COLUMNS = 16
const LOG2_LEAVES = 12
const NONCES = 2 ** 13

/** The kernels that most of the time goes into, alone. */
async function measureKernels({ air }: Step): Promise<Kernels> {
  const { log2Rows, rows } = air
  const field = await loadStarkField(log2Rows)
  const words = KERNEL_COLUMNS * rows
  const [source, target] = [field.allocate(words), field.allocate(words)]
  field.powers(source, words, 1n, 7n)
  const tree = field.allocate(6 * 2 ** LOG2_LEAVES)
  const butterflies = KERNEL_COLUMNS * (rows / 2) * log2Rows
  return {
    butterfly: fastest(butterflies, () => field.evaluate(source, target, log2Rows, KERNEL_COLUMNS, 7n, 8 * rows)),
    permutation: fastest(2 ** LOG2_LEAVES, () => field.merkle(tree, LOG2_LEAVES)),
    nonce: fastest(NONCES, () => field.grind(source, 0n, NONCES, 63)),
  }
}

function leastOf(kernels: readonly Kernels[]): Kernels {
  const least = (name: keyof Kernels) => Math.min(...kernels.map(each => each[name]))
  return { butterfly: least('butterfly'), permutation: least('permutation'), nonce: least('nonce') }
}

/** Nanoseconds for each of so many, in the fastest of three turns: long ones, because a worker's clock is coarse. */
function fastest(count: number, run: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 3; turn++) {
    const since = performance.now()
    let [runs, passed] = [0, 0]
    for (; passed < 25; passed = performance.now() - since) {
      run()
      runs++
    }
    least = Math.min(least, passed / runs)
  }
  return (least * 1e6) / count
}
