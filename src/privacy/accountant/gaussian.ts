import { type Accountant, checkDelta, merged } from './mechanism.ts'
import { logNormalCdf } from './normal.ts'

/**
 * The exact ε where every step sees all patients: the Gaussians add up to one of μ = √Σ steps/σ².
 * Its epsilon throws RangeError for a mechanism with q < 1.
 */
export function gaussianAccountant(): Accountant {
  return {
    epsilon(mechanisms, delta) {
      const [whole, ...more] = merged(mechanisms)
      checkDelta(delta)
      if (whole === undefined) return 0
      if (whole.q < 1 || more.length > 0) throw new RangeError('the exact Gaussian needs q = 1')
      return gaussianEpsilon(1 / whole.sigma, delta)
    },
  }
}

/**
 * ln of the smallest δ for which a Gaussian of sensitivity/σ = μ is (ε, δ)-private:
 * δ = Φ(μ/2 − ε/μ) − exp(ε) Φ(−μ/2 − ε/μ), Balle and Wang 2018, theorem 8.
 */
export function logGaussianDelta(mu: number, epsilon: number): number {
  const first = logNormalCdf(mu / 2 - epsilon / mu)
  const second = epsilon + logNormalCdf(-mu / 2 - epsilon / mu)
  return first + Math.log1p(-Math.exp(Math.min(0, second - first)))
}

/** The smallest ε, 0 or more, at which a Gaussian of sensitivity/σ = μ is (ε, δ)-private, rounded up in the last digits. */
export function gaussianEpsilon(mu: number, delta: number): number {
  const target = Math.log(delta)
  if (logGaussianDelta(mu, 0) <= target) return 0
  let low = 0
  // The loss is normal with mean μ²/2 and deviation μ, and Φ(−√(2 ln(1/δ))) < δ.
  let high = (mu * mu) / 2 + mu * Math.sqrt(-2 * target)
  while (high - low > 1e-13 * high) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (logGaussianDelta(mu, middle) <= target) high = middle
    else low = middle
  }
  return high
}
