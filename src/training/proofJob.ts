import type { ExternalOracle } from '../audit/stark/commitment.ts'
import type { OnProgress } from '../audit/stark/pace.ts'
import { prove } from '../audit/stark/prove.ts'
import type { Statement } from '../audit/stark/verify.ts'
import type { RoundShape } from '../audit/training/roundShape.ts'
import { roundWitness } from '../audit/training/roundTrace.ts'
import type { RoundData, RoundPlan } from '../audit/training/roundTraining.ts'
import type { Gammas } from '../audit/training/statement.ts'
import { fieldOf, roundAirOf, withoutNumbers } from './proving.ts'

/** Everything that a round's proof follows from, as plain data. Secret, all but the shape and the statement. */
export interface ProofJob {
  readonly shape: RoundShape
  readonly data: RoundData
  readonly plan: RoundPlan
  readonly start: BigInt64Array
  readonly blinds: BigUint64Array
  /** Masked studies: what the fingerprints of the update are drawn from. */
  readonly gammas?: Gammas
  readonly externals: readonly [data: ExternalOracle, after: ExternalOracle]
  readonly statement: Statement
  readonly maskKey: Uint8Array
}

/** The proof itself: the same bytes for the same job. */
export async function proveJob(job: ProofJob, onProgress: OnProgress, signal?: AbortSignal): Promise<Uint8Array> {
  const { shape, statement, maskKey } = job
  const round = roundAirOf(shape)
  return withoutNumbers(async () => {
    const witness = { ...roundWitness(round, job), externals: job.externals }
    return prove(await fieldOf(round), round.air, statement, witness, { maskKey, onProgress, signal })
  })
}
