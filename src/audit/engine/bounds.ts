import { MODULUS } from '../../field/Field.ts'
import {
  ACTIVATION_LIMIT,
  type ExactShape,
  GRADIENT_LIMIT,
  HIT,
  INPUT_LIMIT,
  LARGEST_SHIFT,
  ONE,
  WEIGHT_LIMIT,
} from './shape.ts'

/** Magnitudes that nothing exceeds in a step, whatever the data; see StepValues. */
export interface Bounds {
  readonly hiddenSums: bigint
  readonly outputSums: bigint
  readonly gradientSums: bigint
  /** Of all weights after the step, sums on the way to them included. */
  readonly weights: bigint
}

/** In 64 bits, where sums are added up in any order and a half is added for rounding: one bit to spare. */
export const ENGINE_LIMITS: Bounds = limitsOf(2n ** 62n)

/**
 * In the field: a sum is an integer again as soon as what it is said to be, quotient · 2^bits + remainder, is within
 * p − (the most that this can be) of it. Quotients are checked to have 19 bits, 24 before the sigmoid, and 24; weights to be
 * below 16.
 */
export const FIELD_LIMITS: Bounds = {
  hiddenSums: MODULUS - 2n ** 51n,
  outputSums: MODULUS - 2n ** 63n - 2n ** 40n,
  gradientSums: MODULUS - 2n ** 56n,
  weights: MODULUS - 2n * WEIGHT_LIMIT,
}

/**
 * What steps can grow to, one after another, by induction from the largest weight before the first: weights and inputs
 * have largest magnitudes, so have sums; activations are checked, errors are below 1, gradients follow from the weights and
 * are checked, too; so weights after the step have a largest magnitude. It never ends.
 */
export function* growth(shape: ExactShape, start: bigint): Generator<Bounds, never> {
  const { inputs, hidden, outputs, batch, shift, largestInput } = shape
  const one = BigInt(ONE)
  const inputRow = BigInt(inputs - 1) * BigInt(largestInput) + one
  const featureRow = hidden === 0 ? inputRow : BigInt(hidden) * BigInt(ACTIVATION_LIMIT) + one
  const largestFeature = hidden === 0 ? max(BigInt(largestInput), one) : BigInt(ACTIVATION_LIMIT)
  const step = BigInt(batch) << BigInt(LARGEST_SHIFT - shift)
  let first = hidden === 0 ? 0n : start
  let last = start
  for (;;) {
    const gradientSums = hidden === 0 ? 0n : BigInt(outputs * HIT) * last
    const gradient = min((gradientSums + 2n ** 31n) >> 32n, BigInt(GRADIENT_LIMIT))
    const sums = { hiddenSums: inputRow * first, outputSums: featureRow * last, gradientSums }
    if (hidden > 0) first += step * max(BigInt(largestInput), one) * gradient
    last += step * largestFeature * BigInt(HIT)
    yield { ...sums, weights: max(first, last) }
  }
}

/**
 * Checks that the engine's integers fit 64 bits in every step of a training, however long: weights are checked after each.
 * @throws RangeError for sizes that make no network, and naming the numbers that could grow too large
 */
export function checkShape(shape: ExactShape): void {
  const { inputs, hidden, outputs, batch, shift, largestInput } = shape
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most
  if (!isWhole(inputs, 2, 2 ** 16) || !isWhole(hidden, 0, 2 ** 16) || !isWhole(outputs, 1, 2 ** 16))
    throw new RangeError(`${inputs}-${hidden}-${outputs} is no network`)
  if (!isWhole(batch, 1, 2 ** 16)) throw new RangeError(`batch: ${batch} rows`)
  if (!isWhole(shift, 0, LARGEST_SHIFT)) throw new RangeError(`shift: ${shift} is not between 0 and ${LARGEST_SHIFT}`)
  if (!isWhole(largestInput, 1, INPUT_LIMIT)) throw new RangeError(`largestInput: ${largestInput} is above 8`)
  const tooLarge = exceeded(growth(shape, WEIGHT_LIMIT).next().value, ENGINE_LIMITS)
  if (tooLarge) throw new RangeError(`${tooLarge} could exceed 64 bits`)
}

/**
 * How many steps in a row a proof can take as exact integers between two range checks of the weights.
 * @param start the largest magnitude of a weight before the first: WEIGHT_LIMIT after a range check, or of a public model
 * @param most where to stop counting
 */
export function longestSegment(shape: ExactShape, start: bigint, most = 1000): number {
  checkShape(shape)
  let steps = 0
  for (const bounds of growth(shape, start)) {
    if (steps === most || exceeded(bounds, FIELD_LIMITS)) break
    steps++
  }
  return steps
}

/**
 * @throws RangeError where a segment of so many steps is too long, naming what could wrap around in the field, and when
 */
export function checkSegment(shape: ExactShape, start: bigint, steps: number): void {
  checkShape(shape)
  let step = 0
  for (const bounds of growth(shape, start)) {
    if (step++ === steps) return
    const tooLarge = exceeded(bounds, FIELD_LIMITS)
    if (tooLarge) throw new RangeError(`${tooLarge} could wrap around in step ${step} of ${steps}`)
  }
}

function exceeded(bounds: Bounds, limits: Bounds): keyof Bounds | undefined {
  return (Object.keys(limits) as (keyof Bounds)[]).find(name => bounds[name] >= limits[name])
}

function limitsOf(limit: bigint): Bounds {
  return { hiddenSums: limit, outputSums: limit, gradientSums: limit, weights: limit }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
