import { AppError } from '../../errors/AppError.ts'
import { bitsFor, packBits, packedLength, unpackBits } from './bits.ts'
import { codebookOf, nearest, sortedValues } from './kMeans.ts'

/** One tensor as a codebook and the index of each of its values in it, or as its values where that is not more. */
export type ClusteredTensor =
  | { readonly codebook: Float32Array; readonly indices: Uint8Array }
  | { readonly values: Float32Array }

export interface ClusteringOptions {
  /** Largest ‖x − x̂‖ / ‖x‖ of a tensor; the smallest codebook that keeps it is taken. */
  readonly relativeError: number
}

/** Five to six bits a weight. Of a difference of two models it is a part of one round’s step, not of the model. */
export const suggestedError = 0.06

/** An index is at most 8 bits, and an entry count of 0 means values as they are. */
const MOST_ENTRIES = 255
/** Below a kilobyte there is nothing to save that the blob's header does not outweigh: biases and small models stay exact. */
const FEWEST_VALUES = 256
const VERSION = 1

/**
 * Weight clustering (Han et al. 2016, “Deep compression”) with a codebook of its own for each tensor, its size chosen by the
 * error: for what need not be linear, the model on its way down and updates that the committee opens one by one. Better for a
 * difference to a model that the receiver holds than for the model itself: there the error is a part of one step.
 *
 * Deterministic to the last bit, so that all honest seats of a committee compute, and sign, the same bytes.
 *
 * @param sizes of the tensors, one after another in the vector
 * @throws AppError aggregation.badUpdate where a value is not finite
 * @throws RangeError where the sizes do not add up to the vector's length
 */
export function cluster(
  vector: Float32Array,
  sizes: readonly number[],
  { relativeError }: ClusteringOptions,
): ClusteredTensor[] {
  if (!vector.every(Number.isFinite)) throw new AppError('aggregation.badUpdate')
  return split(vector, sizes).map(values => clusterTensor(values, relativeError))
}

/**
 * The vector that clustered tensors stand for.
 */
export function unclustered(tensors: readonly ClusteredTensor[]): Float32Array<ArrayBuffer> {
  const sizeOf = (tensor: ClusteredTensor) => ('values' in tensor ? tensor.values : tensor.indices).length
  const vector = new Float32Array(tensors.reduce((size, tensor) => size + sizeOf(tensor), 0))
  let at = 0
  for (const tensor of tensors) {
    if ('values' in tensor) vector.set(tensor.values, at)
    else for (let i = 0; i < tensor.indices.length; i++) vector[at + i] = tensor.codebook[tensor.indices[i]!]!
    at += sizeOf(tensor)
  }
  return vector
}

/**
 * One byte of version, then for each tensor: its number of entries c in one byte, c float32 (little-endian, ascending), and
 * bit-packed indices of ⌈log₂ c⌉ bits each; or a zero byte and its values as float32. The sizes are the model's and not sent.
 */
export function encodeClustered(tensors: readonly ClusteredTensor[]): Uint8Array<ArrayBuffer> {
  const parts = tensors.map(tensor => {
    if ('values' in tensor) return { entries: 0, floats: tensor.values, packed: new Uint8Array() }
    const { codebook, indices } = tensor
    return { entries: codebook.length, floats: codebook, packed: packBits(indices, bitsFor(codebook.length)) }
  })
  const bytes = new Uint8Array(
    parts.reduce((length, { floats, packed }) => length + 1 + 4 * floats.length + packed.length, 1),
  )
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  let at = 1
  for (const { entries, floats, packed } of parts) {
    bytes[at++] = entries
    for (const value of floats) {
      view.setFloat32(at, value, true)
      at += 4
    }
    bytes.set(packed, at)
    at += packed.length
  }
  return bytes
}

/**
 * The inverse of encodeClustered, for bytes of strangers: what it accepts, encodes to the very same bytes again.
 * @param sizes of the tensors that the study's model has
 * @throws AppError aggregation.badUpdate: another version or length; an index without an entry; numbers not finite; a codebook
 *   not strictly ascending, with an entry that no value uses, or no shorter than the values
 */
export function decodeClustered(bytes: Uint8Array, sizes: readonly number[]): ClusteredTensor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (length: number): number => {
    const from = at
    at += length
    if (at > bytes.length) throw new AppError('aggregation.badUpdate')
    return from
  }
  const floats = (count: number): Float32Array<ArrayBuffer> => {
    const from = take(4 * count)
    const values = new Float32Array(count)
    for (let i = 0; i < count; i++) values[i] = view.getFloat32(from + 4 * i, true)
    return values
  }
  if (bytes[take(1)] !== VERSION) throw new AppError('aggregation.badUpdate')
  const tensors = sizes.map((size): ClusteredTensor => {
    const entries = bytes[take(1)]!
    if (entries === 0) {
      const values = floats(size)
      if (!values.every(Number.isFinite)) throw new AppError('aggregation.badUpdate')
      return { values }
    }
    if (!saves(entries, size)) throw new AppError('aggregation.badUpdate')
    const codebook = floats(entries)
    const width = bitsFor(entries)
    const from = take(packedLength(size, width))
    const indices = unpackBits(bytes.subarray(from, at), width, size)
    if (indices === undefined || !isCanonical(codebook, indices)) throw new AppError('aggregation.badUpdate')
    return { codebook, indices }
  })
  if (at !== bytes.length) throw new AppError('aggregation.badUpdate')
  return tensors
}

/** Whether a codebook and its indices take fewer bytes than the values. */
function saves(entries: number, size: number): boolean {
  return 4 * entries + packedLength(size, bitsFor(entries)) < 4 * size
}

/** Strictly ascending, finite, without −0 and every entry in use: one encoding for one tensor. */
function isCanonical(codebook: Float32Array, indices: Uint8Array): boolean {
  const used = new Uint8Array(codebook.length)
  for (const index of indices) {
    if (index >= codebook.length) return false
    used[index] = 1
  }
  return (
    used.every(mark => mark === 1) &&
    codebook.every(
      // NaN compares false.
      (value, i) => Number.isFinite(value) && !Object.is(value, -0) && (i === 0 || value > codebook[i - 1]!),
    )
  )
}

function clusterTensor(values: Float32Array, relativeError: number): ClusteredTensor {
  if (values.length < FEWEST_VALUES) return { values }
  const sorted = sortedValues(values)
  const allowed = relativeError * relativeError * squares(values)
  // Full powers of two: with fewer entries the indices would be no shorter.
  for (let entries = 1; entries <= MOST_ENTRIES + 1; entries *= 2) {
    const codebook = codebookOf(sorted, Math.min(entries, MOST_ENTRIES))
    if (!saves(codebook.length, values.length)) break
    const indices = nearest(values, codebook)
    if (squaredError(values, codebook, indices) <= allowed) return withoutUnused(codebook, indices)
  }
  return { values }
}

/** Rounding to float32 can move a border past the only value of an entry. */
function withoutUnused(codebook: Float32Array, indices: Uint8Array): ClusteredTensor {
  const used = new Uint8Array(codebook.length)
  for (const index of indices) used[index] = 1
  if (used.every(mark => mark === 1)) return { codebook, indices }
  const place = new Uint8Array(codebook.length)
  let next = 0
  for (let i = 0; i < used.length; i++) if (used[i] === 1) place[i] = next++
  return { codebook: codebook.filter((_, i) => used[i] === 1), indices: indices.map(index => place[index]!) }
}

function split(vector: Float32Array, sizes: readonly number[]): Float32Array[] {
  if (sizes.reduce((sum, size) => sum + size, 0) !== vector.length)
    throw new RangeError('the sizes are not the vector’s')
  let at = 0
  return sizes.map(size => {
    at += size
    return vector.subarray(at - size, at)
  })
}

function squares(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}

function squaredError(values: Float32Array, codebook: Float32Array, indices: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const error = values[i]! - codebook[indices[i]!]!
    sum += error * error
  }
  return sum
}
