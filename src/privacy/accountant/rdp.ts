import { type Accountant, checkDelta, type Mechanism, merged } from './mechanism.ts'
import { logErfc } from './normal.ts'

/**
 * How the series for fractional orders treats its negative binomial coefficients. 'signed' subtracts them, as the formula
 * says (Opacus); 'unsigned' adds them and so stays an upper bound whatever is rounded or cut off (dp_accounting).
 * Whole orders have none and agree.
 */
export type Convention = 'signed' | 'unsigned'

/** 1.1 to 10.9, 11 to 63, 128 to 1024: small ones for large ε, large ones for small ε (Opacus; TensorFlow Privacy). */
export const defaultOrders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (i + 11) / 10),
  ...Array.from({ length: 53 }, (_, i) => i + 11),
  128,
  256,
  512,
  1024,
]

export interface RdpOptions {
  readonly convention?: Convention
  readonly orders?: readonly number[]
}

/** Terms of a fractional order's series; what is left out is bounded and, in an upper bound, added. */
const mostTerms = 256

/** The divergences that an accountant keeps: a ledger or a search asks for the same ones again and again. */
const mostKept = 256

/**
 * Rényi accounting: the sum of the mechanisms' Rényi divergences at each order, turned into ε at the best one.
 * Fast, and the upper bound that ledgers charge.
 */
export function rdpAccountant(options: RdpOptions = {}): Accountant {
  const kept = new Map<string, number[]>()
  return {
    epsilon: (mechanisms, delta) =>
      rdpEpsilon(mechanisms, delta, options, (step, divergences) => {
        const key = `${step.sigma} ${step.q}`
        const known = kept.get(key) ?? divergences()
        if (kept.size >= mostKept) kept.clear()
        kept.set(key, known)
        return known
      }).epsilon,
  }
}

/**
 * ε of all mechanisms together and the order that gave it.
 * @param keep may remember the divergences of one step of a mechanism
 * @throws RangeError where a mechanism or δ is out of range
 */
export function rdpEpsilon(
  mechanisms: readonly Mechanism[],
  delta: number,
  { convention = 'unsigned', orders = defaultOrders }: RdpOptions = {},
  keep: (step: Mechanism, divergences: () => number[]) => number[] = (_, divergences) => divergences(),
): { epsilon: number; order: number } {
  const parts = merged(mechanisms)
  checkDelta(delta)
  if (parts.length === 0) return { epsilon: 0, order: Infinity }
  const rho = new Array<number>(orders.length).fill(0)
  for (const part of parts) {
    const one = keep(part, () => orders.map(order => renyiDivergence(part.q, part.sigma, order, convention)))
    one.forEach((divergence, i) => {
      rho[i] = rho[i]! + part.steps * divergence
    })
  }
  return epsilonFromRenyi(orders, rho, delta)
}

/**
 * The smallest ε over the orders: ε = ρ + ln((α − 1)/α) − (ln δ + ln α)/(α − 1), never below 0.
 * Canonne, Kamath, Steinke 2020, proposition 12; the same bound in Balle et al. 2020, theorem 21.
 * @param rho the Rényi divergence at each order
 */
export function epsilonFromRenyi(
  orders: readonly number[],
  rho: readonly number[],
  delta: number,
): { epsilon: number; order: number } {
  let best = { epsilon: Infinity, order: Infinity }
  orders.forEach((order, i) => {
    const epsilon = rho[i]! + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1)
    if (epsilon < best.epsilon) best = { epsilon: Math.max(0, epsilon), order }
  })
  return best
}

/**
 * Rényi divergence of order α > 1 of one step of the Poisson-subsampled Gaussian.
 * Mironov, Talwar, Zhang 2019, section 3.3: ln A(α) / (α − 1).
 */
export function renyiDivergence(q: number, sigma: number, order: number, convention: Convention = 'unsigned'): number {
  if (q === 1) return order / (2 * sigma * sigma)
  const logMoment = Number.isInteger(order)
    ? wholeLogMoment(q, sigma, order)
    : fractionalLogMoment(q, sigma, order, convention)
  // Cancellation in a signed series may leave a hair less than nothing.
  return Math.max(0, logMoment) / (order - 1)
}

/**
 * ln Σ C(α,k) (1−q)^(α−k) q^k exp(k(k−1)/2σ²). As the coefficients alone add up to 1, and k = 0 and 1 have exp(0), it is
 * ln(1 + Σ_{k≥2} C(α,k) (1−q)^(α−k) q^k (exp(…) − 1)): positive terms only, so tiny rates lose no digits.
 */
function wholeLogMoment(q: number, sigma: number, order: number): number {
  const logQ = Math.log(q)
  const logRest = Math.log1p(-q)
  let logBinomial = Math.log(order)
  let sum = -Infinity
  for (let k = 2; k <= order; k++) {
    logBinomial += Math.log((order - k + 1) / k)
    const x = (k * (k - 1)) / (2 * sigma * sigma)
    const logExpm1 = x < 1 ? Math.log(Math.expm1(x)) : x + Math.log1p(-Math.exp(-x))
    sum = logAdd(sum, logBinomial + k * logQ + (order - k) * logRest + logExpm1)
  }
  return sum > 0 ? sum + Math.log1p(Math.exp(-sum)) : Math.log1p(Math.exp(sum))
}

/** Two series, one on either side of z₀, where the sampled and the plain Gaussian are equally likely. */
function fractionalLogMoment(q: number, sigma: number, order: number, convention: Convention): number {
  const logQ = Math.log(q)
  const logRest = Math.log1p(-q)
  const variance = sigma * sigma
  const z0 = variance * (logRest - logQ) + 0.5
  const scale = Math.SQRT2 * sigma
  let logBinomial = 0
  let sign = 1
  let sum = -Infinity
  for (let i = 0; ; i++) {
    const j = order - i
    const below = i * logQ + j * logRest + (i * i - i) / (2 * variance) + logErfc((i - z0) / scale)
    const above = j * logQ + i * logRest + (j * j - j) / (2 * variance) + logErfc((z0 - j) / scale)
    const term = logBinomial - Math.LN2 + logAdd(below, above)
    sum = sign > 0 || convention === 'unsigned' ? logAdd(sum, term) : logSubtract(sum, term)
    // Past both turning points a term is at most (i/k)^(α+1) of the i-th: what follows adds up to at most (i + 1)/α of it.
    const rest = term + Math.log((i + 1) / order)
    if (i > order && i > z0 && (rest < -32 || i >= mostTerms)) {
      return convention === 'unsigned' ? logAdd(sum, rest) : sum
    }
    sign *= Math.sign(order - i)
    logBinomial += Math.log(Math.abs(order - i) / (i + 1))
  }
}

/** ln(exp(a) + exp(b)) */
function logAdd(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === -Infinity ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}

/** ln(exp(a) − exp(b)) for a > b */
function logSubtract(a: number, b: number): number {
  return a + Math.log1p(-Math.exp(b - a))
}
