import { describe, expect, it } from 'vitest'
import { effectiveSigma } from '../privacy/clipping.ts'
import { parameterLayout } from '../study/layout.ts'
import type { ModelSpec } from '../study/manifest.ts'
import { clipGroups } from './clipGroups.ts'

const model: ModelSpec = {
  input: [6],
  layers: [
    { type: 'dense', units: 16, activation: 'tanh' },
    { type: 'dense', units: 4, activation: 'tanh' },
    { type: 'dense', units: 1, activation: 'linear' },
  ],
  siteLocal: 'bias',
}
const layout = parameterLayout(model)
const all = layout.tensors.map((_, i) => i)

describe('what is clipped together', () => {
  it('is everything where a study says nothing else', () => {
    expect(clipGroups(layout, { clip: 2, noise: 3 })).toEqual([{ tensors: all, clip: 2, noiseMultiplier: 3 }])
  })

  it('is each layer with its bias, where each has a clip of its own; nothing is left out', () => {
    const groups = clipGroups(layout, { clip: 2, noise: 3, perLayer: true })
    expect(groups).toHaveLength(3)
    expect(groups.flatMap(({ tensors }) => tensors).toSorted((a, b) => a - b)).toEqual(all)
    for (const { tensors } of groups) expect(new Set(tensors.map(i => layout.tensors[i]?.layer)).size).toBe(1)
  })

  it('costs as much by layers: one patient pulls no further, and all noises together are the same multiplier', () => {
    const groups = clipGroups(layout, { clip: 2, noise: 3, perLayer: true })
    expect(Math.hypot(...groups.map(({ clip }) => clip))).toBeCloseTo(2, 12)
    expect(effectiveSigma(groups.map(({ noiseMultiplier }) => noiseMultiplier))).toBeCloseTo(3, 12)
  })

  it('adds less noise in all than one clip does', () => {
    const energy = (perLayer: boolean) =>
      clipGroups(layout, { clip: 2, noise: 3, perLayer }).reduce((sum, { tensors, clip, noiseMultiplier }) => {
        const dimensions = tensors.reduce((count, i) => count + (layout.tensors[i]?.size ?? 0), 0)
        return sum + dimensions * (clip * noiseMultiplier) ** 2
      }, 0)
    expect(energy(true)).toBeLessThan(energy(false))
  })
})
