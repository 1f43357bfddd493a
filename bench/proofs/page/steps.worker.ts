import { bytesToHex } from 'viem'
import type { Air } from '../../../src/audit/stark/air.ts'
import { commitOracle, type ExternalOracle } from '../../../src/audit/stark/commitment.ts'
import { prove, type Witness } from '../../../src/audit/stark/prove.ts'
import { verify } from '../../../src/audit/stark/verify.ts'
import { loadStarkField, type StarkField } from '../../../src/field/starkField.ts'
import { countNonces } from '../../stark/page/countNonces.ts'
import { answerJobs } from '../../stark/page/inWorker.ts'
import { PhaseClock } from '../../stark/page/phaseClock.ts'
import type { StepProof, StepProving, StepsJob } from './job.ts'
import { type Provable, provableRound, provableStep } from './provable.ts'

answerJobs(measure)

/** All take turns, so that a machine that is busy for a while is so for all of them. */
async function measure({ steps, parameters, rounds, proofs }: StepsJob): Promise<StepProving[]> {
  const all = [...steps.map(step => provableStep(step, parameters)), ...rounds.map(provableRound)]
  const results = all.map((): StepProof[] => [])
  let last: Omit<StepProving, 'proofs'>[] = []
  for (let turn = 0; turn <= proofs; turn++) {
    last = []
    for (const [i, provable] of all.entries()) {
      const { result, ...proved } = await proveOnce(provable, turn)
      last.push(proved)
      if (turn > 0) results[i]!.push(result)
    }
  }
  return last.map((proved, i) => ({ ...proved, proofs: results[i]! }))
}

/** @param seed decides what hides the columns, and so how lucky the search for nonces is */
async function proveOnce({ air, oracles, ...provable }: Provable, seed: number) {
  const maskKey = new Uint8Array(32).fill(seed)
  const committing = await loadField(air)
  const commits: { result: ExternalOracle; ms: number }[] = []
  for (const [name, columns] of oracles) {
    commits.push(await timed(() => commitOracle(committing, air, name, columns(), { maskKey, keepTree: true })))
  }
  const externals = commits.map(({ result }) => result)
  const statement = provable.statement(externals)

  const since = performance.now()
  const field = await loadField(air)
  const trace = timedNow(() => provable.witness(externals))
  const clock = new PhaseClock()
  clock.watch(field)
  const nonces = countNonces(field)
  const auxiliary: Witness['auxiliary'] = challenge => {
    clock.end('rest')
    const columns = trace.result.auxiliary!(challenge)
    clock.end('auxiliary')
    return columns
  }
  const proof = await prove(field, air, statement, { ...trace.result, auxiliary }, { maskKey })
  clock.end('rest')
  const proveMs = performance.now() - since

  const verified = timedNow(() => verify(air.key, statement, proof, air.parameters))
  const result: StepProof = {
    proofBytes: proof.length,
    prove: proveMs,
    trace: trace.ms,
    phases: clock.milliseconds,
    nonces: nonces(),
    commit: commits.at(-1)!.ms,
    commitAll: commits.reduce((sum, { ms }) => sum + ms, 0),
    verify: verified.ms,
  }
  const memoryBytes = field.bytes(field.mark(), 0).buffer.byteLength
  const { inputs, roots } = statement
  return { result, memoryBytes, inputs, roots: roots.map(root => bytesToHex(root)), proof: bytesToHex(proof) }
}

function loadField({ log2Rows, parameters }: Air): Promise<StarkField> {
  return loadStarkField(log2Rows + parameters.log2Blowup)
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
