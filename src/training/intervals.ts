import { publicRandom } from '../study/random.ts'
import type { Measured } from './screen.ts'

/** 97.5th percentile of the standard normal: intervals are of 95 %. */
const z = 1.959963984540054
/** How often patients are drawn again. */
const resamples = 1000
/** With more patients the bootstrap tells nothing that the normal approximation does not, and takes minutes. */
const enoughForNormal = 2000

/**
 * A proportion with Wilson's score interval (1927), which stays between 0 and 1 and does well with few patients.
 * @returns value NaN and 0 to 1 where there is nobody
 */
export function wilson(successes: number, total: number): Measured {
  if (total === 0) return { value: Number.NaN, low: 0, high: 1 }
  const p = successes / total
  const centre = p + (z * z) / (2 * total)
  const spread = z * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total))
  const scale = 1 + (z * z) / total
  // At 0 and at all the formula gives 0 and 1 but for rounding.
  const low = successes === 0 ? 0 : (centre - spread) / scale
  const high = successes === total ? 1 : (centre + spread) / scale
  return { value: p, low, high }
}

/**
 * Area under the ROC curve with DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988, by midranks as Sun and Xu 2014).
 * Where its variance is zero, as when all are ranked right, the interval is Newcombe's (2006, method 5), which does not
 * pretend to be certain. Ties count half.
 * @param scores higher for yes
 * @returns null where one outcome is missing
 */
export function delong(scores: Float32Array, labels: Int32Array): Measured | null {
  const placed = placements(scores, labels)
  if (placed === null) return null
  const { value, right, left } = placed
  const variance = varianceOfMean(right) + varianceOfMean(left)
  if (variance < 1e-12) return { value, ...newcombe(value, right.length, left.length) }
  const half = z * Math.sqrt(variance)
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) }
}

/**
 * A mean with its percentile bootstrap interval (Efron 1979): 1,000 times as many patients drawn with replacement; of more
 * than 2,000 patients, by the normal approximation.
 * @param values one a patient
 * @param seed the same seed draws the same patients
 */
export function meanInterval(values: Float64Array, seed: number): Measured {
  const count = values.length
  const value = mean(values)
  if (count === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN }
  if (count > enoughForNormal) return normalInterval(value, varianceOfMean(values))
  const random = publicRandom(seed)
  const means = new Float64Array(resamples)
  for (let r = 0; r < resamples; r++) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += values[random.below(count)] as number
    means[r] = sum / count
  }
  return { value, ...percentiles(means) }
}

/**
 * The difference of two areas under the curve, first minus second, by a paired bootstrap: both models are measured on the
 * same patients each time they are drawn. A draw without one of the outcomes is drawn again. Of more than 2,000 patients, by
 * DeLong's variance of paired differences.
 * @returns null where one outcome is missing
 */
export function aucDifferenceInterval(
  first: Float32Array,
  second: Float32Array,
  labels: Int32Array,
  seed: number,
): Measured | null {
  const count = labels.length
  const positives = labels.reduce((sum, label) => sum + label, 0)
  if (positives === 0 || positives === count) return null
  const [a, b] = count > enoughForNormal ? [placements(first, labels), placements(second, labels)] : [null, null]
  if (a !== null && b !== null) {
    const minus = (one: Float64Array, other: Float64Array) => one.map((place, i) => place - (other[i] as number))
    const variance = varianceOfMean(minus(a.right, b.right)) + varianceOfMean(minus(a.left, b.left))
    return normalInterval(a.value - b.value, variance)
  }
  const random = publicRandom(seed)
  const curves = [rankedOnce(first, labels), rankedOnce(second, labels)] as const
  const once = new Int32Array(count).fill(1)
  const value = curves[0](once) - curves[1](once)
  const differences = new Float64Array(resamples)
  const times = new Int32Array(count)
  for (let r = 0; r < resamples; ) {
    times.fill(0)
    let yes = 0
    for (let i = 0; i < count; i++) {
      const drawn = random.below(count)
      times[drawn] = (times[drawn] as number) + 1
      yes += labels[drawn] as number
    }
    if (yes === 0 || yes === count) continue
    differences[r++] = curves[0](times) - curves[1](times)
  }
  return { value, ...percentiles(differences) }
}

/** The area for patients counted so many times each; sorted once, since a thousand draws share the order. */
function rankedOnce(scores: Float32Array, labels: Int32Array): (times: Int32Array) => number {
  const order = Int32Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  return times => {
    let [area, below, yes, no] = [0, 0, 0, 0]
    for (let from = 0; from < order.length; ) {
      const score = scores[order[from] as number]
      let [tiedYes, tiedNo] = [0, 0]
      let to = from
      for (; to < order.length && scores[order[to] as number] === score; to++) {
        const patient = order[to] as number
        if (labels[patient] === 1) tiedYes += times[patient] as number
        else tiedNo += times[patient] as number
      }
      area += tiedYes * (below + tiedNo / 2)
      below += tiedNo
      yes += tiedYes
      no += tiedNo
      from = to
    }
    return area / (yes * no)
  }
}

/** Ranks from 1, ties sharing their mean rank. */
function midranks(values: Float32Array): Float64Array {
  const order = Int32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number))
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let i = from; i < to; i++) ranks[order[i] as number] = (from + 1 + to) / 2
    from = to
  }
  return ranks
}

/** Areas that would not be surprised by the one seen, by Hanley and McNeil's variance at each. */
function newcombe(seen: number, m: number, n: number): { readonly low: number; readonly high: number } {
  const more = (m + n) / 2 - 1
  const surprised = (area: number) => {
    const factor = 1 + more * ((1 - area) / (2 - area) + area / (1 + area))
    return Math.abs(area - seen) > z * Math.sqrt((area * (1 - area) * factor) / (m * n))
  }
  const border = (outside: number) => {
    // The end itself has no variance: a point next to it decides whether the interval reaches it.
    let [out, inside] = [outside, seen]
    if (out === inside) return out
    for (let step = 0; step < 60; step++) {
      const middle = (out + inside) / 2
      if (surprised(middle)) out = middle
      else inside = middle
    }
    return inside
  }
  return { low: border(0), high: border(1) }
}

/** Of each patient with and without the outcome, the part of the others that the model ranks right against it. */
function placements(
  scores: Float32Array,
  labels: Int32Array,
): { readonly value: number; readonly right: Float64Array; readonly left: Float64Array } | null {
  const positives = scores.filter((_, i) => labels[i] === 1)
  const negatives = scores.filter((_, i) => labels[i] !== 1)
  const [m, n] = [positives.length, negatives.length]
  if (m === 0 || n === 0) return null
  const both = new Float32Array(m + n)
  both.set(positives)
  both.set(negatives, m)
  const all = midranks(both)
  const within = { positive: midranks(positives), negative: midranks(negatives) }
  const right = Float64Array.from(positives, (_, i) => ((all[i] as number) - (within.positive[i] as number)) / n)
  const left = Float64Array.from(negatives, (_, i) => 1 - ((all[m + i] as number) - (within.negative[i] as number)) / m)
  return { value: mean(right), right, left }
}

function normalInterval(value: number, variance: number): Measured {
  const half = z * Math.sqrt(variance)
  return { value, low: value - half, high: value + half }
}

/** Squared standard error; 0 of a single value, which has no spread to measure. */
function varianceOfMean(values: Float64Array): number {
  if (values.length < 2) return 0
  const around = mean(values)
  return values.reduce((sum, value) => sum + (value - around) ** 2, 0) / (values.length - 1) / values.length
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** 2.5th and 97.5th, by linear interpolation (type 7 of Hyndman and Fan 1996). Sorts in place. */
function percentiles(values: Float64Array): { readonly low: number; readonly high: number } {
  values.sort()
  const at = (part: number) => {
    const place = part * (values.length - 1)
    const low = Math.floor(place)
    const [a, b] = [values[low] as number, values[Math.min(low + 1, values.length - 1)] as number]
    return a + (place - low) * (b - a)
  }
  return { low: at(0.025), high: at(0.975) }
}
