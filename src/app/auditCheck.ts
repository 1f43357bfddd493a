import { gammasOf, orderOf, signsOf } from '../audit/game/roundDraws.ts'
import type { Parameters } from '../audit/stark/parameters.ts'
import { inputsWithPins } from '../audit/stark/pins.ts'
import { ProofRefused, type Refusal, type Statement, verify } from '../audit/stark/verify.ts'
import { type RoundAir, roundAir } from '../audit/training/roundAir.ts'
import type { RoundShape } from '../audit/training/roundShape.ts'
import { contextOf, dataLeaf, roundInputs, traceOf } from '../audit/training/statement.ts'
import type { AuditProof, AuditRecord, AuditTerms } from '../chain/audits.ts'
import { hexToBytes, sameBytes } from '../crypto/bytes.ts'
import { isElement, toSigned } from '../field/goldilocks.ts'
import type { AuditQuestion } from '../rounds/ports.ts'
import { type Hex, sameHex } from '../study/types.ts'

/** What is looked at, in this order: the first that fails is the answer. */
export const auditChecks = ['rules', 'data', 'update', 'proof'] as const
export type AuditCheckName = (typeof auditChecks)[number]

/** A proof that the chain took, with everything to check it again that does not come from whoever proved. */
export interface AuditCase extends AuditProof {
  readonly record: Pick<AuditRecord, 'round' | 'hospital' | 'trace'>
  readonly question: AuditQuestion
  readonly terms: Pick<AuditTerms, 'domainSeparator'> & { readonly key: Uint8Array }
  /** What the verifier was deployed with. */
  readonly parameters: Parameters
  /** What the study's description says of a round; null where it could not be fetched. */
  readonly shape: RoundShape | null
  /** What the contract says of it, which is less. */
  readonly said: Pick<RoundShape, 'steps' | 'inputs' | 'contributions' | 'blinded'> & { readonly noised: boolean }
  /** What the hospital committed to before its first round. */
  readonly pinned: Hex
}

/** What came of it. */
export type AuditFinding =
  | {
      readonly holds: true
      /** Whether the rules on the chain are those of the study's description. */
      readonly rulesAreKnown: boolean
    }
  | {
      readonly holds: false
      readonly check: AuditCheckName
      /** With the proof: what the verifier says. */
      readonly refusal?: Refusal
    }

/**
 * Checks a proof again, as the contract did, and beyond that that the rules on the chain are the study's.
 * @param onCheck told of each check before it begins
 * @param airOf what is proven of a round of a shape; the app's
 */
export function checkAudit(
  given: AuditCase,
  onCheck: (check: AuditCheckName) => void = () => {},
  airOf: (shape: RoundShape) => RoundAir = roundAir,
): AuditFinding {
  const { answer, record, shape, pinned } = given
  onCheck('rules')
  if (shape !== null && !isProvenBy(airOf(shape), given)) return { holds: false, check: 'rules' }
  onCheck('data')
  const root = hexToBytes(answer.data)
  if (!sameHex(dataLeaf(root, answer.pin), pinned)) return { holds: false, check: 'data' }
  onCheck('update')
  const start = weightsOf(answer.start)
  const after = hexToBytes(answer.afterRoot)
  if (start === null || !sameHex(traceOf(after, start), record.trace)) return { holds: false, check: 'update' }
  onCheck('proof')
  const refusal = refusalOf(given, statementOf(given, start, [root, after]))
  return refusal === null ? { holds: true, rulesAreKnown: shape !== null } : { holds: false, check: 'proof', refusal }
}

/** Whether these are the rules on the chain, and proofs as sound as they take. */
function isProvenBy({ air }: RoundAir, { terms, parameters }: AuditCase): boolean {
  const names = Object.keys(air.parameters) as (keyof Parameters)[]
  return sameBytes(air.key, terms.key) && names.every(name => air.parameters[name] === parameters[name])
}

/** What the proof has to be of: all but the answer follows from the chain's draws. */
function statementOf(
  { answer, record, question, terms, said }: AuditCase,
  start: BigInt64Array,
  roots: readonly Uint8Array[],
): Statement {
  const { draw, beacon } = question
  const { member, contribution } = draw
  const seed = hexToBytes(draw.seed)
  const { steps, blinded, noised } = said
  // Only whether there is noise says how a statement is written, not how much.
  const written = { ...said, batch: 0, shift: 0, noise: noised ? { bits: 0, squaredNorm: 0 } : null }
  const own = roundInputs(written, {
    start,
    plan: { order: orderOf(seed, member, steps), signs: signsOf(seed, member, steps), contribution },
    ...(blinded && { gammas: gammasOf(hexToBytes(beacon), member), phi: answer.phi }),
  })
  const { domainSeparator } = terms
  const { hospital, round } = record
  return {
    context: contextOf({ domainSeparator, hospital, round, contribution, products: answer.products }),
    inputs: inputsWithPins(own, [{ pin: answer.pin }]),
    roots,
  }
}

function refusalOf({ terms, proof, parameters }: AuditCase, statement: Statement): Refusal | null {
  try {
    verify(terms.key, statement, proof, parameters)
    return null
  } catch (error) {
    if (error instanceof ProofRefused) return error.refusal
    throw error
  }
}

/** Weights in 64 bits, Q32; null where an element stands for none. */
function weightsOf(elements: readonly bigint[]): BigInt64Array | null {
  if (!elements.every(element => isElement(element) && isWeight(element))) return null
  return BigInt64Array.from(elements, toSigned)
}

/** Within 2^53 of 0: no weight comes near. */
function isWeight(element: bigint): boolean {
  return Number.isSafeInteger(Number(toSigned(element)))
}
