/** Added to a covariance's diagonal, over its mean: keeps what few candidates leave unknown from dividing by nothing. */
const ridge = 0.01

/**
 * Which candidates a vector of training points to. A hospital's update goes against the mean gradient of its patients; each
 * of them pulled it a little to its own. Correlating that pull with a candidate's gradient is the likelihood ratio of “was in”
 * to “was not”, if gradients are normal (Sankararaman et al. 2009; Dwork et al. 2015). Their covariance is taken from
 * the candidates, whose records the attacker has, and so is what they have in common: it tells nothing about who was in.
 *
 * @param gradients of each candidate's loss at the model that training started from
 * @returns scores of the candidates for a vector, from −1 to 1: the higher, the surer. Its length and what it has of `common`
 *   do not count
 */
export function directionScorer(
  gradients: readonly Float64Array[],
): (vector: ArrayLike<number>, common: readonly ArrayLike<number>[]) => Float64Array<ArrayBuffer> {
  const mean = meanVector(gradients)
  const centred = gradients.map(gradient => gradient.map((value, k) => value - mean[k]!))
  const factor = cholesky(covariance(centred), mean.length)
  const whitened = centred.map(vector => unit(solve(factor, vector)))
  return (vector, common) => {
    const basis: Float64Array[] = []
    for (const one of common) basis.push(unit(without(solve(factor, one), basis)))
    const direction = unit(without(solve(factor, vector), basis))
    return Float64Array.from(whitened, gradient => dot(gradient, direction))
  }
}

export function meanVector(vectors: readonly ArrayLike<number>[]): Float64Array<ArrayBuffer> {
  const mean = new Float64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) for (let k = 0; k < mean.length; k++) mean[k]! += vector[k]! / vectors.length
  return mean
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
  return sum
}

/** With the ridge; row after row. */
function covariance(centred: readonly Float64Array[]): Float64Array {
  const size = centred[0]!.length
  const sums = new Float64Array(size * size)
  for (const vector of centred) {
    for (let i = 0; i < size; i++) {
      if (vector[i] === 0) continue
      for (let j = 0; j <= i; j++) sums[i * size + j]! += (vector[i]! * vector[j]!) / centred.length
    }
  }
  let trace = 0
  for (let i = 0; i < size; i++) trace += sums[i * size + i]!
  // Where no gradient differs from another there is nothing to tell, and any positive number will do.
  for (let i = 0; i < size; i++) sums[i * size + i]! += trace > 0 ? (ridge * trace) / size : 1
  return sums
}

/** The lower triangle L of A = L Lᵀ, from the lower triangle of a positive definite A. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!
      for (let k = 0; k < j; k++) sum -= factor[i * size + k]! * factor[j * size + k]!
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j]!
    }
  }
  return factor
}

/** L⁻¹ v. */
function solve(factor: Float64Array, vector: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const size = vector.length
  const result = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    let sum = vector[i]!
    for (let k = 0; k < i; k++) sum -= factor[i * size + k]! * result[k]!
    result[i] = sum / factor[i * size + i]!
  }
  return result
}

/** What is left of a vector without what it has of an orthonormal basis. */
function without(vector: Float64Array<ArrayBuffer>, basis: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const rest = vector.slice()
  for (const one of basis) {
    const share = dot(rest, one)
    for (let k = 0; k < rest.length; k++) rest[k]! -= share * one[k]!
  }
  return rest
}

function unit(vector: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const length = Math.sqrt(dot(vector, vector))
  return length > 0 ? vector.map(value => value / length) : vector
}
