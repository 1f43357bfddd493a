import { allocateNoise } from '../privacy/clipping.ts'
import type { ParameterLayout } from '../study/layout.ts'
import type { PrivacySpec } from '../study/manifest.ts'
import type { ClipGroup } from './privateTraining.ts'

/**
 * What is clipped and noised together, the site's own part included: no parameter moves but by what is clipped and noised. One clip for
 * all layers; or one for each, as long together, and noise by each layer's size, which costs as much (see allocateNoise).
 */
export function clipGroups(
  { tensors }: ParameterLayout,
  { clip, noise, perLayer = false }: Pick<PrivacySpec, 'clip' | 'noise' | 'perLayer'>,
): readonly ClipGroup[] {
  if (!perLayer) return [{ tensors: tensors.map((_, i) => i), clip, noiseMultiplier: noise }]
  const layers = [...new Set(tensors.map(({ layer }) => layer))].map(layer =>
    tensors.flatMap((tensor, i) => (tensor.layer === layer ? [i] : [])),
  )
  const own = clip / Math.sqrt(layers.length)
  const dimensionsOf = (layer: readonly number[]) => layer.reduce((sum, i) => sum + (tensors[i]?.size ?? 0), 0)
  const multipliers = allocateNoise(
    noise,
    layers.map(layer => ({ clip: own, dimensions: dimensionsOf(layer) })),
  )
  return layers.map((layer, i) => ({ tensors: layer, clip: own, noiseMultiplier: multipliers[i] as number }))
}
