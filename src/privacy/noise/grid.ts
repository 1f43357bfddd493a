import { discreteGaussianSampler } from './fastGaussian.ts'

/**
 * Deviations of the noise in steps of the grid, at least. The discrete Gaussian has the moments of the continuous one that RDP
 * computes with, at whole orders on any grid, at others to about exp(−2π²·8·multiplier): see docs/privacy.md.
 */
const leastSteps = 8
/** A grid this share of the clip, over √d, hardly adds to the sensitivity and leaves float64 enough bits. */
const gridShare = 2 ** -12

/**
 * A grid for sums of so many numbers that are clipped to a norm: the largest power of two with grid·√d ≤ clip/4096.
 * @throws RangeError where the clip is not positive or the dimensions are no positive whole number
 */
export function gridFor({ clip, dimensions }: { clip: number; dimensions: number }): number {
  if (!(clip > 0 && clip < Infinity)) throw new RangeError(`clip is ${clip}; it must be positive`)
  checkDimensions(dimensions)
  return 2 ** Math.floor(Math.log2((gridShare * clip) / Math.sqrt(dimensions)))
}

export interface Sensitivity {
  /** What one patient's contribution is clipped to, l2 norm. */
  readonly clip: number
  readonly grid: number
  /** How many numbers are rounded. */
  readonly dimensions: number
  /** By how much float arithmetic may move the sum apart from that, l2 norm, for both neighbours together: see summationError. */
  readonly floatError: number
}

/**
 * The most by which one patient can move a sum that is rounded to a grid, l2 norm: C + g√d + the float error. Rounding moves
 * each of the two neighbouring sums by at most g/2 a coordinate.
 * @throws RangeError where one of them is negative or not finite
 */
export function chargedSensitivity({ clip, grid, dimensions, floatError }: Sensitivity): number {
  checkDimensions(dimensions)
  const sensitivity = clip + grid * Math.sqrt(dimensions) + floatError
  if (!(clip >= 0 && grid >= 0 && floatError >= 0 && sensitivity < Infinity)) {
    throw new RangeError(`clip ${clip}, grid ${grid} and float error ${floatError} must not be negative`)
  }
  return sensitivity
}

/**
 * A bound on how far float arithmetic moves the sums over two neighbouring sets apart, in whatever order they are added:
 * twice γ·terms·clip with γ = (terms − 1)u / (1 − (terms − 1)u) (Higham 2002, section 4.2).
 * @param options.terms the most contributions that may be added
 * @param options.roundoff u: 2⁻²⁴ for float32 (default), 2⁻⁵³ for float64
 * @throws RangeError where there are so many terms that nothing can be said
 */
export function summationError({
  clip,
  terms,
  roundoff = 2 ** -24,
}: {
  clip: number
  terms: number
  roundoff?: number
}): number {
  const product = (terms - 1) * roundoff
  if (!(terms >= 1 && product < 0.5)) throw new RangeError(`${terms} terms cannot be added with roundoff ${roundoff}`)
  return (2 * terms * clip * product) / (1 - product)
}

/**
 * The values rounded to the grid, each with its own noise g·N_ℤ(0, (sigma/g)²): a discrete Gaussian from
 * crypto.getRandomValues. What a float32 result rounds away is post-processing and costs no privacy.
 *
 * @param values finite; left as they are
 * @param options.sigma the noise's standard deviation in the units of the values: multiplier × charged sensitivity
 * @param options.grid a power of two, at most an eighth of sigma
 * @throws RangeError where a value is not finite or beyond 2⁵² steps, or sigma and grid are out of range
 */
export function noisyOnGrid<Values extends Float32Array | Float64Array>(
  values: Values,
  { sigma, grid }: { sigma: number; grid: number },
): Values extends Float32Array ? Float32Array<ArrayBuffer> : Float64Array<ArrayBuffer>
export function noisyOnGrid(
  values: Float32Array | Float64Array,
  { sigma, grid }: { sigma: number; grid: number },
): Float32Array | Float64Array {
  // A power of two, so that dividing by it and multiplying with it are exact.
  if (!(grid > 0 && Number.isInteger(Math.log2(grid)) && 2 ** Math.log2(grid) === grid)) {
    throw new RangeError(`grid is ${grid}; it must be a power of two`)
  }
  if (!(sigma >= leastSteps * grid)) {
    throw new RangeError(`sigma is ${sigma}; it must be at least ${leastSteps} steps of the grid ${grid}`)
  }
  const sample = discreteGaussianSampler(sigma / grid)
  const result = values instanceof Float32Array ? new Float32Array(values.length) : new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const steps = Math.round(values[i]! / grid)
    // NaN compares false.
    if (!(Math.abs(steps) <= 2 ** 52)) throw new RangeError(`value ${i} is not finite or too large for the grid`)
    result[i] = (steps + sample()) * grid
  }
  return result
}

function checkDimensions(dimensions: number): void {
  if (!(Number.isSafeInteger(dimensions) && dimensions > 0)) {
    throw new RangeError(`dimensions is ${dimensions}; it must be a positive whole number`)
  }
}
