import { RandomWords } from './randomWords.ts'

/** A fraction of whole numbers, both positive. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

const random = new RandomWords()

/**
 * One sample of the discrete Gaussian: the integer z with probability proportional to exp(−z²/2σ²), exactly, as it computes
 * with whole numbers only. Canonne, Kamath, Steinke 2020, algorithms 1 to 3. About 10 µs: for a few numbers (statistics,
 * counters), and what the fast sampler is held against.
 * @param sigma positive; the double is taken as the fraction that it is
 * @throws RangeError where sigma is not positive and finite
 */
export function exactDiscreteGaussian(sigma: number): bigint {
  const { numerator, denominator } = fractionOf(sigma)
  const n = numerator * numerator
  const d = denominator * denominator
  const t = BigInt(Math.floor(sigma)) + 1n
  for (;;) {
    const y = discreteLaplace(t)
    const distance = (y < 0n ? -y : y) * d * t - n
    // (|y| − σ²/t)² / 2σ² with σ² = n/d
    if (bernoulliExp(distance * distance, 2n * n * d * t * t)) return y
  }
}

/**
 * The fraction that a positive double is.
 * @throws RangeError where it is not positive and finite
 */
export function fractionOf(value: number): Fraction {
  if (!(value > 0 && value < Infinity)) throw new RangeError(`${value} is not positive and finite`)
  let denominator = 1n
  let scaled = value
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    denominator *= 2n
  }
  return { numerator: BigInt(scaled), denominator }
}

/** True with probability exp(−numerator/denominator). */
function bernoulliExp(numerator: bigint, denominator: bigint): boolean {
  for (let whole = numerator / denominator; whole > 0n; whole--) {
    if (!bernoulliExpBelowOne(1n, 1n)) return false
  }
  return bernoulliExpBelowOne(numerator % denominator, denominator)
}

/** The same for a fraction from 0 to 1: the first k at which a coin of probability γ/k fails is odd (algorithm 1). */
function bernoulliExpBelowOne(numerator: bigint, denominator: bigint): boolean {
  let k = 1n
  while (random.below(denominator * k) < numerator) k++
  return k % 2n === 1n
}

/** The integer y with probability proportional to exp(−|y|/t) (algorithm 2). */
function discreteLaplace(t: bigint): bigint {
  for (;;) {
    const rest = random.below(t)
    if (!bernoulliExp(rest, t)) continue
    let whole = 0n
    while (bernoulliExpBelowOne(1n, 1n)) whole++
    const size = rest + t * whole
    const negative = random.bits(1) === 1n
    // Zero would count twice.
    if (!(negative && size === 0n)) return negative ? -size : size
  }
}
