import { bytesToHex } from 'viem'
import type { ExactBatch } from '../../../src/audit/engine/batch.ts'
import { exactStep } from '../../../src/audit/engine/model.ts'
import { commitOracle, type ExternalOracle } from '../../../src/audit/stark/commitment.ts'
import { prove } from '../../../src/audit/stark/prove.ts'
import { verify } from '../../../src/audit/stark/verify.ts'
import { type StepAir, stepAir } from '../../../src/audit/training/stepAir.ts'
import { batchColumns, stepWitness, weightColumns } from '../../../src/audit/training/stepTrace.ts'
import { loadStarkField, type StarkField } from '../../../src/field/starkField.ts'
import { countNonces } from '../../stark/page/countNonces.ts'
import { answerJobs } from '../../stark/page/inWorker.ts'
import { PhaseClock } from '../../stark/page/phaseClock.ts'
import { stepStatement } from '../statement.ts'
import type { PlainStep, StepProof, StepProving, StepsJob } from './job.ts'

answerJobs(measure)

/** All steps take turns, so that a machine that is busy for a while is so for all of them. */
async function measure({ steps, parameters, proofs }: StepsJob): Promise<StepProving[]> {
  const airs = steps.map(({ shape }) => stepAir(shape, { parameters }))
  const results = steps.map((): StepProof[] => [])
  let last: Omit<StepProving, 'proofs'>[] = []
  for (let turn = 0; turn <= proofs; turn++) {
    last = []
    for (const [i, step] of steps.entries()) {
      const { result, ...proved } = await proveOnce(airs[i]!, step, turn)
      last.push(proved)
      if (turn > 0) results[i]!.push(result)
    }
  }
  return last.map((proved, i) => ({ ...proved, proofs: results[i]! }))
}

/** @param seed decides what hides the columns, and so how lucky the search for nonces is */
async function proveOnce(step: StepAir, plain: PlainStep, seed: number) {
  const { air } = step
  const weights = BigInt64Array.from(plain.weights)
  const batch: ExactBatch = {
    inputs: Int32Array.from(plain.batch.inputs),
    targets: Int32Array.from(plain.batch.targets),
    present: Uint8Array.from(plain.batch.present),
  }
  const after = exactStep(step.layout.shape, weights, batch)
  const maskKey = new Uint8Array(32).fill(seed)
  const committing = await loadField(step)
  const commit = (oracle: string, columns: () => Parameters<typeof commitOracle>[3]) =>
    timed(() => commitOracle(committing, air, oracle, columns(), { maskKey, keepTree: true }))
  const commits = [
    await commit('batch', () => batchColumns(step, batch)),
    await commit('before', () => weightColumns(step, 'before', weights)),
    await commit('after', () => weightColumns(step, 'after', after)),
  ] as const
  const externals = commits.map(({ result }) => result) as [ExternalOracle, ExternalOracle, ExternalOracle]
  const roots = externals.map(({ root }) => root)

  const since = performance.now()
  const field = await loadField(step)
  const trace = timedNow(() => stepWitness(step, { weights, batch, externals }))
  const clock = new PhaseClock()
  clock.watch(field)
  const nonces = countNonces(field)
  const witness = {
    ...trace.result,
    auxiliary: (challenge: Parameters<NonNullable<typeof trace.result.auxiliary>>[0]) => {
      clock.end('rest')
      const columns = trace.result.auxiliary!(challenge)
      clock.end('auxiliary')
      return columns
    },
  }
  const proof = await prove(field, air, stepStatement(roots), witness, { maskKey })
  clock.end('rest')
  const proveMs = performance.now() - since

  const verified = timedNow(() => verify(air.key, stepStatement(roots), proof, air.parameters))
  const result: StepProof = {
    proofBytes: proof.length,
    prove: proveMs,
    trace: trace.ms,
    phases: clock.milliseconds,
    nonces: nonces(),
    commit: commits[2].ms,
    commitAll: commits.reduce((sum, { ms }) => sum + ms, 0),
    verify: verified.ms,
  }
  const memoryBytes = field.bytes(field.mark(), 0).buffer.byteLength
  return { result, memoryBytes, roots: roots.map(root => bytesToHex(root)), proof: bytesToHex(proof) }
}

function loadField({ air }: StepAir): Promise<StarkField> {
  return loadStarkField(air.log2Rows + air.parameters.log2Blowup)
}

async function timed<T>(run: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const since = performance.now()
  const result = await run()
  return { result, ms: performance.now() - since }
}

function timedNow<T>(run: () => T): { result: T; ms: number } {
  const since = performance.now()
  const result = run()
  return { result, ms: performance.now() - since }
}
