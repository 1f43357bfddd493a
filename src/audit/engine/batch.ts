import { type ExactShape, HIT, ONE, weightCount } from './shape.ts'

/** What one step learns from: exactly `batch` rows. */
export interface ExactBatch {
  /** Row after row, Q12. */
  readonly inputs: Int32Array
  /** Row after row, 0 or HIT for each output. */
  readonly targets: Int32Array
  /** 1 for a row, 0 for an empty one, from which nothing is learned. */
  readonly present: Uint8Array
}

/** Rows before they are encoded. */
export interface Rows {
  /** Row after row, without the constant input. */
  readonly inputs: Float32Array
  /** Class of each row, from 0; 0 or 1 where there is one output. */
  readonly labels: Int32Array
  readonly count: number
}

/**
 * Splits rows into fixed disjoint batches; the last is filled up with empty rows. Inputs are rounded to Q12, and clamped
 * to the shape's largest.
 * @param order of the rows; as they are unless given
 * @throws RangeError where rows do not fit the shape, for NaN, and for a label of no output
 */
export function encodeBatches(shape: ExactShape, rows: Rows, order?: ArrayLike<number>): ExactBatch[] {
  if (rows.inputs.length !== rows.count * (shape.inputs - 1) || rows.labels.length !== rows.count)
    throw new RangeError(`${rows.inputs.length} numbers are not ${rows.count} rows of ${shape.inputs - 1}`)
  const batches: ExactBatch[] = []
  for (let from = 0; from < rows.count; from += shape.batch) {
    const batch = emptyBatch(shape)
    for (let b = 0; b < shape.batch && from + b < rows.count; b++) {
      fillRow(shape, batch, b, rows, order?.[from + b] ?? from + b)
    }
    batches.push(batch)
  }
  return batches
}

/**
 * Checks what the arithmetic relies on: sizes, ranges, and the constant input.
 * @throws RangeError naming what is wrong
 */
export function checkBatch(shape: ExactShape, { inputs, targets, present }: ExactBatch): void {
  const { inputs: width, outputs, batch, largestInput } = shape
  if (inputs.length !== batch * width || targets.length !== batch * outputs || present.length !== batch)
    throw new RangeError('a batch of another shape')
  for (let b = 0; b < batch; b++) {
    const last = (b + 1) * width - 1
    if (present[b]! > 1) throw new RangeError('a row is present or not')
    if (inputs[last] !== present[b]! * ONE) throw new RangeError('the constant input is 1 in rows, 0 in empty ones')
    for (let i = last - width + 1; i < last; i++) {
      if (Math.abs(inputs[i]!) > largestInput) throw new RangeError(`an input beyond ${largestInput}`)
    }
  }
  for (const target of targets) if (target !== 0 && target !== HIT) throw new RangeError('a target is 0 or 1')
}

/** Weights as a float model of the same shape has them: layer by layer, rows first, the biases behind. Q32, rounded. */
export function encodeWeights(shape: ExactShape, parameters: Float32Array): BigInt64Array<ArrayBuffer> {
  if (parameters.length !== weightCount(shape)) throw new RangeError(`${parameters.length} weights`)
  return BigInt64Array.from(parameters, weight => BigInt(Math.round(weight * 2 ** 32)))
}

/** The nearest floats. */
export function decodeWeights(weights: BigInt64Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(weights, weight => Number(weight) / 2 ** 32)
}

function emptyBatch({ inputs, outputs, batch }: ExactShape): ExactBatch {
  return {
    inputs: new Int32Array(batch * inputs),
    targets: new Int32Array(batch * outputs),
    present: new Uint8Array(batch),
  }
}

function fillRow(shape: ExactShape, batch: ExactBatch, b: number, rows: Rows, row: number): void {
  const { inputs: width, outputs, largestInput } = shape
  const label = rows.labels[row]
  if (label === undefined || label < 0 || label >= Math.max(2, outputs)) throw new RangeError(`class ${label}`)
  for (let i = 0; i < width - 1; i++) {
    batch.inputs[b * width + i] = encodeInput(rows.inputs[row * (width - 1) + i]!, largestInput)
  }
  batch.inputs[(b + 1) * width - 1] = ONE
  if (outputs === 1) batch.targets[b] = label * HIT
  else batch.targets[b * outputs + label] = HIT
  batch.present[b] = 1
}

function encodeInput(value: number, largest: number): number {
  if (Number.isNaN(value)) throw new RangeError('an input is no number')
  return Math.max(-largest, Math.min(largest, Math.round(value * ONE)))
}
