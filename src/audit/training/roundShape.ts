import { checkSegment } from '../engine/bounds.ts'
import { type ExactShape, INPUT_LIMIT, LARGEST_SHIFT, ONE, WEIGHT_LIMIT } from '../engine/shape.ts'

/** What fixes the arithmetic of a hospital's round of logistic regression, and so what is proven of it. */
export interface RoundShape {
  /** Width of a row, k; the last input is 1 in every present row. Fewer than `batch`. */
  readonly inputs: number
  /** Rows of a batch, empty ones included: a power of two. */
  readonly batch: number
  /** Batches, each of which is trained once. */
  readonly steps: number
  /** The learning rate is batch · 2^−shift. */
  readonly shift: number
  /** Rounds that a hospital can take part in, at most: so many proofs open its data. */
  readonly contributions: number
  /** null: none is added. */
  readonly noise: RoundNoise | null
  /** Whether the weights after the round are blinded, and summed up under directions drawn later. */
  readonly blinded: boolean
}

export interface RoundNoise {
  /** Every number lies in [−2^bits, 2^bits), as a gradient: Q26. */
  readonly bits: number
  /** The largest sum of squares of a row's inputs, the constant one included, Q24. */
  readonly squaredNorm: number
}

export const MOST_STEPS = 64
export const MOST_CONTRIBUTIONS = 255
/** Elements that stand behind the weights in the column `after` where they are blinded. */
export const BLINDS = 4
/** The constant input's part of a squared norm. */
export const CONSTANT_SQUARED = ONE ** 2
const LEAST_BATCH = 8
const MOST_BATCH = 64
/** Numbers of more bits would leave the 64 of a weight on their way. */
const MOST_NOISE_BITS = 48
/** Beyond what the inputs of 63 columns come to. */
const MOST_SQUARED_NORM = 2 ** 40

/** The shape of its steps. */
export function exactShapeOf({ inputs, batch, shift }: RoundShape): ExactShape {
  return { inputs, hidden: 0, outputs: 1, batch, shift, largestInput: INPUT_LIMIT }
}

/** How much the update multiplies gradients by: 2^(6 − shift). */
export function rateOf({ shift }: Pick<RoundShape, 'shift'>): bigint {
  return 1n << BigInt(LARGEST_SHIFT - shift)
}

/**
 * Checks that a round can be trained and proven: all sums in it are integers again in the field, whatever the data, from
 * any start below 16 on. No range of weights is proven, as every round begins with public ones.
 * @throws RangeError naming what cannot be
 */
export function checkRoundShape(shape: RoundShape): void {
  const { inputs, batch, steps, contributions, noise } = shape
  check('batch', batch, LEAST_BATCH, MOST_BATCH)
  if (!Number.isInteger(Math.log2(batch))) throw new RangeError(`batch: ${batch} is no power of two`)
  check('inputs', inputs, 2, batch - 1)
  check('steps', steps, 1, MOST_STEPS)
  check('contributions', contributions, 1, MOST_CONTRIBUTIONS)
  if (noise !== null) {
    check('noise.bits', noise.bits, 1, MOST_NOISE_BITS)
    check('noise.squaredNorm', noise.squaredNorm, CONSTANT_SQUARED + 1, MOST_SQUARED_NORM)
  }
  // Weights grow by the noise, too: as far as if they had begun so much further out.
  const noised = noise === null ? 0n : BigInt(steps) * rateOf(shape) * 2n ** BigInt(noise.bits)
  checkSegment(exactShapeOf(shape), WEIGHT_LIMIT + noised, steps)
}

function check(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: ${value} is not between ${least} and ${most}`)
  }
}
