import { LARGEST_SHIFT } from '../audit/engine/shape.ts'
import { checkRoundShape, type RoundShape } from '../audit/training/roundShape.ts'
import type { Manifest, ModelSpec, PrivacySpec, TrainingSpec } from './manifest.ts'

/** Rows of a batch in a proven study. */
const BATCHES: readonly number[] = [8, 16, 32, 64]
/** What a patient's inputs and gradients are counted in: Q12 and Q14. */
const LOG2_INPUT = 12
const LOG2_GRADIENT = 26
/** Noise farther out than so many deviations is drawn again, about once in 2^106 numbers. */
const REACH = 12
/** How masked updates of proven studies are written: to the last bit of a weight, and any two weights of the range apart. */
export const provenMasking = { clip: 32, fractionBits: 32 } as const

/** Noise of a round's steps, in units of 2^−26 of a gradient. */
export interface ProvenNoise {
  /** Deviation of the discrete Gaussian. */
  readonly sigma: number
  /** Every number is in [−2^bits, 2^bits). */
  readonly bits: number
  /** Largest sum of squares of a patient's inputs, the constant one included, Q24. */
  readonly squaredNorm: number
}

/** The noise by which a proven study keeps its promise. */
export function provenNoise({ noise, clip }: Pick<PrivacySpec, 'noise' | 'clip'>): ProvenNoise {
  const sigma = noise * clip * 2 ** LOG2_GRADIENT
  let bits = 0
  while (2 ** bits < REACH * sigma) bits++
  return { sigma, bits, squaredNorm: Math.floor(clip ** 2 * 4 ** LOG2_INPUT) }
}

/**
 * What a proven study's rounds are.
 * @throws RangeError where the study is not proven
 */
export function roundShapeOf(
  manifest: Pick<Manifest, 'model' | 'training' | 'privacy' | 'masking' | 'proving'>,
): RoundShape {
  const { model, training, privacy, masking, proving } = manifest
  if (proving === undefined) throw new RangeError('the study is not proven')
  const noise = privacy ? provenNoise(privacy) : null
  return {
    inputs: inputsOf(model),
    batch: training.batchSize,
    steps: proving.steps,
    shift: shiftOf(training),
    contributions: proving.contributions,
    noise: noise && { bits: noise.bits, squaredNorm: noise.squaredNorm },
    blinded: masking !== undefined,
  }
}

/** With the constant one. */
function inputsOf({ input }: ModelSpec): number {
  return (input[0] ?? 0) + 1
}

function shiftOf({ batchSize, learningRate }: TrainingSpec): number {
  return Math.log2(batchSize / learningRate)
}

/** Why a manifest with `proving` cannot be proven, and what to do about it; null where it can. */
export function unprovable(manifest: Manifest): string | null {
  const { schema, scaling, standardise, model, compression } = manifest
  if (schema.kind !== 'table') return 'proving: only training on tables can be proven; leave it out'
  if (scaling !== 'ranges' || standardise) {
    return 'proving: the columns’ scale has to be known before any patient is; set scaling to ranges and standardise to false'
  }
  const [layer] = model.layers
  if (model.layers.length !== 1 || layer?.type !== 'dense' || layer.units !== 1 || model.input.length !== 1) {
    return 'model.layers: only logistic regression can be proven; use one dense layer with one unit'
  }
  if (model.siteLocal !== 'none') {
    return 'model.siteLocal: all that is trained is proven; set it to none, and calibrated for a hospital’s own last bias'
  }
  if (compression) return 'compression: a proof is of the whole update; leave it out'
  return wrongTraining(manifest) ?? wrongPrivacy(manifest) ?? wrongMasking(manifest) ?? wrongRange(manifest)
}

function wrongTraining({ training, model }: Manifest): string | null {
  const { epochs, batchSize, momentum, l2, proximal } = training
  if (epochs !== 1) return 'training.epochs: a proven round takes each batch once; set it to 1'
  const extra = Object.entries({ momentum, l2, proximal }).find(([, value]) => value !== 0)
  if (extra) return `training.${extra[0]}: a proven step has none; set it to 0`
  if (!BATCHES.includes(batchSize)) return `training.batchSize: a proven batch has ${listOf(BATCHES)} rows`
  const inputs = inputsOf(model)
  if (inputs > batchSize - 1) {
    return `training.batchSize: ${inputs} inputs, the constant one included, need batches of more than ${inputs} rows`
  }
  const shift = shiftOf(training)
  if (!Number.isInteger(shift) || shift < 0 || shift > LARGEST_SHIFT) {
    const rates = Array.from({ length: LARGEST_SHIFT + 1 }, (_, i) => batchSize * 2 ** (i - LARGEST_SHIFT))
    return `training.learningRate: with ${batchSize} rows a batch it is ${listOf(rates)}`
  }
  return null
}

function wrongPrivacy({ privacy }: Manifest): string | null {
  if (!privacy) return null
  if (privacy.steps !== 1 || privacy.sampleRate !== 1) {
    return 'privacy.steps: each patient is in one step of a proven round; set steps and sampleRate to 1'
  }
  if (privacy.perLayer || privacy.adaptive) {
    return 'privacy.adaptive: in a proven study inputs are clipped once; leave perLayer and adaptive out'
  }
  if (privacy.clip <= 1) {
    return 'privacy.clip: the constant input alone has a length of 1; allow more than that'
  }
  return null
}

function wrongMasking({ masking }: Manifest): string | null {
  if (!masking) return null
  const { clip, fractionBits } = provenMasking
  if (masking.clip !== clip || masking.fractionBits !== fractionBits) {
    return `masking: proven updates are sent to the last bit; set clip to ${clip} and fractionBits to ${fractionBits}`
  }
  return masking.scored === undefined ? null : 'masking.scored: proven updates are not scored; leave it out'
}

function wrongRange(manifest: Manifest): string | null {
  try {
    checkRoundShape(roundShapeOf(manifest))
    return null
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return `proving.steps: ${error.message}; take fewer steps, a lower learning rate or less noise`
  }
}

function listOf(values: readonly number[]): string {
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
}
