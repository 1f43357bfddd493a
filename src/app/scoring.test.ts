import { expect, it } from 'vitest'
import { heartStudy } from '../study/studies/heart.ts'
import { defaultMasking, masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import { scoringOf } from './scoring.ts'

const heart = heartStudy({ rounds: 5 })
const noised = privately(heart, { epsilon: 5, delta: 1e-4 })

it('is a gain where updates are tried, a direction where there is noise, and nothing behind masks', () => {
  expect(scoringOf(heart.manifest)).toBe('gain')
  expect(scoringOf(noised.manifest)).toBe('direction')
  expect(scoringOf(masked(heart).manifest)).toBeNull()
})

it('is a direction behind masks, too, where the study scores', () => {
  expect(scoringOf(masked(noised, { ...defaultMasking, scored: true }).manifest)).toBe('direction')
  expect(scoringOf(masked(noised, { ...defaultMasking, scored: false }).manifest)).toBeNull()
})
