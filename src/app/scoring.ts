import type { Manifest } from '../study/manifest.ts'

/** What a score says of an update: by how much it improved the model, or how far it goes the way the others go. */
export type Scoring = 'gain' | 'direction'

/** What scores say in a study; null where nothing is scored. */
export function scoringOf({ masking, privacy }: Pick<Manifest, 'masking' | 'privacy'>): Scoring | null {
  if (masking !== undefined && masking.scored !== true) return null
  // Trying a noised update on patients would cost these patients (docs/decisions/0011).
  return privacy === undefined ? 'gain' : 'direction'
}
