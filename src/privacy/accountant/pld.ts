import { fft } from './fft.ts'
import { type Accountant, checkDelta, type Mechanism, merged } from './mechanism.ts'
import { normalCdf } from './normal.ts'
import { rdpEpsilon } from './rdp.ts'

/** Which neighbour the noise has to hide: the data with the patient seen from those without ('remove'), or the reverse. */
type Direction = 'remove' | 'add'

/** The distribution of the privacy loss of one step, on the multiples of a grid. */
interface LossDistribution {
  /** The probability that the loss is (first + i)·grid. */
  readonly mass: Float64Array
  readonly first: number
  /** The probability that is not in mass and counts as a loss without bound. */
  readonly unbounded: number
}

/** What truncation and wrapping may each cost, as a share of δ; they are charged to it. */
const share = 1e-4
/** Largest transform: 2^20 points take about 0.2 s. */
const mostPoints = 2 ** 20
/** The answers that are kept, so that a form that asks again waits no longer. */
const mostKept = 256

/**
 * Numerical accounting: the distribution of the privacy loss of one step on a grid, composed by fast Fourier transform.
 * Tighter than RDP and still an upper bound: the grid is filled by "connecting the dots" (Doroshenko et al. 2022), which
 * only ever makes neighbours easier to tell apart; what is cut off or wraps around is charged to δ, and so is a bound on
 * the transform's rounding. Where that leaves nothing of δ (below about 1e-10), the RDP bound is given instead.
 *
 * @param options.precision about how much too high the grid may leave ε: 0.001 unless told, measured in the tests
 */
export function pldAccountant({ precision = 1e-3 }: { precision?: number } = {}): Accountant {
  if (!(precision > 0)) throw new RangeError(`precision is ${precision}; it must be positive`)
  const kept = new Map<string, number>()
  return {
    epsilon(mechanisms, delta) {
      const parts = merged(mechanisms)
      checkDelta(delta)
      if (parts.length === 0) return 0
      const key = JSON.stringify([delta, parts.map(({ sigma, q, steps }) => [sigma, q, steps])])
      let epsilon = kept.get(key)
      if (epsilon === undefined) {
        epsilon = Math.max(
          composedEpsilon(parts, delta, 'remove', precision),
          // At q = 1 both directions are the same.
          parts.some(({ q }) => q < 1) ? composedEpsilon(parts, delta, 'add', precision) : 0,
        )
        if (kept.size >= mostKept) kept.clear()
        kept.set(key, epsilon)
      }
      return epsilon
    },
  }
}

function composedEpsilon(parts: Mechanism[], delta: number, direction: Direction, precision: number): number {
  const steps = parts.reduce((sum, part) => sum + part.steps, 0)
  // A normal variable is beyond so many deviations with less than this share of δ, in all steps together.
  const reach = Math.sqrt(2 * Math.log(steps / (share * delta)))
  const deviation = Math.sqrt(parts.reduce((sum, part) => sum + part.steps * lossVariance(part, direction, reach), 0))
  const tail = Math.sqrt(2 * Math.log(1 / delta))
  // A cell of width h adds up to h²/6 of variance and h²/12 of mean a step: ε grows by about h²/12·(tail/deviation + 1).
  let grid = Math.min(Math.sqrt((12 * precision) / (steps * (tail / deviation + 1))), deviation / 16)
  const coarsest = Math.sqrt(precision) / 2
  let losses = parts.map(part => discretise(part, direction, grid, reach, coarsest))
  let [low, high] = range(losses, parts, grid, deviation, delta)
  if ((high - low) / grid > mostPoints / 2) {
    grid = (2 * (high - low)) / mostPoints
    losses = parts.map(part => discretise(part, direction, grid, reach, coarsest))
    ;[low, high] = range(losses, parts, grid, deviation, delta)
  }
  const size = Math.max(2, 2 ** Math.ceil(Math.log2((high - low) / grid + 2)))
  const first = Math.floor(low / grid)
  const mass = compose(losses, parts, size, first)

  const norm = Math.sqrt(mass.reduce((sum, value) => sum + value * value, 0))
  // A transform's error is about ln N roundings of its norm (Higham 2002, theorem 24.2), a power multiplies it by the steps;
  // √N takes it from the l2 norm to a sum over all cells.
  const rounding = (steps + Math.log2(size)) * 2 ** -50 * norm * Math.sqrt(size)
  const unbounded = losses.reduce((sum, loss, i) => sum + parts[i]!.steps * loss.unbounded, 0)
  const left = delta * (1 - share) - unbounded - rounding
  if (!(left > delta / 2)) return rdpEpsilon(parts, delta).epsilon
  return epsilonOf(mass, first, grid, left)
}

/** ln(1 − q + q·exp((2x − 1)/2σ²)): the loss of 'remove' at the noisy value x; at x under 'add' it is the negative. */
function lossAt(x: number, { sigma, q }: Mechanism): number {
  const exponent = (2 * x - 1) / (2 * sigma * sigma)
  if (q === 1) return exponent
  // Either form alone would overflow or lose the digits of small losses.
  return exponent > 1 ? exponent + Math.log(q + (1 - q) * Math.exp(-exponent)) : Math.log1p(q * Math.expm1(exponent))
}

/** The noisy value at which the loss of 'remove' is the given one; −∞ where it never is that small. */
function valueAt(loss: number, { sigma, q }: Mechanism): number {
  if (q === 1) return sigma * sigma * loss + 0.5
  const ratio = Math.expm1(loss) / q + 1
  if (ratio <= 0) return -Infinity
  const log = loss > 700 ? loss - Math.log(q) : Math.log(ratio)
  return sigma * sigma * log + 0.5
}

/** The noisy values beyond which too little probability lies to matter. */
function span({ sigma }: Mechanism, reach: number): [number, number] {
  return [-reach * sigma, 1 + reach * sigma]
}

/** The density of the noisy value among those who hold the data that the direction looks from. */
function density(x: number, { sigma, q }: Mechanism, direction: Direction): number {
  const scale = 1 / (sigma * Math.sqrt(2 * Math.PI))
  const without = Math.exp(-(x * x) / (2 * sigma * sigma))
  if (direction === 'add') return scale * without
  return scale * ((1 - q) * without + q * Math.exp(-((x - 1) * (x - 1)) / (2 * sigma * sigma)))
}

/** The probability of a noisy value above x, among the same. */
function probabilityAbove(x: number, { sigma, q }: Mechanism, direction: Direction): number {
  const without = normalCdf(-x / sigma)
  return direction === 'add' ? without : (1 - q) * without + q * normalCdf((1 - x) / sigma)
}

/** Gauss and Legendre's five points on −1 to 1: half of them, the others are mirrored. */
const nodes = [0, Math.sqrt(5 - 2 * Math.sqrt(10 / 7)) / 3, Math.sqrt(5 + 2 * Math.sqrt(10 / 7)) / 3]
const nodeWeights = [128 / 225, (322 + 13 * Math.sqrt(70)) / 900, (322 - 13 * Math.sqrt(70)) / 900]
const points = [-2, -1, 0, 1, 2].map(i => Math.sign(i) * nodes[Math.abs(i)]!)
const pointWeights = [-2, -1, 0, 1, 2].map(i => nodeWeights[Math.abs(i)]!)

/** Calls visit with the points and weights of a rule for an integral from start to end, exact to about 1e-13 of it. */
function quadrature(start: number, end: number, sigma: number, visit: (x: number, weight: number) => void): void {
  // The density turns over σ, the loss over σ²: panels of a quarter of both are smooth.
  const panels = Math.ceil((4 * (end - start)) / Math.min(sigma, sigma * sigma))
  const half = (end - start) / (2 * panels)
  for (let panel = 0; panel < panels; panel++) {
    const middle = start + (2 * panel + 1) * half
    for (let i = 0; i < points.length; i++) visit(middle + half * points[i]!, half * pointWeights[i]!)
  }
}

function lossVariance(part: Mechanism, direction: Direction, reach: number): number {
  let mean = 0
  let square = 0
  quadrature(...span(part, reach), part.sigma, (x, weight) => {
    const loss = lossAt(x, part)
    const probability = weight * density(x, part, direction)
    mean += probability * loss
    square += probability * loss * loss
  })
  return square - mean * mean
}

/**
 * One step's loss on the grid. Every loss between two points of the grid goes to both in parts, such that each side's
 * probability stays what it was: this pair of distributions is the least private with the same δ at every grid point.
 * Among rare losses only every so many points are used: they hardly add to the variance, but there are a great many.
 * @param coarsest the widest distance of two used points
 */
function discretise(
  part: Mechanism,
  direction: Direction,
  grid: number,
  reach: number,
  coarsest: number,
): LossDistribution {
  const [lowest, highest] = span(part, reach)
  const from = Math.floor(lossAt(lowest, part) / grid)
  const to = Math.floor(lossAt(highest, part) / grid) + 1
  const mass = new Float64Array(to - from + 1)
  const most = Math.max(1, Math.floor(coarsest / grid))
  let start = lowest
  for (let cell = 0, next = 0; cell < to - from; cell = next) {
    // Cells of so many points that together they add a few percent to what all cells of one add to the variance.
    const points = Math.floor(0.2 / Math.sqrt(probabilityAbove(start, part, direction)))
    next = Math.min(to - from, cell + Math.max(1, Math.min(most, points)))
    const end = next === to - from ? highest : Math.min(highest, valueAt((from + next) * grid, part))
    if (!(end > start)) continue
    const width = (next - cell) * grid
    let total = 0
    let upper = 0
    quadrature(start, end, part.sigma, (x, weight) => {
      const probability = weight * density(x, part, direction)
      const loss = Math.min(width, Math.max(0, lossAt(x, part) - (from + cell) * grid))
      // How far the loss lies above the lower point, as the direction counts.
      const above = direction === 'remove' ? loss : width - loss
      total += probability
      upper += probability * Math.expm1(-above)
    })
    upper /= Math.expm1(-width)
    const lower = Math.max(0, total - upper)
    mass[cell] = mass[cell]! + (direction === 'remove' ? lower : upper)
    mass[next] = mass[next]! + (direction === 'remove' ? upper : lower)
    start = end
  }
  const unbounded = Math.max(0, 1 - mass.reduce((sum, value) => sum + value, 0)) + Math.exp((-reach * reach) / 2)
  return direction === 'remove' ? { mass, first: from, unbounded } : { mass: mass.reverse(), first: -to, unbounded }
}

/**
 * Between which losses all but a share of δ of the composed loss lies, on either side: Chernoff's bound,
 * P(L > t) ≤ E[exp(λL)]·exp(−λt), at the best of a few λ.
 */
function range(
  losses: readonly LossDistribution[],
  parts: readonly Mechanism[],
  grid: number,
  deviation: number,
  delta: number,
): [number, number] {
  const logShare = Math.log(1 / ((share / 2) * delta))
  const bound = (sign: 1 | -1): number => {
    let best = Infinity
    // A normal loss of this deviation has the first as its best; rare large losses want smaller ones.
    const largest = (2 * Math.sqrt(2 * logShare)) / deviation
    for (let lambda = largest; lambda > Math.min(0.25, largest / 32); lambda /= Math.SQRT2) {
      const moment = losses.reduce((sum, loss, i) => sum + parts[i]!.steps * logMoment(loss, sign * lambda * grid), 0)
      best = Math.min(best, (moment + logShare) / lambda)
    }
    return sign * best
  }
  return [bound(-1), bound(1)]
}

/** ln E[exp(λL)], λ in units of the grid. */
function logMoment({ mass, first }: LossDistribution, lambda: number): number {
  const exponents = mass.map((value, i) => Math.log(value) + lambda * (first + i))
  const highest = exponents.reduce((high, exponent) => Math.max(high, exponent), -Infinity)
  return highest + Math.log(exponents.reduce((sum, exponent) => sum + Math.exp(exponent - highest), 0))
}

/** The distribution of the sum of all steps' losses, of which the element i is that of (first + i)·grid. */
function compose(
  losses: readonly LossDistribution[],
  parts: readonly Mechanism[],
  size: number,
  first: number,
): Float64Array {
  const re = new Float64Array(size).fill(1)
  const im = new Float64Array(size)
  const place = (index: number) => ((index % size) + size) % size
  losses.forEach((loss, part) => {
    const stepRe = new Float64Array(size)
    const stepIm = new Float64Array(size)
    loss.mass.forEach((value, i) => {
      const at = place(loss.first + i)
      stepRe[at] = stepRe[at]! + value
    })
    fft(stepRe, stepIm)
    const { steps } = parts[part]!
    for (let i = 0; i < size; i++) {
      const length = Math.hypot(stepRe[i]!, stepIm[i]!) ** steps
      const angle = Math.atan2(stepIm[i]!, stepRe[i]!) * steps
      const real = length * Math.cos(angle)
      const imaginary = length * Math.sin(angle)
      const product = re[i]! * real - im[i]! * imaginary
      im[i] = re[i]! * imaginary + im[i]! * real
      re[i] = product
    }
  })
  fft(re, im, true)
  // A probability that rounding left below nothing is none.
  return Float64Array.from({ length: size }, (_, i) => Math.max(0, re[place(first + i)]!))
}

/** The smallest ε ≥ 0 with Σ_{ℓ > ε} P(ℓ)(1 − exp(ε − ℓ)) ≤ δ. */
function epsilonOf(mass: Float64Array, first: number, grid: number, delta: number): number {
  let above = 0
  // Σ P(ℓ)·exp(ε − ℓ) for the ε of the current cell's upper end.
  let discounted = 0
  for (let i = mass.length - 1; i >= 0; i--) {
    const loss = (first + i) * grid
    if (loss <= 0) break
    above += mass[i]!
    discounted += mass[i]!
    // Down in this cell the sum is above − discounted·exp(ε − loss).
    const next = Math.max(0, loss - grid)
    const factor = Math.exp(next - loss)
    if (above - discounted * factor > delta) return Math.min(loss, loss + Math.log((above - delta) / discounted))
    discounted *= factor
  }
  return 0
}
