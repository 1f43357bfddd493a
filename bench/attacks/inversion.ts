import { parameterLayout } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'
import { publicRandom, shuffled } from '../../src/study/random.ts'
import { dot } from './membership.ts'

/** Power iterations: exact gradients need one, noisy ones a few more. */
const iterations = 12
/** Draws of units in the search for one example's row of gradients. */
const draws = 6000
/** An entry this far below its column's length counts as zero. */
const zero = 1e-3
/** So many zeros more than were asked for are no accident. */
const surplus = 4
/** A row that others make up to this part of its length is none of its own. */
const independent = 0.03

/**
 * The inputs of a small batch from one gradient of it, by the first dense layer alone. Its weight's gradient is Xᵀ·Δ, its bias's
 * is 1ᵀ·Δ, where Δ has a row for each example, so with ones as a further input the product has the rank of the batch.
 *
 * One example: every unit's weight gradient over its bias gradient is the input (Phong et al. 2018). Several: ReLU makes about
 * half of each row of Δ zero, so the rows are the combinations with many zeros, which are found by asking for zeros at
 * a few units drawn at random (SPEAR, Dimitrov et al. 2024). Where no such rows are found, as under noise, the units
 * with the largest gradients are taken one by one.
 *
 * @param model its first layer with parameters is dense
 * @param update a gradient or a multiple of it, in the order of parameterLayout
 * @param count examples behind it
 * @returns as many guesses, in no order
 * @throws RangeError for another first layer
 */
export function recoverInputs(
  model: ModelSpec,
  update: ArrayLike<number>,
  count: number,
): readonly Float64Array<ArrayBuffer>[] {
  const [weight, bias] = parameterLayout(model).tensors
  if (weight?.shape.length !== 2 || bias === undefined) throw new RangeError('the first layer is not dense')
  const [inputs, units] = weight.shape as [number, number]
  /** By unit: its weight's gradient, then its bias's. */
  const columns = Array.from({ length: units }, (_, u) =>
    Float64Array.from({ length: inputs + 1 }, (_, i) =>
      i < inputs ? update[weight.offset + i * units + u]! : update[bias.offset + u]!,
    ),
  )
  const basis = leadingSpace(columns, count)
  const reduced = columns.map(column => Float64Array.from(basis, vector => dot(vector, column)))
  const rows = sparseRows(reduced, count)
  if (rows.length < count) return oneByOne(columns, count)
  return inverseColumns(rows).map(coefficients => {
    const mixed = new Float64Array(inputs + 1)
    for (const [b, vector] of basis.entries()) {
      for (let i = 0; i <= inputs; i++) mixed[i]! += coefficients[b]! * vector[i]!
    }
    return overLast(mixed)
  })
}

/** An orthonormal basis of what columns have most in common: their leading left singular vectors, by power iteration. */
function leadingSpace(columns: readonly Float64Array[], count: number): Float64Array<ArrayBuffer>[] {
  const random = publicRandom(1)
  const length = columns[0]!.length
  let weights = Array.from({ length: count }, () => Float64Array.from(columns, () => random.unit() - 0.5))
  let basis: Float64Array<ArrayBuffer>[] = []
  for (let i = 0; i < iterations; i++) {
    basis = orthonormal(
      weights.map(parts => {
        const sum = new Float64Array(length)
        for (const [u, column] of columns.entries()) {
          for (let k = 0; k < length; k++) sum[k]! += parts[u]! * column[k]!
        }
        return sum
      }),
    )
    weights = basis.map(vector => Float64Array.from(columns, column => dot(vector, column)))
  }
  return basis
}

function orthonormal(vectors: readonly Float64Array<ArrayBuffer>[]): Float64Array<ArrayBuffer>[] {
  const basis: Float64Array<ArrayBuffer>[] = []
  for (const vector of vectors) {
    let rest = vector
    // Twice is enough (Giraud et al. 2005).
    for (let pass = 0; pass < 2; pass++) {
      for (const one of basis) {
        const share = dot(rest, one)
        rest = rest.map((value, k) => value - share * one[k]!)
      }
    }
    const length = Math.sqrt(dot(rest, rest))
    basis.push(length > 0 ? rest.map(value => value / length) : rest)
  }
  return basis
}

/** Combinations q of which qᵀR is zero at many more units than chance: one for each example, or fewer where not all are found. */
function sparseRows(reduced: readonly Float64Array[], count: number): readonly Float64Array[] {
  const largest = Math.max(...reduced.map(column => dot(column, column)))
  // Units that no example of the batch activates say nothing.
  const active = reduced.filter(column => dot(column, column) > 1e-10 * largest)
  if (active.length < count) return []
  // More zeros than this at random units are not met in so many draws.
  if (2 ** (count - 1) > draws) return []
  const lengths = active.map(column => Math.sqrt(dot(column, column)))
  const random = publicRandom(2)
  /** By the row that it makes, as rows differ where combinations hardly do. */
  const found: { readonly q: Float64Array; readonly row: Float64Array; readonly zeros: number }[] = []
  for (let draw = 0; draw < (count === 1 ? 1 : draws); draw++) {
    const q = orthogonalTo(
      Array.from(shuffled(random, active.length).subarray(0, count - 1), u => active[u]!),
      count,
    )
    if (q === null) continue
    const row = Float64Array.from(active, column => dot(q, column))
    const zeros = row.filter((value, u) => Math.abs(value) < zero * lengths[u]!).length
    if (count > 1 && zeros < count - 1 + surplus) continue
    const length = Math.sqrt(dot(row, row))
    found.push({ q, row: row.map(value => value / length), zeros })
  }
  found.sort((a, b) => b.zeros - a.zeros)
  const chosen: Float64Array[] = []
  const basis: Float64Array[] = []
  for (const { q, row } of found) {
    if (chosen.length === count) break
    let rest = row
    for (const one of basis) {
      const share = dot(rest, one)
      rest = rest.map((value, k) => value - share * one[k]!)
    }
    const length = Math.sqrt(dot(rest, rest))
    if (length < independent) continue
    chosen.push(q)
    basis.push(rest.map(value => value / length))
  }
  return chosen
}

/** The unit vector that one vector less than there are dimensions are orthogonal to; null where they leave more than one. */
function orthogonalTo(vectors: readonly Float64Array[], dimensions: number): Float64Array<ArrayBuffer> | null {
  const rows = vectors.map(vector => {
    const length = Math.sqrt(dot(vector, vector))
    return vector.map(value => value / length)
  })
  const pivots: number[] = []
  for (const [r, row] of rows.entries()) {
    const at = row.reduce((best, value, k) => (Math.abs(value) > Math.abs(row[best]!) ? k : best), 0)
    if (Math.abs(row[at]!) < 1e-6) return null
    pivots.push(at)
    for (const [other, target] of rows.entries()) {
      if (other === r) continue
      const factor = target[at]! / row[at]!
      for (let k = 0; k < dimensions; k++) target[k]! -= factor * row[k]!
    }
  }
  const free = Array.from({ length: dimensions }, (_, k) => k).find(k => !pivots.includes(k))!
  const q = new Float64Array(dimensions)
  q[free] = 1
  for (const [r, at] of pivots.entries()) q[at] = -rows[r]![free]! / rows[r]![at]!
  const length = Math.sqrt(dot(q, q))
  return q.map(value => value / length)
}

/** The columns of the inverse of a matrix with these rows, by elimination with the largest pivot. */
function inverseColumns(rows: readonly Float64Array[]): readonly Float64Array[] {
  const size = rows.length
  const work = rows.map((row, r) => Float64Array.from([...row, ...rows.map((_, c) => (c === r ? 1 : 0))]))
  for (let at = 0; at < size; at++) {
    let best = at
    for (let r = at + 1; r < size; r++) if (Math.abs(work[r]![at]!) > Math.abs(work[best]![at]!)) best = r
    const pivot = work[best]!
    work[best] = work[at]!
    work[at] = pivot.map(value => value / pivot[at]!)
    for (let r = 0; r < size; r++) {
      const factor = work[r]![at]!
      if (r !== at) work[r] = work[r]!.map((value, k) => value - factor * work[at]![k]!)
    }
  }
  return rows.map((_, c) => Float64Array.from(work, row => row[size + c]!))
}

/** Of the units with the largest bias gradients, each one's weight gradient over it. */
function oneByOne(columns: readonly Float64Array<ArrayBuffer>[], count: number): readonly Float64Array<ArrayBuffer>[] {
  return [...columns]
    .sort((a, b) => Math.abs(b.at(-1)!) - Math.abs(a.at(-1)!))
    .slice(0, count)
    .map(overLast)
}

/** An example's inputs from a multiple of them and of the one after them. */
function overLast(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const last = column.at(-1)!
  return column.slice(0, -1).map(value => (last === 0 ? 0 : value / last))
}
