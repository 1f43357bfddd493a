/**
 * What fixes the arithmetic of a step. Numbers are integers; Qn is a number times 2ⁿ.
 *
 * inputs Q12, weights Q32, activations Q12, gradients and targets Q14: every rounding drops whole bytes, and the update
 * of both layers, Q12 times Q14, becomes a weight's Q32 by one shift.
 */
export interface ExactShape {
  /** Width of a row; the last input is 1 in every present row, and its weights are the biases. */
  readonly inputs: number
  /** Hidden ReLU units, without the one that is always 1; 0 for logistic regression. */
  readonly hidden: number
  /** Sigmoids, one class against the rest each; 1 for yes and no. */
  readonly outputs: number
  /** Rows of a batch, empty ones included. */
  readonly batch: number
  /** The learning rate is batch · 2^−shift; 0 to 6. */
  readonly shift: number
  /** Magnitude that no input but the last exceeds, Q12: at most INPUT_LIMIT. */
  readonly largestInput: number
}

/** 1 as an input or an activation. */
export const ONE = 2 ** 12
/** A target that is hit, and a sigmoid's 1: Q14. */
export const HIT = 2 ** 14
/** 8 as an input. */
export const INPUT_LIMIT = 2 ** 15
/** Activations before the ReLU lie in [−ACTIVATION_LIMIT, ACTIVATION_LIMIT), Q12: below 64. */
export const ACTIVATION_LIMIT = 2 ** 18
/** Gradients of the hidden units lie in [−GRADIENT_LIMIT, GRADIENT_LIMIT), Q14: three bytes. */
export const GRADIENT_LIMIT = 2 ** 23
/** 16 as a weight: after each step all lie in [−WEIGHT_LIMIT, WEIGHT_LIMIT). */
export const WEIGHT_LIMIT = 2n ** 36n
/** The largest shift: a finer rate would have to round the update. */
export const LARGEST_SHIFT = 6

/** Numbers of rows that the two matrices have, one after the other: [inputs, hidden + 1], or [inputs] for one. */
export function layerHeights({ inputs, hidden }: ExactShape): readonly number[] {
  return hidden === 0 ? [inputs] : [inputs, hidden + 1]
}

/** How many weights there are: matrix after matrix, row after row. */
export function weightCount({ inputs, hidden, outputs }: ExactShape): number {
  return hidden === 0 ? inputs * outputs : inputs * hidden + (hidden + 1) * outputs
}
