import { allocateNoise, counterSigma, gradientSigma, nextClip } from '../privacy/clipping.ts'
import type { ParameterLayout } from '../study/layout.ts'
import type { PrivacySpec } from '../study/manifest.ts'
import type { AdaptiveClip, ClipGroup } from './privateTraining.ts'

type ClipSettings = Pick<PrivacySpec, 'clip' | 'noise' | 'perLayer' | 'adaptive'>

/** How many times larger or smaller than the study's a clip may become. Noise on few patients would take it anywhere. */
const FARTHEST = 32

/**
 * What is clipped and noised together, the site's own part included: no parameter moves but by what is clipped and noised, and frozen
 * ones, in no group, cost no noise. One clip for all layers; or one for each, as long together, and noise by each layer's size, which costs as much (see allocateNoise). Where clips
 * are adaptive the noise leaves room for the counters, so that a step costs the study's noise in all.
 * @param clips of each group, where adaptive ones have moved: as public as the study's own; the study's unless given
 */
export function clipGroups(
  layout: ParameterLayout,
  settings: ClipSettings,
  clips?: readonly number[],
): readonly ClipGroup[] {
  const groups = groupedTensors(layout, settings)
  const dimensionsOf = (group: readonly number[]) => group.reduce((sum, i) => sum + (layout.tensors[i]?.size ?? 0), 0)
  const clipped = groups.map((tensors, g) => ({
    clip: clips?.[g] ?? firstClip(settings, groups.length),
    dimensions: dimensionsOf(tensors),
  }))
  const { noise, adaptive } = settings
  const counters = adaptive ? groups.map(() => counterSigma(noise, groups.length)) : []
  const multipliers = allocateNoise(adaptive ? gradientSigma(noise, counters) : noise, clipped)
  return groups.map((tensors, g) => ({
    tensors,
    clip: clipped[g]?.clip as number,
    noiseMultiplier: multipliers[g] as number,
  }))
}

/** How the clips of these groups follow the patients; undefined where the study's stay as they are. */
export function adaptiveClip(layout: ParameterLayout, settings: ClipSettings): AdaptiveClip | undefined {
  if (!settings.adaptive) return undefined
  const count = groupedTensors(layout, settings).length
  const first = firstClip(settings, count)
  return {
    countSigma: counterSigma(settings.noise, count),
    next: (clip, passing) => Math.min(first * FARTHEST, Math.max(first / FARTHEST, nextClip(clip, passing))),
  }
}

function groupedTensors({ tensors }: ParameterLayout, { perLayer }: ClipSettings): readonly (readonly number[])[] {
  const learned = tensors.flatMap(({ layer, frozen }, i) => (frozen ? [] : [{ layer, i }]))
  if (!perLayer) return [learned.map(({ i }) => i)]
  return [...new Set(learned.map(({ layer }) => layer))].map(layer =>
    learned.flatMap(tensor => (tensor.layer === layer ? [tensor.i] : [])),
  )
}

/** All of them together are as long as the study's. */
function firstClip({ clip }: ClipSettings, groups: number): number {
  return clip / Math.sqrt(groups)
}
