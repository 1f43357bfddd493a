import { nextTask } from '../../errors/nextTask.ts'
import { type ExactBatch, encodeBatches, encodeWeights, type Rows } from '../engine/batch.ts'
import { createExactTrainer } from '../engine/ExactTrainer.ts'
import { INPUT_LIMIT } from '../engine/shape.ts'
import { CONSTANT_SQUARED, checkRoundShape, exactShapeOf, type RoundShape, rateOf } from './roundShape.ts'

/** What a hospital commits to before the first round, and trains on in all of them. */
export interface RoundData {
  /** In the order in which they are registered. */
  readonly batches: readonly ExactBatch[]
  /** By contribution and batch, a number for each weight, as a gradient: Q26. Empty without noise. */
  readonly noise: readonly (readonly BigInt64Array[])[]
}

/** How a hospital has to train in a round, as its seed has it. */
export interface RoundPlan {
  /** Batches in the order in which they are trained. */
  readonly order: readonly number[]
  /** By batch: of its noise. */
  readonly signs: readonly (1 | -1)[]
  /** Rounds that the hospital was asked to take part in before, which is whose noise it takes. */
  readonly contribution: number
}

export interface RoundOptions {
  readonly signal?: AbortSignal
  /** After each step, with how many were taken. */
  readonly onStep?: (steps: number) => void
}

/** The weights that a round begins with, Q32, as the model has them. */
export function startOf(parameters: Float32Array): BigInt64Array<ArrayBuffer> {
  const shape = { inputs: parameters.length, hidden: 0, outputs: 1, batch: 1, shift: 0, largestInput: 1 }
  return encodeWeights(shape, parameters)
}

/**
 * A hospital's rows as its batches. Inputs are rounded to Q12 and clamped to less than 8; with noise, rows that are too
 * long are scaled down until they are not. Rows beyond the batches are left out, batches beyond the rows are empty.
 * @throws RangeError where rows do not fit the shape, for NaN, and for a label that is neither 0 nor 1
 */
export function encodeRoundData(shape: RoundShape, rows: Rows): ExactBatch[] {
  const { inputs, batch, steps, noise } = shape
  const count = Math.min(rows.count, steps * batch)
  const width = inputs - 1
  if (rows.inputs.length !== rows.count * width || rows.labels.length !== rows.count) {
    throw new RangeError(`${rows.inputs.length} numbers are not ${rows.count} rows of ${width}`)
  }
  const taken = { inputs: rows.inputs.subarray(0, count * width), labels: rows.labels.subarray(0, count), count }
  // Inputs are below 2^15: with 2^15 they have two bytes.
  const batches = encodeBatches({ ...exactShapeOf(shape), largestInput: INPUT_LIMIT - 1 }, taken)
  while (batches.length < steps) batches.push(emptyBatch(shape))
  if (noise !== null) for (const each of batches) shorten(each, inputs, noise.squaredNorm)
  return batches
}

/**
 * Trains a round on WASM.
 * @returns the weights after it, Q32
 * @throws AppError training.diverged where a weight leaves its range
 * @throws RangeError for data or a plan that is not of the shape; the signal's reason
 *
 * @example
 * const plan = { order: orderOf(seed, member, steps), signs: signsOf(seed, member, steps), contribution: 0 }
 * const weights = await trainRound(shape, startOf(parameters), { batches: encodeRoundData(shape, rows), noise: [] }, plan)
 */
export async function trainRound(
  shape: RoundShape,
  start: BigInt64Array,
  data: RoundData,
  plan: RoundPlan,
  { signal, onStep }: RoundOptions = {},
): Promise<BigInt64Array<ArrayBuffer>> {
  checkRoundShape(shape)
  checkRoundData(shape, data)
  checkPlan(shape, plan)
  const trainer = await createExactTrainer(exactShapeOf(shape), start)
  for (const [i, batch] of plan.order.entries()) {
    signal?.throwIfAborted()
    trainer.step(data.batches[batch]!)
    if (shape.noise !== null) {
      const factor = -rateOf(shape) * BigInt(plan.signs[batch]!)
      trainer.move(data.noise[plan.contribution]![batch]!.map(number => factor * number))
    }
    onStep?.(i + 1)
    await nextTask()
  }
  return trainer.weights()
}

/** @throws RangeError where there are not as many batches or numbers of noise as the shape has, or one is out of range */
export function checkRoundData(shape: RoundShape, { batches, noise }: RoundData): void {
  const { inputs, steps, contributions } = shape
  if (batches.length !== steps) throw new RangeError(`${batches.length} batches where there are ${steps} steps`)
  const limit = shape.noise === null ? 0n : 2n ** BigInt(shape.noise.bits)
  const isOne = (numbers: BigInt64Array) =>
    numbers.length === inputs && numbers.every(number => number >= -limit && number < limit)
  const isAll = noise.every(ofSteps => ofSteps.length === steps && ofSteps.every(isOne))
  if (noise.length !== (shape.noise === null ? 0 : contributions) || !isAll) {
    throw new RangeError('noise of another shape')
  }
}

/** @throws RangeError where the order is none, or signs or the contribution are not of the shape */
export function checkPlan({ steps, contributions }: RoundShape, { order, signs, contribution }: RoundPlan): void {
  const isOrder = order.length === steps && order.toSorted((a, b) => a - b).every((batch, i) => batch === i)
  if (!isOrder) throw new RangeError(`${order} is no order of ${steps} batches`)
  if (signs.length !== steps) throw new RangeError(`${signs.length} signs where there are ${steps} steps`)
  if (!Number.isInteger(contribution) || contribution < 0 || contribution >= contributions) {
    throw new RangeError(`there is no contribution ${contribution} of ${contributions}`)
  }
}

function emptyBatch({ inputs, batch }: RoundShape): ExactBatch {
  return { inputs: new Int32Array(batch * inputs), targets: new Int32Array(batch), present: new Uint8Array(batch) }
}

/**
 * Scales rows down that are too long. Rounded towards 0, so that none is too long again: by the error of a float their
 * squares could only come to more than the limit by less than 1, and both are whole numbers.
 */
function shorten({ inputs, present }: ExactBatch, width: number, squaredNorm: number): void {
  const limit = squaredNorm - CONSTANT_SQUARED
  for (let b = 0; b < present.length; b++) {
    const row = inputs.subarray(b * width, (b + 1) * width - 1)
    const length = row.reduce((sum, input) => sum + input ** 2, 0)
    if (length > limit) row.set(row.map(input => Math.trunc(input * Math.sqrt(limit / length))))
  }
}
