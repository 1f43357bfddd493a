import type { PrivacySpec } from '../study/manifest.ts'
import { sigmaFor } from './accountant/sigmaFor.ts'

/** What a sponsor promises every patient, and for how much work. */
export interface PrivacyGoal {
  /** Of the whole study. */
  readonly epsilon: number
  readonly delta: number
  readonly rounds: number
}

export type PrivacySettings = Pick<PrivacySpec, 'steps' | 'sampleRate' | 'clip'>

/**
 * Part of the budget that pays for scores where training sees samples of the patients, as a share of 1/σ², in which Gaussians
 * of all patients add up.
 */
const SCORING_SHARE = 0.1

/**
 * The noise that keeps a study's promise.
 * @throws AppError privacy.noNoiseSuffices @throws RangeError where a number is out of range
 */
export function privacyPlan(
  { epsilon, delta, rounds }: PrivacyGoal,
  { steps, sampleRate, clip }: PrivacySettings,
): PrivacySpec {
  const settings = { delta, steps, sampleRate, clip }
  if (sampleRate === 1) {
    const noise = roundedUp(sigmaFor({ epsilon, delta, q: 1, steps: rounds * steps }))
    // Validation patients pay in one step a round what training patients pay in all of its steps.
    return { ...settings, noise, scoreNoise: roundedUp(noise / Math.sqrt(steps)) }
  }
  /** Of one Gaussian of all patients that takes all of ε. */
  const whole = sigmaFor({ epsilon, delta, q: 1, steps: 1 })
  const scoreNoise = roundedUp(whole * Math.sqrt(rounds / SCORING_SHARE))
  const also = [{ sigma: scoreNoise, q: 1, steps: rounds }]
  return {
    ...settings,
    noise: roundedUp(sigmaFor({ epsilon, delta, q: sampleRate, steps: rounds * steps, also })),
    scoreNoise,
  }
}

/** In five digits, as it is shown and written down; never less. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 4)
  return Number((Math.ceil(value / unit) * unit).toPrecision(5))
}
