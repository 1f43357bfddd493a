import { normalCdf } from '../../src/privacy/accountant/normal.ts'
import { areaUnderCurve } from '../../src/training/metrics.ts'
import { type Interval, pairedInterval } from '../shared/interval.ts'

/** What an attacker thinks of one candidate: the higher the score, the surer that the patient was trained on. */
export interface Guess {
  readonly score: number
  readonly isMember: boolean
}

/** How well guesses tell patients who were trained on from patients who were not. */
export interface Advantage {
  /** Of a patient and a stranger, how often the right one is picked: ½ is tossing a coin. 95 % interval over splits. */
  readonly auc: Interval
  /** Share of the patients that are named when so few strangers are. */
  readonly named: number
  /** Patients and strangers, over all splits. */
  readonly guesses: number
}

/** What differential privacy promises, for adding or removing one patient. */
export interface Promised {
  readonly epsilon: number
  readonly delta: number
}

/**
 * One curve over all splits' guesses, and the area split by split.
 * @param falsePositives share of the strangers that may be named, e.g. 0.01
 */
export function advantage(splits: readonly (readonly Guess[])[], falsePositives: number): Advantage {
  const areas = splits.map(auc)
  const all = splits.flat()
  return {
    auc: pairedInterval(
      areas,
      areas.map(() => 0),
    ),
    named: truePositiveRate(all, falsePositives),
    guesses: all.length,
  }
}

/** @throws RangeError where all or none are members */
export function auc(guesses: readonly Guess[]): number {
  const area = areaUnderCurve(
    Float32Array.from(guesses, ({ score }) => score),
    Int32Array.from(guesses, ({ isMember }) => (isMember ? 1 : 0)),
  )
  if (area === null) throw new RangeError('no curve without members and others')
  return area
}

/** Share of the members above a threshold above which no more than this share of the others lies. */
export function truePositiveRate(guesses: readonly Guess[], falsePositives: number): number {
  const scoresOf = (members: boolean) =>
    guesses.flatMap(({ score, isMember }) => (isMember === members ? [score] : [])).sort((a, b) => b - a)
  const [members, others] = [scoresOf(true), scoresOf(false)]
  const threshold = others[Math.floor(falsePositives * others.length)] ?? -Infinity
  return members.filter(score => score > threshold).length / members.length
}

/** Scores of one hospital's candidates on a common scale, so that those of several can be ranked together. */
export function standardScores(scores: Float64Array): Float64Array<ArrayBuffer> {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length)
  return Float64Array.from(scores, score => (deviation > 0 ? (score - mean) / deviation : 0))
}

/**
 * The largest true-positive rate that (ε, δ) allows: e^ε·FPR + δ, and the same for the complements (Kairouz, Oh, Viswanath
 * 2015, theorem 2.1).
 */
export function promisedRate(falsePositives: number, { epsilon, delta }: Promised): number {
  const few = Math.exp(epsilon) * falsePositives + delta
  const many = 1 - (1 - delta - falsePositives) / Math.exp(epsilon)
  return Math.min(1, few, many)
}

/** The largest area that (ε, δ) allows. */
export function promisedArea(promised: Promised): number {
  // The rate is concave and 0 to 1: the trapezoids are at most 1/steps off.
  const steps = 100_000
  let sum = 0
  for (let i = 0; i < steps; i++) sum += promisedRate((i + 0.5) / steps, promised)
  return sum / steps
}

/**
 * The largest true-positive rate against Gaussian noise: Φ(Φ⁻¹(FPR) + μ) (Dong, Roth, Su 2022, equation 6).
 * @param mu √steps over the noise multiplier, where each step sees all patients
 */
export function gaussianRate(falsePositives: number, mu: number): number {
  return normalCdf(normalQuantile(falsePositives) + mu)
}

/** The largest area against Gaussian noise: Φ(μ/√2). */
export function gaussianArea(mu: number): number {
  return normalCdf(mu / Math.SQRT2)
}

function normalQuantile(p: number): number {
  let [low, high] = [-40, 40]
  while (high - low > 1e-12) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
