import type { Manifest, PrivacySpec } from '../study/manifest.ts'
import type { Mechanism } from './accountant/mechanism.ts'
import { rdpAccountant } from './accountant/rdp.ts'

/** One for all calls: it keeps the curves that it has computed. */
const accountant = rdpAccountant()

/** What a study's rounds do to a patient's data. @param rounds so many of them, at least one */
export function roundMechanism({ noise, sampleRate, steps }: PrivacySpec, rounds = 1): Mechanism {
  return { sigma: noise, q: sampleRate, steps: steps * rounds }
}

/**
 * The ε of a study for every patient of a hospital that takes part in so many rounds, at the study's δ; null where the study
 * has no differential privacy.
 */
export function studyEpsilon({ privacy }: Pick<Manifest, 'privacy'>, rounds: number): number | null {
  return privacy === undefined ? null : accountant.epsilon([roundMechanism(privacy, rounds)], privacy.delta)
}
