import { mixSeeds } from '../../data/seed.ts'
import { publicRandom, shuffled } from '../../study/random.ts'

/** Which coordinates of a vector all hospitals of a round send. Public, so it costs nothing to send. */
export interface SparsePlan {
  /** Length of the whole vector. */
  readonly size: number
  /** What is sent, in ascending order, each once. */
  readonly coordinates: Int32Array<ArrayBuffer>
}

export interface PlanOptions {
  /** The study's public seed; its low 32 bits count. */
  readonly seed: number
  /** How many coordinates the plans of the earlier rounds held together: (round − 1)·k where k never changed. */
  readonly sent: number
  /** Length of the whole vector. */
  readonly size: number
  /** How many coordinates to send in this round. */
  readonly k: number
}

/**
 * Random-k sparsification with a shared seed (Konečný et al. 2016, “random mask”): selecting is linear and the same for all,
 * so the sum of what hospitals send is the selected part of their sum, and only that sum is ever opened.
 *
 * The coordinates are dealt from one shuffled deck after another instead of drawn afresh: alone, each round's are a uniform
 * sample; together, no coordinate waits longer than two decks, where independent draws leave one in e untouched after one.
 *
 * @throws RangeError where k is not from 1 to size, or sent not a whole number
 */
export function planRandomK({ seed, sent, size, k }: PlanOptions): SparsePlan {
  if (!(Number.isInteger(size) && Number.isInteger(k) && k >= 1 && k <= size))
    throw new RangeError('k is not within size')
  if (!(Number.isSafeInteger(sent) && sent >= 0)) throw new RangeError('sent is not a count')
  const deck = (number: number) => shuffled(publicRandom(mixSeeds(seed, number)), size)
  const number = Math.floor(sent / size)
  const at = sent % size
  const picked = deck(number).slice(at, at + k)
  const coordinates = new Int32Array(k)
  coordinates.set(picked)
  if (picked.length < k) {
    // The deck ends within this round: what is still missing comes from the top of the next, without what is sent already.
    const taken = new Set(picked)
    let filled = picked.length
    for (const coordinate of deck(number + 1)) {
      if (filled === k) break
      if (!taken.has(coordinate)) coordinates[filled++] = coordinate
    }
  }
  return { size, coordinates: coordinates.sort() }
}

/**
 * The planned coordinates of a vector, unscaled: error feedback sends the rest later, so that scaling by size/k, which makes
 * random-k unbiased on its own, would send everything size/k times over (Stich et al. 2018, “Sparsified SGD with memory”).
 * @throws RangeError where the vector is not of the plan's size
 */
export function select(vector: Float32Array, { size, coordinates }: SparsePlan): Float32Array<ArrayBuffer> {
  if (vector.length !== size) throw new RangeError('the vector is not of the plan’s size')
  const selected = new Float32Array(coordinates.length)
  for (let i = 0; i < selected.length; i++) selected[i] = vector[coordinates[i]!]!
  return selected
}

/**
 * The inverse of select: a vector of the plan's size with zeros where nothing was sent.
 * @throws RangeError where there are not as many values as the plan has coordinates
 */
export function spread(values: Float32Array, { size, coordinates }: SparsePlan): Float32Array<ArrayBuffer> {
  if (values.length !== coordinates.length) throw new RangeError('not as many values as the plan has coordinates')
  const vector = new Float32Array(size)
  for (let i = 0; i < values.length; i++) vector[coordinates[i]!] = values[i]!
  return vector
}
