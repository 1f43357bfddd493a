/**
 * What prover and verifier agree on beside the AIR. They are constants of a verifier: a proof never says any of them, and the
 * transcript begins with them.
 */
export interface Parameters {
  /** Evaluation points for each row of the trace, as a power of two: 1 / rate. */
  readonly log2Blowup: number
  /** Positions at which everything is opened, drawn with replacement. */
  readonly queries: number
  /** Work before the positions are drawn, in bits. */
  readonly queryGrinding: number
  /** Work before the columns are combined and before each folding, in bits. */
  readonly roundGrinding: number
}

/** Functions are folded by eight in every round of FRI. */
export const LOG2_FOLD = 3
/** FRI ends at polynomials of at most so many coefficients, which are sent. */
export const LOG2_FINAL = 6

/** At least 96 bits in the Johnson regime for traces of up to 2^13 rows: see soundness.ts. */
export const defaultParameters: Parameters = { log2Blowup: 5, queries: 34, queryGrinding: 20, roundGrinding: 16 }

/**
 * The same for traces of up to 2^10 rows, where four times as many points cost little: fewer queries, and so proofs a fifth shorter,
 * which is what a chain charges for. They have a bit to spare, and so a bit less work.
 */
export const shortTraceParameters: Parameters = { log2Blowup: 7, queries: 24, queryGrinding: 19, roundGrinding: 16 }

/** How often FRI folds a polynomial of fewer than 2^log2Rows coefficients. */
export function foldings(log2Rows: number): number {
  return Math.max(1, Math.ceil((log2Rows - LOG2_FINAL) / LOG2_FOLD))
}

/** How many coefficients FRI's last polynomial has. */
export function finalLength(log2Rows: number): number {
  return 2 ** (log2Rows - LOG2_FOLD * foldings(log2Rows))
}

/**
 * Rows at a trace's end that are filled with random elements, so that what is opened of a column says nothing about the rows
 * before. A query opens a column at x and, by way of the quotient, at the next row's point; a point outside the base field
 * counts twice: see docs/proofs.md. The point that pins an oracle down is one of those, and the same in every proof.
 * @param openings how many proofs open the same committed columns
 * @param isPinned whether some external oracle is pinned
 */
export function paddingRows({ queries }: Parameters, openings: number, isPinned = false): number {
  return openings * (2 * queries + 4) + (isPinned ? 2 : 0)
}

/** Coefficients of the polynomials that hide each chunk of the quotient: it is opened at every query and at one point more. */
export function chunkMask({ queries }: Parameters): number {
  return queries + 1
}
