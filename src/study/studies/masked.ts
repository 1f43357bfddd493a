import { type Manifest, parseManifest } from '../manifest.ts'
import type { StudyPlan } from './StudyPlan.ts'

export type MaskingSpec = NonNullable<Manifest['masking']>

/**
 * How updates are written as integers where a study says nothing else: coordinates up to ±16 in steps of 6·10⁻⁸, about what a
 * float32 of size one holds. Sums of the most hospitals that a study takes stay far inside of the field.
 */
export const defaultMasking: MaskingSpec = { clip: 16, fractionBits: 24 }

/**
 * Beside a large liar the others' sum points elsewhere, and an honest hospital of few patients falls to −0.85 (decision 13): only
 * what goes all but straight back loses stake; for the rest it is enough that rewards follow the scores.
 */
export const SCORED_MARGIN = -9500

/** What keeps others from learning about a patient. */
export type Protection = 'committee' | 'committeeNoised' | 'masked' | 'maskedNoised'

export function protectionOf({ masking, privacy }: Pick<Manifest, 'masking' | 'privacy'>): Protection {
  const mode = masking === undefined ? 'committee' : 'masked'
  return privacy === undefined ? mode : `${mode}Noised`
}

/**
 * The same study masked: nobody sees an update, only the weighted sum opens. With noise all hospitals weigh the same, as weights are
 * public and no count of patients may be; and their parts in the sum are scored, unless `masking` says otherwise.
 *
 * @throws AppError study.badManifest where columns are to be standardised and a number has no public range: their sums are masked on
 * the scale of those ranges
 */
export function masked({ manifest, rules }: StudyPlan, masking: MaskingSpec = defaultMasking): StudyPlan {
  const isNoised = manifest.privacy !== undefined
  const parts = isNoised ? { patientsPerWeight: 0, masking: { scored: true, ...masking } } : { masking }
  const study = parseManifest({ ...manifest, ...parts })
  return { manifest: study, rules: study.masking?.scored ? { ...rules, margin: SCORED_MARGIN } : rules }
}
