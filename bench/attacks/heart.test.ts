import { expect, it } from 'vitest'
import { loadField } from '../../src/field/loadField.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { privately } from '../../src/study/studies/privately.ts'
import { createEngine } from '../../src/training/engine.ts'
import { inferMembership } from './heart.ts'
import { auc } from './roc.ts'

const engine = await createEngine('cpu')
const field = await loadField()
const small = { rounds: 1, patients: 20, isInformed: true } as const

it('tells every patient from a stranger where all others are known and nothing is noised', async () => {
  const [guesses] = await inferMembership({ ...small, manifest: heartStudy().manifest }, [11], engine, field)
  expect(auc(guesses!.update.informed)).toBe(1)
  expect(guesses!.masked.direction).toHaveLength(guesses!.update.direction.length)
})

it('does so against private steps that have hardly any noise, so the noise is what stops it', async () => {
  const { manifest } = privately(heartStudy({ rounds: 1 }), { epsilon: 1, delta: 1e-4 })
  const quiet = { ...manifest, privacy: { ...manifest.privacy!, noise: 1e-3 } }
  const [guesses] = await inferMembership({ ...small, manifest: quiet }, [11], engine, field)
  expect(auc(guesses!.update.informed)).toBe(1)
})
