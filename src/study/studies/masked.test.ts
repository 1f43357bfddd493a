import { expect, it } from 'vitest'
import { checkBound } from '../../aggregation/masking/encoding.ts'
import { maxWeight } from '../../aggregation/weights.ts'
import { parseManifest } from '../manifest.ts'
import { digitsStudy } from './digits.ts'
import { heartStudy } from './heart.ts'
import { defaultMasking, masked, protectionOf } from './masked.ts'
import { ownTableStudy } from './ownTable.ts'
import { privately } from './privately.ts'

it('changes nothing of a study but who may see an update', () => {
  const { manifest, rules } = heartStudy()
  const study = masked({ manifest, rules })
  expect(parseManifest(structuredClone(study.manifest))).toEqual({ ...manifest, masking: defaultMasking })
  expect(study.rules).toBe(rules)
})

it('has a sum of the most hospitals that a study takes stay inside of the field', () => {
  expect(() => checkBound({ hospitals: 64, maxWeight, ...defaultMasking })).not.toThrow()
})

it('weighs hospitals alike where there is noise: weights are public', () => {
  const noised = masked(privately(heartStudy({ rounds: 5 }), { epsilon: 5, delta: 1e-4 }))
  expect(noised.manifest.patientsPerWeight).toBe(0)
  expect(masked(heartStudy()).manifest.patientsPerWeight).toBe(20)
  expect(protectionOf(noised.manifest)).toBe('maskedNoised')
})

it('scores hospitals’ parts only where they are noised', () => {
  const noised = privately(heartStudy({ rounds: 5 }), { epsilon: 5, delta: 1e-4 })
  expect(masked(noised).manifest.masking).toEqual({ ...defaultMasking, scored: true })
  expect(masked(noised, { ...defaultMasking, scored: false }).manifest.masking?.scored).toBe(false)
  expect(masked(heartStudy()).manifest.masking?.scored).toBeUndefined()
})

it('needs a range for every number whose sums are masked, and none where nothing is summed', () => {
  const features = [
    { type: 'number' as const, name: 'age', min: 0, max: 120 },
    { type: 'number' as const, name: 'dose' },
  ]
  const plan = ownTableStudy({ kind: 'table', features, outcome: { name: 'ill' } })
  expect(() => masked(plan)).toThrow(expect.objectContaining({ code: 'study.badManifest' }))
  const unscaled = { ...plan, manifest: { ...plan.manifest, standardise: false } }
  expect(protectionOf(masked(unscaled).manifest)).toBe('masked')
  expect(protectionOf(masked(digitsStudy()).manifest)).toBe('masked')
})

it('tells the four kinds of protection apart', () => {
  const heart = heartStudy({ rounds: 5 })
  const noised = privately(heart, { epsilon: 5, delta: 1e-4 })
  const kinds = [heart, noised, masked(heart), masked(noised)].map(({ manifest }) => protectionOf(manifest))
  expect(kinds).toEqual(['committee', 'committeeNoised', 'masked', 'maskedNoised'])
})
