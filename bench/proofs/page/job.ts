import type { ExactBatch } from '../../../src/audit/engine/batch.ts'
import type { ExactShape } from '../../../src/audit/engine/shape.ts'
import type { Parameters } from '../../../src/audit/stark/parameters.ts'
import type { RoundShape } from '../../../src/audit/training/roundShape.ts'
import type { RoundPlan } from '../../../src/audit/training/roundTraining.ts'
import type { Gammas } from '../../../src/audit/training/statement.ts'
import type { Phase } from '../../stark/page/job.ts'

/** What the proving worker is asked to do. */
export interface StepsJob {
  readonly steps: readonly PlainStep[]
  /** Of steps: rounds have their own. */
  readonly parameters: Parameters
  readonly rounds: readonly PlainRound[]
  /** How often it proves each; a turn before, which compiles, is not counted. */
  readonly proofs: number
}

/** A step in what a page can be sent. */
export interface PlainStep {
  readonly shape: ExactShape
  readonly weights: readonly bigint[]
  readonly batch: PlainBatch
}

export type PlainBatch = { readonly [Name in keyof ExactBatch]: readonly number[] }

/** A round in what a page can be sent. */
export interface PlainRound {
  readonly shape: RoundShape
  readonly start: readonly bigint[]
  readonly batches: readonly PlainBatch[]
  readonly noise: readonly (readonly (readonly bigint[])[])[]
  readonly plan: RoundPlan
  readonly blinds: readonly bigint[]
  readonly gammas?: Gammas
}

/** Of one proof; milliseconds. */
export interface StepProof {
  readonly proofBytes: number
  /** Of the proof, its columns and loading the kernels included; what was committed to before it kept its trees. */
  readonly prove: number
  /** Of making the main columns, a part of it. */
  readonly trace: number
  readonly phases: Readonly<Record<Phase, number>>
  /** Nonces that were tried. */
  readonly nonces: number
  /** Of committing to the weights after a step or a round, as training does with every one. */
  readonly commit: number
  /** Of committing to all that the proof opens: what it takes longer where no tree was kept. */
  readonly commitAll: number
  readonly verify: number
}

/** What came of one step, or of one round. */
export interface StepProving {
  readonly proofs: readonly StepProof[]
  /** Size of the field's memory when the proof was done. */
  readonly memoryBytes: number
  /** In hexadecimal digits, as the last proof. */
  readonly roots: readonly `0x${string}`[]
  readonly inputs: readonly bigint[]
  readonly proof: `0x${string}`
}
