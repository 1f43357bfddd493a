import { exactDiscreteGaussian } from './noise/exactGaussian.ts'

/** How fast a clip follows the patients' norms: Andrew et al. 2021, algorithm 1, whose η_C is 0.2. */
const pace = 0.2
/** The share of the patients whose norms shall lie below the clip (the same paper: the median works throughout). */
const target = 0.5
/** What a step's counters take of its σ⁻², all together. The gradients' noise grows by one percent for it. */
const countersShare = 0.02

/** One layer of a model as its noise is planned. */
export interface LayerClip {
  /** The most that one patient may move the layer's gradient, l2 norm. */
  readonly clip: number
  /** How many parameters it has. */
  readonly dimensions: number
}

/**
 * The noise multiplier of several Gaussians that answer about the same patients in one step, each with its own:
 * σ = (Σ σᵢ⁻²)^(−½). What is charged for layers with noise of their own.
 * @throws RangeError where there is none, or one is not positive
 */
export function effectiveSigma(sigmas: readonly number[]): number {
  sigmas.forEach(checkSigma)
  const precision = sigmas.reduce((sum, sigma) => sum + sigma ** -2, 0)
  if (precision === 0) throw new RangeError('no sigma is given')
  return 1 / Math.sqrt(precision)
}

/**
 * Noise multipliers per layer that together cost one multiplier sigma, and of all that do add the least noise: a layer's
 * share of the budget goes with C√d, σ_l² = σ²/a_l, a_l ∝ C_l √d_l. Layer l then gets noise of σ_l × its sensitivity.
 * By Lagrange: the noise's energy Σ d_l C_l² σ_l² is least, at a fixed Σ σ_l⁻², where σ_l⁻² ∝ C_l √d_l.
 * @throws RangeError where sigma, a clip or a dimension is not positive
 */
export function allocateNoise(sigma: number, layers: readonly LayerClip[]): number[] {
  checkSigma(sigma)
  const needs = layers.map(({ clip, dimensions }) => clip * Math.sqrt(dimensions))
  // NaN compares false.
  if (!needs.every(need => need > 0 && need < Infinity)) throw new RangeError('every layer needs a clip and parameters')
  const total = needs.reduce((sum, need) => sum + need, 0)
  return needs.map(need => sigma * Math.sqrt(total / need))
}

/**
 * What a step with adaptive clips is charged: σ_total⁻² = σ⁻² + Σ (2σ_b)⁻². A patient moves a counter that is centred
 * at ±½ by half a unit only, so noise of σ_b on it is a multiplier of 2σ_b.
 * @param sigma the multiplier of the gradients, all layers together
 * @param counterSigmas the noise on each layer's counter, in patients
 * @throws RangeError where one is not positive
 */
export function chargedSigma(sigma: number, counterSigmas: readonly number[]): number {
  return effectiveSigma([sigma, ...counterSigmas.map(counter => 2 * counter)])
}

/**
 * The reverse: the multiplier that is left for the gradients where the step as a whole is charged sigma.
 * @throws RangeError where one is not positive, or the counters alone cost more
 */
export function gradientSigma(charged: number, counterSigmas: readonly number[]): number {
  checkSigma(charged)
  counterSigmas.forEach(checkSigma)
  const left = counterSigmas.reduce((rest, counter) => rest - (2 * counter) ** -2, charged ** -2)
  if (!(left > 0))
    throw new RangeError(`counters with noise of ${counterSigmas} cost more than sigma ${charged} allows`)
  return 1 / Math.sqrt(left)
}

/**
 * The noise on each of so many counters, in patients, that all together take a fiftieth of what a step is charged:
 * Σ (2σ_b)⁻² = 0.02·σ⁻². Of public numbers alone: how many patients there are says nothing here.
 * @throws RangeError where sigma or the number of counters is not positive
 */
export function counterSigma(charged: number, counters: number): number {
  checkSigma(charged)
  if (!(Number.isInteger(counters) && counters > 0)) throw new RangeError(`${counters} counters`)
  return (charged * Math.sqrt(counters / countersShare)) / 2
}

/**
 * A grid for the noise of counters of ±½: these lie on every grid 2⁻ᵏ ≤ ½, so nothing is rounded and the sensitivity is ½ exactly.
 * @param sigma the noise's standard deviation, in patients
 */
export function counterGrid(sigma: number): number {
  return Math.min(0.5, 2 ** Math.floor(Math.log2(sigma / 64)))
}

/**
 * The share of patients whose norm lies within the clip, with noise: ½ + (Σ (bᵢ − ½) + noise) / expected batch, where bᵢ
 * is 1 within and 0 beyond. It may fall outside 0 to 1; nextClip takes it as it is.
 * @param norms of the patients that the step drew; there may be none
 * @param options.sigma the noise's standard deviation, in patients; its multiplier is 2·sigma
 * @param options.expected the patients that a step draws on average (their true number is private)
 * @throws RangeError where sigma or expected is not positive
 */
export function noisyShareWithin(
  norms: ArrayLike<number>,
  { clip, sigma, expected }: { clip: number; sigma: number; expected: number },
): number {
  checkSigma(sigma)
  if (!(expected > 0)) throw new RangeError(`expected is ${expected}; it must be positive`)
  let sum = 0
  for (let i = 0; i < norms.length; i++) sum += norms[i]! <= clip ? 0.5 : -0.5
  const grid = counterGrid(sigma)
  return 0.5 + (sum + Number(exactDiscreteGaussian(sigma / grid)) * grid) / expected
}

/**
 * The clip of the next step: C·exp(−0.2(b̃ − ½)), smaller where more than half of the patients lie within it.
 * Andrew et al. 2021. Post-processing: it costs nothing beyond the noisy share.
 * @throws RangeError where the clip is not positive or the share is no number
 */
export function nextClip(clip: number, noisyShare: number): number {
  if (!(clip > 0 && clip < Infinity && Number.isFinite(noisyShare))) {
    throw new RangeError(`clip ${clip} and share ${noisyShare} give no next clip`)
  }
  return clip * Math.exp(-pace * (noisyShare - target))
}

function checkSigma(sigma: number): void {
  if (!(sigma > 0 && sigma < Infinity)) throw new RangeError(`sigma is ${sigma}; it must be positive`)
}
