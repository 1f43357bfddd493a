import type { Statement } from '../../src/audit/stark/verify.ts'

/** What is proven of a step or a round: of a step all is in the roots of its batch and of the weights before and after. */
export function statementOf(roots: readonly Uint8Array[], inputs: readonly bigint[] = []): Statement {
  return { context: new Uint8Array(32).fill(1), inputs, roots }
}
