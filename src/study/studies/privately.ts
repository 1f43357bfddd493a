import { type PrivacySettings, privacyPlan } from '../../privacy/plan.ts'
import { isBuiltIn, isFrozen, type Manifest, type ModelSpec } from '../manifest.ts'
import type { StudyPlan } from './StudyPlan.ts'

export interface PrivacyPromise {
  /** Of the whole study, for every patient. */
  readonly epsilon: number
  readonly delta: number
}

/** What has to be different where there is noise. */
interface PrivateSettings extends PrivacySettings {
  readonly learningRate: number
  readonly momentum: number
  readonly l2: number
}

/**
 * Few patients: each step sees all of them, so that their noise is averaged over as many as there are, and takes a large stride.
 * Chosen on splits of the heart patients that `npm run bench -- dp` does not look at.
 */
const forTables: PrivateSettings = { steps: 1, sampleRate: 1, clip: 1, learningRate: 1, momentum: 0, l2: 0.02 }
/** Thousands of images: each step sees a sample, and momentum averages the noise of several. */
const forImages: PrivateSettings = { steps: 30, sampleRate: 0.05, clip: 0.5, learningRate: 2, momentum: 0.9, l2: 0 }

/** Over fixed edge filters a convex model learns, to which long strides do no harm. */
const forEdges: PrivateSettings = { steps: 60, sampleRate: 0.05, clip: 0.5, learningRate: 10, momentum: 0.95, l2: 0 }

/**
 * Scores compare directions where there is noise (alignmentScores). Noise alone takes an honest update of few patients to −0.64
 * now and then, so only what plainly goes back loses stake; for the rest it is enough that rewards follow the scores.
 */
export const PRIVATE_MARGIN = -7500

/** Steps, strides and clips that worked for this kind of data and model. */
export function privateSettings({ schema, model }: Pick<Manifest, 'schema' | 'model'>): PrivateSettings {
  if (schema.kind === 'table') return forTables
  return model.layers.some(isBuiltIn) ? forEdges : forImages
}

/**
 * The same study with differential privacy: noise in every update, columns on the scale of their public ranges.
 * @throws AppError privacy.noNoiseSuffices @throws RangeError where a promise makes no sense
 */
export function privately({ manifest, rules }: StudyPlan, { epsilon, delta }: PrivacyPromise): StudyPlan {
  const { learningRate, momentum, l2, ...settings } = privateSettings(manifest)
  const privacy = privacyPlan({ epsilon, delta, rounds: rules.rounds }, settings)
  return {
    manifest: {
      ...manifest,
      model: bounded(manifest.model),
      training: { ...manifest.training, learningRate, momentum, l2 },
      standardise: false,
      ...(manifest.schema.kind === 'table' && { scaling: 'ranges' as const }),
      privacy,
    },
    rules: { ...rules, standardise: false, margin: PRIVATE_MARGIN },
  }
}

/**
 * Clipped gradients say more where activations are bounded: 92 instead of 90 % of the digits at ε = 3 (Papernot, Thakurta, Song,
 * Chien, Erlingsson 2021). A frozen layer has no gradients.
 */
function bounded(model: ModelSpec): ModelSpec {
  const layers = model.layers.map(layer =>
    'activation' in layer && layer.activation === 'relu' && !isFrozen(layer)
      ? { ...layer, activation: 'tanh' as const }
      : layer,
  )
  return { ...model, layers }
}
