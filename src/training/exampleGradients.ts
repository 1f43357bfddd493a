import * as tf from '@tensorflow/tfjs-core'

/**
 * Gradients of single patients, without writing most of them out: what clipping needs is only their norms, and afterwards
 * one weighted sum. The inputs and the gradients before the activation, which one backward pass leaves, hold both
 * (Goodfellow 2015; Li et al. 2022, "ghost clipping"; Bu et al. 2023, "book-keeping").
 */
export interface ExampleGradient {
  /**
   * For each row, the squared norm of its patient's whole gradient of this tensor: an upper bound, over the exact one by no
   * more than what float32 may have lost.
   */
  readonly squaredNorms: tf.Tensor1D
  /** Σ factor · gradient over the rows, in the tensor's shape. */
  sum(factors: tf.Tensor1D): tf.Tensor
}

/**
 * Which rows are of one patient: [rows, rows], 1 where both are, else 0. Left out where every row is a patient of its own.
 */
export type SamePatient = tf.Tensor2D | undefined

/**
 * A dense layer's weight. One row: g = a bᵀ, so ‖g‖² = ‖a‖²‖b‖². Several rows: ‖Σ a bᵀ‖² = Σ_{r,s} (a_r·a_s)(b_r·b_s).
 * @param a the layer's inputs [rows, inputs]
 * @param b gradients before the activation [rows, units]
 */
export function denseWeight(a: tf.Tensor2D, b: tf.Tensor2D, same: SamePatient): ExampleGradient {
  const [inputs, units] = [a.shape[1], b.shape[1]]
  const [a2, b2] = [rowSquares(a), rowSquares(b)]
  const squares = same
    ? tf.sum(tf.mul(tf.mul(tf.matMul(a, a, false, true), tf.matMul(b, b, false, true)), same), 1)
    : tf.mul(a2, b2)
  const rows = same ? a.shape[0] : 0
  return {
    squaredNorms: upperBound(ofPatient(squares as tf.Tensor1D, same), a2, b2, inputs + units + 2 * rows, same),
    sum: factors => tf.matMul(a, times(b, factors), true, false),
  }
}

/**
 * A convolution's filter, with a stride of 1. With the patches U under each of the T positions, g = Σ_t U_t b_tᵀ. Where it
 * is cheaper ‖g‖² is taken from Σ_{t,s} (U_t·U_s)(b_t·b_s); small filters on large images are cheaper written out.
 * @param x the layer's inputs [rows, height, width, channels]
 * @param b gradients before the activation [rows, height, width, filters]
 */
export function convFilter(
  x: tf.Tensor4D,
  b: tf.Tensor4D,
  kernel: number,
  padding: 'same' | 'valid',
  same: SamePatient,
): ExampleGradient {
  const [rows, height, width, filters] = b.shape
  const positions = height * width
  const patch = kernel * kernel * x.shape[3]
  const u = tf.reshape(patches(x, kernel, padding, height, width), [rows, positions, patch]) as tf.Tensor3D
  const bs = tf.reshape(b, [rows, positions, filters]) as tf.Tensor3D
  const [u2, b2] = [rowSquares(u), rowSquares(bs)]
  const shape = [kernel, kernel, x.shape[3], filters]
  if (same || !isGramCheaper(positions, patch, filters)) {
    const gradients = tf.reshape(tf.matMul(u, bs, true, false), [rows, patch * filters]) as tf.Tensor2D
    return writtenOut(gradients, u2, b2, positions, shape, same)
  }
  const gram = tf.sum(tf.mul(tf.matMul(u, u, false, true), tf.matMul(bs, bs, false, true)), [1, 2]) as tf.Tensor1D
  return {
    squaredNorms: upperBound(gram, u2, b2, patch + filters + positions * positions, same),
    sum(factors) {
      const weighted = times(tf.reshape(bs, [rows, positions * filters]) as tf.Tensor2D, factors)
      const flat = tf.reshape(weighted, [rows * positions, filters]) as tf.Tensor2D
      return tf.reshape(tf.matMul(tf.reshape(u, [rows * positions, patch]) as tf.Tensor2D, flat, true, false), shape)
    },
  }
}

/**
 * A bias: g = Σ_t b_t over the positions, one for a dense layer.
 * @param b gradients before the activation, [rows, units] or [rows, height, width, filters]
 */
export function bias(b: tf.Tensor, same: SamePatient): ExampleGradient {
  const [rows, units] = [b.shape[0]!, b.shape[b.shape.length - 1]!]
  const positions = b.size / (rows * units)
  const gradients = positions === 1 ? tf.reshape(b, [rows, units]) : tf.sum(tf.reshape(b, [rows, positions, units]), 1)
  const ones = tf.fill([rows], positions) as tf.Tensor1D
  return writtenOut(gradients as tf.Tensor2D, ones, rowSquares(b), positions, [units], same)
}

/** Numbers that one example's part of the largest tensor in convFilter has: what a batch's memory is planned with. */
export function convNumbers(positions: number, patch: number, filters: number): number {
  const norms = isGramCheaper(positions, patch, filters) ? positions * positions : patch * filters
  return Math.max(positions * patch, norms)
}

/** Multiplications for all pairs of positions against those for the gradients themselves. */
function isGramCheaper(positions: number, patch: number, filters: number): boolean {
  return positions * (patch + filters) < patch * filters
}

/**
 * Gradients as they are, [rows, size].
 * @param a2 squared norms of the factors that they were summed from, and b2: they bound the terms that may have cancelled
 * @param length how many terms
 */
function writtenOut(
  gradients: tf.Tensor2D,
  a2: tf.Tensor1D,
  b2: tf.Tensor1D,
  length: number,
  shape: number[],
  same: SamePatient,
): ExampleGradient {
  const [rows, size] = gradients.shape
  const written = tf.sqrt(rowSquares(same ? tf.matMul(same, gradients) : gradients))
  const terms = tf.sqrt(tf.mul(ofPatient(a2, same), ofPatient(b2, same)))
  const norms = tf.add(tf.mul(written, 1 + lost(size)), tf.mul(terms, lost(length + (same ? 2 * rows : 0))))
  return {
    squaredNorms: tf.square(norms) as tf.Tensor1D,
    sum: factors => tf.reshape(tf.matMul(tf.reshape(factors, [1, rows]) as tf.Tensor2D, gradients), shape),
  }
}

/** Every patch under the kernel, unfolded: [rows, height, width, kernel · kernel · channels], as a filter lies in memory. */
function patches(x: tf.Tensor4D, kernel: number, padding: 'same' | 'valid', height: number, width: number): tf.Tensor {
  const before = padding === 'same' ? Math.floor((kernel - 1) / 2) : 0
  const around: [number, number] = [before, padding === 'same' ? kernel - 1 - before : 0]
  const padded = padding === 'same' ? tf.pad(x, [[0, 0], around, around, [0, 0]]) : x
  const [rows, , , channels] = x.shape
  const shifted: tf.Tensor4D[] = []
  for (let r = 0; r < kernel; r++) {
    for (let c = 0; c < kernel; c++) shifted.push(tf.slice(padded, [0, r, c, 0], [rows, height, width, channels]))
  }
  return tf.concat(shifted, 3)
}

/**
 * The squared norms with what float32 may have lost of them added, so that a patient whose terms cancel does not pass as
 * smaller than it is.
 */
function upperBound(
  squares: tf.Tensor1D,
  a2: tf.Tensor1D,
  b2: tf.Tensor1D,
  length: number,
  same: SamePatient,
): tf.Tensor1D {
  return tf.add(squares, tf.mul(tf.mul(ofPatient(a2, same), ofPatient(b2, same)), lost(length)))
}

/**
 * A sum of n products in float32, in any order, is off by at most about n·2⁻²⁴ times the sum of their magnitudes (Higham
 * 2002, section 3.1), which Cauchy and Schwarz bound by ‖a‖‖b‖. Twice, for the norms themselves are rounded too.
 */
function lost(length: number): number {
  return 2 * (length + 8) * 2 ** -24
}

/** For each row the sum over its patient's rows. */
function ofPatient(values: tf.Tensor1D, same: SamePatient): tf.Tensor1D {
  if (!same) return values
  const column = tf.matMul(same, tf.reshape(values, [-1, 1]) as tf.Tensor2D)
  return tf.reshape(column, [-1])
}

function rowSquares(x: tf.Tensor): tf.Tensor1D {
  return tf.sum(tf.square(tf.reshape(x, [x.shape[0]!, -1])), 1)
}

function times(x: tf.Tensor2D, factors: tf.Tensor1D): tf.Tensor2D {
  return tf.mul(x, tf.reshape(factors, [-1, 1]))
}
