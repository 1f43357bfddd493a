import { describe, expect, it } from 'vitest'
import { chargedSigma, effectiveSigma } from '../privacy/clipping.ts'
import { parameterLayout } from '../study/layout.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { adaptiveClip, clipGroups } from './clipGroups.ts'

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

  it('is not what is frozen: no noise and no clip is for it', () => {
    const [first, ...rest] = model.layers as [LayerSpec, ...LayerSpec[]]
    const small = parameterLayout({ ...model, layers: [{ ...first, frozen: true } as LayerSpec, ...rest] })
    expect(clipGroups(small, { clip: 2, noise: 3 })).toEqual([{ tensors: [2, 3, 4, 5], clip: 2, noiseMultiplier: 3 }])
    const groups = clipGroups(small, { clip: 2, noise: 3, perLayer: true })
    expect(groups.map(({ tensors }) => tensors)).toEqual([
      [2, 3],
      [4, 5],
    ])
    expect(effectiveSigma(groups.map(({ noiseMultiplier }) => noiseMultiplier))).toBeCloseTo(3, 12)
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

describe('clips that follow the patients', () => {
  const study = { clip: 2, noise: 3, adaptive: true }

  it('are one or one a layer, and gradients and counters together cost what a step is charged', () => {
    for (const perLayer of [false, true]) {
      const groups = clipGroups(layout, { ...study, perLayer })
      const { countSigma } = adaptiveClip(layout, { ...study, perLayer })!
      const gradients = effectiveSigma(groups.map(({ noiseMultiplier }) => noiseMultiplier))
      expect(gradients).toBeGreaterThan(3)
      const counters = groups.map(() => countSigma)
      expect(chargedSigma(gradients, counters)).toBeCloseTo(3, 12)
    }
  })

  it('go on from where they are, with noise for those, at the same cost', () => {
    const clips = [0.5, 4, 1]
    const moved = clipGroups(layout, { ...study, perLayer: true }, clips)
    const first = clipGroups(layout, { ...study, perLayer: true })
    const multipliers = (groups: typeof moved) => groups.map(({ noiseMultiplier }) => noiseMultiplier)
    expect(moved.map(({ clip }) => clip)).toEqual(clips)
    expect(multipliers(moved)).not.toEqual(multipliers(first))
    expect(effectiveSigma(multipliers(moved))).toBeCloseTo(effectiveSigma(multipliers(first)), 12)
  })

  it('never go farther than 32 times from the study’s, whatever the noise says', () => {
    const { next } = adaptiveClip(layout, study)!
    expect(next(2, 1)).toBeCloseTo(2 * Math.exp(-0.1), 12)
    expect([next(2, 1e6), next(2, -1e6)]).toEqual([2 / 32, 64])
    const byLayer = adaptiveClip(layout, { ...study, perLayer: true })!
    expect(byLayer.next(1, -1e6)).toBeCloseTo(64 / Math.sqrt(3), 12)
  })

  it('are none where the study does not say so', () => {
    expect(adaptiveClip(layout, { clip: 2, noise: 3 })).toBeUndefined()
    expect(adaptiveClip(layout, { clip: 2, noise: 3, adaptive: false })).toBeUndefined()
  })
})
