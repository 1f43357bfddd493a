import { AppError } from '../../errors/AppError.ts'
import { checkBatch, type ExactBatch } from './batch.ts'
import { checkShape } from './bounds.ts'
import {
  ACTIVATION_LIMIT,
  type ExactShape,
  GRADIENT_LIMIT,
  LARGEST_SHIFT,
  layerHeights,
  ONE,
  WEIGHT_LIMIT,
  weightCount,
} from './shape.ts'
import { SIGMOID } from './sigmoid.ts'

/** Rows of integers. */
export type Matrix = readonly (readonly bigint[])[]

/** All that a step computes on its way, row by row of the batch; what is of the hidden layer is empty without one. */
export interface StepValues {
  /** X·W₁, Q44. */
  readonly hiddenSums: Matrix
  /** The same, rounded to Q12. */
  readonly activations: Matrix
  /** What the last layer reads, Q12: the positive activations and 1, or the inputs. */
  readonly features: Matrix
  /** Features times the last layer's weights, Q44. */
  readonly outputSums: Matrix
  /** Probability less target, Q14; 0 in empty rows. */
  readonly errors: Matrix
  /** Errors times the last layer's weights, without the constant unit's, Q46. */
  readonly gradientSums: Matrix
  /** The same rounded to Q14. */
  readonly gradients: Matrix
  /** The same where the activation is not negative, 0 elsewhere. */
  readonly hiddenErrors: Matrix
}

/**
 * One step of SGD in integers: the specification, which kernels and proofs follow to the last bit. Slow.
 * @param weights Q32, see weightCount; not changed
 * @returns the weights after it
 * @throws AppError training.diverged where an activation, a gradient or a weight leaves its range
 * @throws RangeError for a shape whose numbers could grow too large, a batch or weights that are not of the shape
 */
export function exactStep(shape: ExactShape, weights: BigInt64Array, batch: ExactBatch): BigInt64Array<ArrayBuffer> {
  checkShape(shape)
  checkBatch(shape, batch)
  checkWeights(shape, weights)
  const layers = layersOf(shape, weights)
  const values = stepValues(shape, layers, batch)
  const inputs = rowsOf(batch.inputs, shape.inputs)
  const updated =
    layers.length === 1
      ? [moved(shape, layers[0]!, inputs, values.errors)]
      : [
          moved(shape, layers[0]!, inputs, values.hiddenErrors),
          moved(shape, layers[1]!, values.features, values.errors),
        ]
  const flat = updated.flat(2)
  if (!flat.every(isWeight)) throw outOfRange('weight')
  return BigInt64Array.from(flat)
}

/**
 * Everything up to the update.
 * @param layers the matrices, see layersOf
 * @throws AppError training.diverged
 */
export function stepValues(shape: ExactShape, layers: readonly Matrix[], batch: ExactBatch): StepValues {
  const inputs = rowsOf(batch.inputs, shape.inputs)
  const [first, last] = layers.length === 1 ? [undefined, layers[0]!] : [layers[0]!, layers[1]!]

  const hiddenSums = first ? times(inputs, first) : []
  const activations = mapped(hiddenSums, sum => roundedShift(sum, 32n))
  if (!activations.flat().every(isActivation)) throw outOfRange('activation')
  const features = first ? activations.map(row => [...row.map(a => (a > 0n ? a : 0n)), BigInt(ONE)]) : inputs

  const outputSums = times(features, last)
  const targets = rowsOf(batch.targets, shape.outputs)
  const errors = outputSums.map((row, b) =>
    row.map((sum, c) => (batch.present[b] ? probability(sum) - targets[b]![c]! : 0n)),
  )

  const gradientSums = first ? times(errors, transposed(last.slice(0, -1))) : []
  const gradients = mapped(gradientSums, sum => roundedShift(sum, 32n))
  if (!gradients.flat().every(isGradient)) throw outOfRange('gradient')
  const hiddenErrors = gradients.map((row, b) => row.map((e, j) => (activations[b]![j]! >= 0n ? e : 0n)))
  return { hiddenSums, activations, features, outputSums, errors, gradientSums, gradients, hiddenErrors }
}

/** The flat weights as matrices. */
export function layersOf(shape: ExactShape, weights: BigInt64Array): readonly Matrix[] {
  const [height] = layerHeights(shape)
  if (shape.hidden === 0) return [rowsOf(weights, shape.outputs)]
  const border = height! * shape.hidden
  return [rowsOf(weights.subarray(0, border), shape.hidden), rowsOf(weights.subarray(border), shape.outputs)]
}

/**
 * @throws RangeError where there are not as many as the shape has, or one is out of range
 */
export function checkWeights(shape: ExactShape, weights: BigInt64Array): void {
  if (weights.length !== weightCount(shape)) throw new RangeError(`${weights.length} weights`)
  if (!weights.every(isWeight)) throw new RangeError('a weight beyond 16')
}

/** What a step throws where a number leaves its range, whoever computed it. */
export function outOfRange(value: 'activation' | 'gradient' | 'weight'): AppError {
  return new AppError('training.diverged', { value })
}

/** Q44 to the sigmoid's Q14, by way of Q4. */
function probability(sum: bigint): bigint {
  const argument = Number(roundedShift(sum, 40n))
  return BigInt(SIGMOID[Math.max(-128, Math.min(127, argument)) + 128]!)
}

/** W − 2^(6 − shift)·AᵀD. */
function moved({ shift }: ExactShape, weights: Matrix, features: Matrix, errors: Matrix): Matrix {
  const gradient = times(transposed(features), errors)
  const factor = 1n << BigInt(LARGEST_SHIFT - shift)
  return weights.map((row, i) => row.map((weight, j) => weight - factor * gradient[i]![j]!))
}

function isActivation(value: bigint): boolean {
  return value >= -ACTIVATION_LIMIT && value < ACTIVATION_LIMIT
}

function isGradient(value: bigint): boolean {
  return value >= -GRADIENT_LIMIT && value < GRADIENT_LIMIT
}

function isWeight(value: bigint): boolean {
  return value >= -WEIGHT_LIMIT && value < WEIGHT_LIMIT
}

/** Divided by 2^bits and rounded; halves go up. */
function roundedShift(value: bigint, bits: bigint): bigint {
  return (value + (1n << (bits - 1n))) >> bits
}

function rowsOf(flat: Int32Array | BigInt64Array, width: number): Matrix {
  return Array.from({ length: flat.length / width }, (_, row) =>
    Array.from(flat.subarray(row * width, (row + 1) * width), BigInt),
  )
}

function times(a: Matrix, b: Matrix): Matrix {
  const columns = transposed(b)
  return a.map(row => columns.map(column => row.reduce((sum, value, k) => sum + value * column[k]!, 0n)))
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map(row => row[column]!))
}

function mapped(matrix: Matrix, map: (value: bigint) => bigint): Matrix {
  return matrix.map(row => row.map(map))
}
