/**
 * One-dimensional k-means: an ascending codebook with at most `entries` float32 values, each the rounded mean of a run of the
 * sorted values. Lloyd's algorithm (1982) over prefix sums, so that an iteration costs entries·log(values), not values.
 * Only + − × ÷ and comparisons in a fixed order: every machine computes the same bytes. Where the values have no more than
 * `entries` distinct ones, these are the codebook and nothing is lost.
 *
 * @param values not empty, all finite
 * @param entries at least 1
 */
export function kMeans(values: Float32Array, entries: number): Float32Array<ArrayBuffer> {
  return codebookOf(sortedValues(values), entries)
}

/** Values in ascending order with their prefix sums: what codebooks of several sizes for the same values share. */
export interface SortedValues {
  readonly values: Float32Array
  /** sums[i] = values[0] + … + values[i − 1], in double precision. */
  readonly sums: Float64Array
  readonly distinct: number
}

/** @throws RangeError where there are no values, or one is not finite */
export function sortedValues(values: Float32Array): SortedValues {
  // −0 becomes 0: they are equal in k-means and must be in the bytes.
  const sorted = Float32Array.from(values, value => value + 0).sort()
  if (sorted.length === 0 || !sorted.every(Number.isFinite)) throw new RangeError('values must be finite, at least one')
  const sums = new Float64Array(sorted.length + 1)
  let distinct = 1
  for (let i = 0; i < sorted.length; i++) {
    sums[i + 1] = sums[i]! + sorted[i]!
    if (i > 0 && sorted[i] !== sorted[i - 1]) distinct++
  }
  return { values: sorted, sums, distinct }
}

/** Enough for Lloyd's algorithm to settle; it stops by itself where nothing moves. */
const MOST_ITERATIONS = 100

/** kMeans for values that are sorted already. */
export function codebookOf({ values, sums, distinct }: SortedValues, entries: number): Float32Array<ArrayBuffer> {
  if (!(Number.isInteger(entries) && entries >= 1)) throw new RangeError('entries is not a positive integer')
  if (distinct <= entries) return withoutRepeats(values)
  const count = values.length
  // Half of the first centroids by rank, half evenly over the range: the first alone leave the tails to a few, the second
  // alone leave most to the tails. The best density lies between (Panter and Dite 1951: the cube root of the values').
  const byRank = Math.ceil(entries / 2)
  const byRange = entries - byRank
  const low = values[0]!
  const span = values[count - 1]! - low
  let centroids = new Float64Array(entries)
  for (let i = 0; i < byRank; i++) centroids[i] = values[Math.floor(((i + 0.5) * count) / byRank)]!
  for (let i = 0; i < byRange; i++) centroids[byRank + i] = low + ((i + 0.5) * span) / byRange
  centroids.sort()
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const next = new Float64Array(centroids.length)
    let used = 0
    let moved = false
    let from = 0
    for (let i = 0; i < centroids.length; i++) {
      const to = i + 1 === centroids.length ? count : firstAbove(values, (centroids[i]! + centroids[i + 1]!) / 2, from)
      // An empty cluster is dropped.
      if (to > from) {
        // Prefix sums that cancel may take a mean out of its own run.
        const mean = Math.min(values[to - 1]!, Math.max(values[from]!, (sums[to]! - sums[from]!) / (to - from)))
        if (mean !== centroids[i]) moved = true
        next[used++] = mean
      }
      from = to
    }
    if (used < centroids.length) moved = true
    centroids = next.subarray(0, used).slice()
    if (!moved) break
  }
  return withoutRepeats(Float32Array.from(centroids, value => value + 0).sort())
}

/**
 * The index of each value's nearest entry; the lower one where two are as near.
 * @param codebook ascending, not empty
 */
export function nearest(values: Float32Array, codebook: Float32Array): Uint8Array<ArrayBuffer> {
  const borders = new Float64Array(codebook.length - 1)
  for (let i = 0; i < borders.length; i++) borders[i] = (codebook[i]! + codebook[i + 1]!) / 2
  const indices = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    let low = 0
    let high = borders.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value > borders[middle]!) low = middle + 1
      else high = middle
    }
    indices[i] = low
  }
  return indices
}

/** The first place from `from` on whose value is greater than the border. */
function firstAbove(sorted: Float32Array, border: number, from: number): number {
  let low = from
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! > border) high = middle
    else low = middle + 1
  }
  return low
}

function withoutRepeats(ascending: Float32Array): Float32Array<ArrayBuffer> {
  return ascending.filter((value, i) => i === 0 || value !== ascending[i - 1]) as Float32Array<ArrayBuffer>
}
