import type { StepShape } from '../air.ts'

/** What the proving worker is asked to do. */
export interface ProvingJob {
  readonly shapes: readonly StepShape[]
  /** How often it proves each; a turn before, which compiles, is not counted. */
  readonly proofs: number
}

/** Where a proof's time goes, in the order in which a table shows it. */
export const phases = [
  'columns',
  'transforms',
  'hashing',
  'auxiliary',
  'quotient',
  'values',
  'combination',
  'folding',
  'work',
  'opening',
  'rest',
] as const
export type Phase = (typeof phases)[number]

export interface Proof {
  readonly proveMs: number
  readonly verifyMs: number
  readonly proofBytes: number
  readonly phases: Readonly<Record<Phase, number>>
  /** Nonces that were tried, for all works together. */
  readonly nonces: number
}

/** What came of one shape. */
export interface Proving {
  readonly proofs: readonly Proof[]
  /** Of making the trace, which training does: not part of the proof. */
  readonly traceMs: number
  /** Size of the field's memory when the proof was done. */
  readonly memoryBytes: number
  /** Nanoseconds by kernels that run alone, at this trace's size. */
  readonly kernels: Kernels
  /** The last proof, in hexadecimal digits. */
  readonly proof: `0x${string}`
}

export interface Kernels {
  readonly butterfly: number
  readonly permutation: number
  readonly nonce: number
}
