/**
 * What is done to the patients' data, as accountants see it: so many steps, each on a Poisson sample of the patients, each
 * with Gaussian noise. A patient more or less (add or remove one) is what has to stay hidden.
 */
export interface Mechanism {
  /** Noise multiplier: the noise's standard deviation over the most that one patient can move the result (l2 norm). */
  readonly sigma: number
  /** The probability with which a step draws each patient, 0 < q ≤ 1; 1 where every step sees all patients. */
  readonly q: number
  readonly steps: number
}

/** Turns mechanisms that see the same patients, run one after another, into the ε that holds with a probability of 1 − δ. */
export interface Accountant {
  /**
   * An upper bound of the ε of all these mechanisms together; 0 for none.
   * @param delta 0 < δ < 1
   * @throws RangeError where a mechanism or δ is out of range
   */
  epsilon(mechanisms: readonly Mechanism[], delta: number): number
}

/** @throws RangeError where δ is not between 0 and 1 */
export function checkDelta(delta: number): void {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta is ${delta}; it must lie between 0 and 1`)
}

/** @throws RangeError where no accountant could say what the mechanism costs */
export function checkMechanism({ sigma, q, steps }: Mechanism): void {
  // NaN compares false.
  if (!(sigma > 0 && sigma < Infinity)) throw new RangeError(`sigma is ${sigma}; it must be positive`)
  if (!(q > 0 && q <= 1)) throw new RangeError(`q is ${q}; it must be positive and at most 1`)
  if (!(Number.isSafeInteger(steps) && steps >= 0)) throw new RangeError(`steps is ${steps}; it must be a whole number`)
}

/**
 * The same mechanisms in as few as possible, none with zero steps. Steps of the same noise and rate are counted together;
 * those at q = 1 are one Gaussian of σ⁻² = Σ steps·σᵢ⁻² (Dong, Roth, Su 2022, corollary 3.3: μ-GDP composes in squares).
 * @throws RangeError see checkMechanism
 */
export function merged(mechanisms: readonly Mechanism[]): Mechanism[] {
  const sampled = new Map<string, Mechanism>()
  let precision = 0
  for (const mechanism of mechanisms) {
    checkMechanism(mechanism)
    const { sigma, q, steps } = mechanism
    if (steps === 0) continue
    if (q === 1) {
      precision += steps / (sigma * sigma)
      continue
    }
    const key = `${sigma} ${q}`
    sampled.set(key, { sigma, q, steps: steps + (sampled.get(key)?.steps ?? 0) })
  }
  const whole = precision > 0 ? [{ sigma: 1 / Math.sqrt(precision), q: 1, steps: 1 }] : []
  return [...whole, ...sampled.values()]
}
