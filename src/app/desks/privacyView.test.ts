import { expect, it } from 'vitest'
import { heartStudy } from '../../study/studies/heart.ts'
import { masked } from '../../study/studies/masked.ts'
import { privately } from '../../study/studies/privately.ts'
import { maskedExposure } from './privacyView.ts'

const heart = heartStudy({ rounds: 5 })
const noised = privately(heart, { epsilon: 5, delta: 1e-4 })

it('says nothing of masks where a committee sees the updates', () => {
  expect(maskedExposure(heart.manifest, 3, 3)).toBeNull()
  expect(maskedExposure(noised.manifest, 3, 3)).toBeNull()
})

it('tells patients in steps, and with noise not at all', () => {
  expect(maskedExposure(masked(heart).manifest, 0, 4)).toEqual({ step: 20, colluding: null, hasSpare: true })
  expect(maskedExposure(masked(noised).manifest, 5, 4)).toEqual({ step: null, colluding: 3, hasSpare: true })
})

it('knows that nobody may be missing from a committee of three, before a round and in it', () => {
  const { manifest } = masked(heart)
  expect(maskedExposure(manifest, 0, 3)?.hasSpare).toBe(false)
  expect(maskedExposure(manifest, 3, 4)).toMatchObject({ colluding: 2, hasSpare: false })
  expect(maskedExposure(manifest, 4, 3)).toMatchObject({ colluding: 2, hasSpare: true })
})
