import type { ParameterLayout } from '../study/layout.ts'
import type { ClipGroup } from './privateTraining.ts'

/**
 * One clip for all layers together, the site's own part included: no parameter moves but by what is clipped and noised.
 * @param clip longest gradient of one patient @param noiseMultiplier noise over the sensitivity
 */
export function clipGroups({ tensors }: ParameterLayout, clip: number, noiseMultiplier: number): readonly ClipGroup[] {
  return [{ tensors: tensors.map((_, i) => i), clip, noiseMultiplier }]
}
