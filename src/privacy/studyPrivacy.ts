import type { Manifest, PrivacySpec } from '../study/manifest.ts'
import type { Mechanism } from './accountant/mechanism.ts'
import { rdpAccountant } from './accountant/rdp.ts'

/**
 * What one round does to a patient's data. A patient either trains or validates. Where every step sees all patients the two
 * are the same kind of mechanism, and the noisier one costs the less; else both are charged, which is more than any patient
 * pays.
 * @param rounds so many of them
 */
export function roundMechanisms(
  { noise, sampleRate, steps, scoreNoise }: PrivacySpec,
  rounds = 1,
): readonly Mechanism[] {
  const training = { sigma: noise, q: sampleRate, steps: steps * rounds }
  const scoring = { sigma: scoreNoise, q: 1, steps: rounds }
  if (sampleRate < 1) return [training, scoring]
  // Both are Gaussians of all patients: sigma / √steps compares them.
  return scoreNoise >= noise / Math.sqrt(steps) ? [training] : [scoring]
}

/**
 * The ε of a study for every patient of a hospital that takes part in so many rounds, at the study's δ; null where the study
 * has no differential privacy.
 */
export function studyEpsilon({ privacy }: Pick<Manifest, 'privacy'>, rounds: number): number | null {
  return privacy === undefined ? null : rdpAccountant().epsilon(roundMechanisms(privacy, rounds), privacy.delta)
}
