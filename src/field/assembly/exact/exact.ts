// One step of SGD in integers; src/audit/engine/model.ts says what it computes, and bounds.ts that 64 bits hold it.

/** 1 as an activation, Q12. */
const one: i32 = 1 << 12
const activationLimit: i64 = 1 << 18
const gradientLimit: i64 = 1 << 23
const weightLimit: i64 = (<i64>1) << 36

let inputCount: i32 = 0
let hiddenCount: i32 = 0
let outputCount: i32 = 0
let batchSize: i32 = 0
let updateShift: i32 = 0

// Addresses: what the caller writes, and reads. Weights are 64 bits, a present row's flag a byte, all else 32.
export let table: usize = 0
export let inputs: usize = 0
export let targets: usize = 0
export let present: usize = 0
export let weights: usize = 0

// What lies between.
let updated: usize = 0
let weightBytes: usize = 0
let sums: usize = 0
let activations: usize = 0
let features: usize = 0
let errors: usize = 0
let hiddenErrors: usize = 0

/**
 * Lays everything out, which comes before anything else, and once.
 * @param hidden units without the constant one; 0 for one layer
 * @param shift bits that an update moves to the left
 * @returns bytes that the memory must have
 */
export function layOut(inputWidth: i32, hidden: i32, outputs: i32, batch: i32, shift: i32): usize {
  inputCount = inputWidth
  hiddenCount = hidden
  outputCount = outputs
  batchSize = batch
  updateShift = shift
  const rows = <usize>batch
  const featureWidth = <usize>(hidden === 0 ? 0 : hidden + 1)
  const last = (hidden === 0 ? <usize>inputWidth : featureWidth) * <usize>outputs
  weightBytes = 8 * (<usize>inputWidth * <usize>hidden + last)

  let top: usize = __heap_base
  weights = top
  top += weightBytes
  updated = top
  top += weightBytes
  sums = top
  top += 8 * rows * <usize>max(hidden, outputs)
  table = top
  top += 4 * 256
  inputs = top
  top += 4 * rows * <usize>inputWidth
  targets = top
  top += 4 * rows * <usize>outputs
  errors = top
  top += 4 * rows * <usize>outputs
  activations = top
  top += 4 * rows * <usize>hidden
  hiddenErrors = top
  top += 4 * rows * <usize>hidden
  features = top
  top += 4 * rows * featureWidth
  present = top
  top += rows
  if (hidden === 0) features = inputs
  return top
}

/**
 * A step on the batch that lies there. Where a number leaves its range, the weights stay as they were.
 * @returns 0, or what left its range: 1 an activation, 2 a gradient, 3 a weight
 */
export function step(): i32 {
  const first = weights
  const last = weights + 8 * <usize>inputCount * <usize>hiddenCount
  const featureWidth = hiddenCount === 0 ? inputCount : hiddenCount + 1
  if (hiddenCount > 0) {
    multiply(inputs, inputCount, first, hiddenCount)
    if (!activate()) return 1
  }
  multiply(features, featureWidth, last, outputCount)
  compare()
  if (hiddenCount > 0 && !backward(last)) return 2

  memory.copy(updated, weights, weightBytes)
  if (hiddenCount > 0) update(updated, inputs, inputCount, hiddenErrors, hiddenCount)
  update(updated + (last - weights), features, featureWidth, errors, outputCount)
  if (!inRange()) return 3
  memory.copy(weights, updated, weightBytes)
  return 0
}

/** sums ← the rows of source times a matrix. */
function multiply(source: usize, width: i32, matrix: usize, columns: i32): void {
  const rowBytes: usize = 8 * <usize>columns
  memory.fill(sums, 0, <usize>batchSize * rowBytes)
  let from = source
  let to = sums
  for (let b = 0; b < batchSize; b++) {
    let row = matrix
    for (let k = 0; k < width; k++) {
      // Pixels and categories are mostly 0.
      const factor = <i64>load<i32>(from)
      if (factor !== 0) {
        for (let j: usize = 0; j < rowBytes; j += 8) store<i64>(to + j, load<i64>(to + j) + factor * load<i64>(row + j))
      }
      from += 4
      row += rowBytes
    }
    to += rowBytes
  }
}

/** Activations and features from the sums. @returns whether all are in range */
function activate(): bool {
  let from = sums
  let to = activations
  let feature = features
  for (let b = 0; b < batchSize; b++) {
    for (let j = 0; j < hiddenCount; j++) {
      const activation = rounded(load<i64>(from), 32)
      if (activation < -activationLimit || activation >= activationLimit) return false
      store<i32>(to, <i32>activation)
      store<i32>(feature, max(<i32>activation, 0))
      from += 8
      to += 4
      feature += 4
    }
    store<i32>(feature, one)
    feature += 4
  }
  return true
}

/** Errors of the outputs from their sums. */
function compare(): void {
  let at: usize = 0
  for (let b = 0; b < batchSize; b++) {
    const isThere = load<u8>(present + b) !== 0
    for (let c = 0; c < outputCount; c++) {
      const index = min(max(rounded(load<i64>(sums + 2 * at), 40), -128), 127) + 128
      const probability = load<i32>(table + 4 * <usize>index)
      store<i32>(errors + at, isThere ? probability - load<i32>(targets + at) : 0)
      at += 4
    }
  }
}

/** Errors of the hidden units from those of the outputs. @returns whether all gradients are in range */
function backward(matrix: usize): bool {
  const errorBytes: usize = 4 * <usize>outputCount
  let at: usize = 0
  for (let b = 0; b < batchSize; b++) {
    const row = errors + <usize>b * errorBytes
    let weight = matrix
    for (let j = 0; j < hiddenCount; j++) {
      let sum: i64 = 0
      for (let c: usize = 0; c < errorBytes; c += 4) {
        sum += <i64>load<i32>(row + c) * load<i64>(weight)
        weight += 8
      }
      const gradient = rounded(sum, 32)
      if (gradient < -gradientLimit || gradient >= gradientLimit) return false
      store<i32>(hiddenErrors + at, load<i32>(activations + at) < 0 ? 0 : <i32>gradient)
      at += 4
    }
  }
  return true
}

/** matrix ← matrix − 2^shift · the columns of source times errors. */
function update(matrix: usize, source: usize, width: i32, factors: usize, columns: i32): void {
  const rowBytes: usize = 8 * <usize>columns
  let from = source
  for (let b = 0; b < batchSize; b++) {
    const error = factors + <usize>b * 4 * <usize>columns
    let row = matrix
    for (let k = 0; k < width; k++) {
      const factor = (<i64>load<i32>(from)) << updateShift
      if (factor !== 0) {
        for (let j: usize = 0; j < rowBytes; j += 8)
          store<i64>(row + j, load<i64>(row + j) - factor * <i64>load<i32>(error + (j >> 1)))
      }
      from += 4
      row += rowBytes
    }
  }
}

/** Whether all updated weights are. */
function inRange(): bool {
  for (let at = updated; at < updated + weightBytes; at += 8) {
    const weight = load<i64>(at)
    if (weight < -weightLimit || weight >= weightLimit) return false
  }
  return true
}

/** Divided by 2^bits and rounded; halves go up. */
function rounded(value: i64, bits: i64): i64 {
  return (value + ((<i64>1) << (bits - 1))) >> bits
}
