import type { PrivacySpec } from '../study/manifest.ts'
import { sigmaFor } from './accountant/sigmaFor.ts'

/** What a sponsor promises every patient, and for how much work. */
export interface PrivacyGoal {
  /** Of the whole study. */
  readonly epsilon: number
  readonly delta: number
  readonly rounds: number
}

export type PrivacySettings = Pick<PrivacySpec, 'steps' | 'sampleRate' | 'clip' | 'perLayer' | 'adaptive'>

/**
 * The noise that keeps a study's promise.
 * @throws AppError privacy.noNoiseSuffices @throws RangeError where a number is out of range
 */
export function privacyPlan(
  { epsilon, delta, rounds }: PrivacyGoal,
  { steps, sampleRate, clip, perLayer, adaptive }: PrivacySettings,
): PrivacySpec {
  const noise = roundedUp(sigmaFor({ epsilon, delta, q: sampleRate, steps: rounds * steps }))
  return { delta, steps, sampleRate, clip, ...(perLayer && { perLayer }), ...(adaptive && { adaptive }), noise }
}

/** In five digits, as it is shown and written down; never less. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 4)
  return Number((Math.ceil(value / unit) * unit).toPrecision(5))
}
