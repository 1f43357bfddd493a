import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { parseManifest, type TableSchema } from '../manifest.ts'
import { digitsStudy } from './digits.ts'
import { heartStudy } from './heart.ts'
import { masked, protectionOf } from './masked.ts'
import { ownTableStudy } from './ownTable.ts'
import { privately } from './privately.ts'
import { PROVEN_MARGIN, proven } from './proven.ts'
import type { StudyPlan } from './StudyPlan.ts'

const promise = { epsilon: 3, delta: 1e-4 }
const heart = heartStudy({ rounds: 5 })
const noised = privately(heart, promise)

const tableOf = (features: number): TableSchema => ({
  kind: 'table',
  features: Array.from({ length: features }, (_, i) => ({ type: 'number', name: `n${i}`, min: 0, max: 10 })),
  outcome: { name: 'ill' },
})

function refusal(plan: () => StudyPlan): string {
  try {
    plan()
  } catch (error) {
    if (isAppError(error, 'study.badManifest')) return String(error.details.reason)
    throw error
  }
  throw new Error('nothing was refused')
}

describe.each([
  ['committee', heart],
  ['committeeNoised', noised],
  ['masked', masked(heart)],
  ['maskedNoised', masked(noised)],
] as const)('a proven heart study, %s', (protection, plan) => {
  const { manifest, rules } = proven(plan)

  it('can be proven and keeps its protection', () => {
    expect(parseManifest(structuredClone(manifest))).toEqual(manifest)
    expect(protectionOf(manifest)).toBe(protection)
    expect(manifest.proving).toEqual({ steps: 192 / manifest.training.batchSize, contributions: 7 })
  })

  it('scales by public ranges, trains the intercept with all else and fits it again for use', () => {
    expect(manifest).toMatchObject({ standardise: false, scaling: 'ranges' })
    expect(manifest.model).toMatchObject({ siteLocal: 'none', calibrated: true })
    expect(rules.standardise).toBe(false)
  })

  it('draws half of the hospitals, and costs those who prove nothing at least what a fault does', () => {
    const { hospitalsBps, slashBps, ...seconds } = rules.audits!
    expect(hospitalsBps).toBe(5000)
    expect(slashBps).toBeGreaterThanOrEqual(rules.slashBps)
    expect(seconds).toEqual({ revealSeconds: 180, auditSeconds: 120 })
    expect(rules.margin).toBeLessThanOrEqual(PROVEN_MARGIN)
  })
})

it('takes long strides of large batches where there is noise, for the same promise', () => {
  const study = proven(noised).manifest
  expect(study.training).toMatchObject({ batchSize: 64, learningRate: 2, l2: 0 })
  expect(study.privacy).toEqual({ ...noised.manifest.privacy, clip: 2 })
  expect(proven(heart).manifest.training).toMatchObject({ batchSize: 16, learningRate: 0.25 })
})

it('sends masked updates to the last bit, and scores none of them', () => {
  expect(proven(masked(noised)).manifest.masking).toEqual({ clip: 32, fractionBits: 32 })
})

it('takes as many steps as it is told to', () => {
  expect(proven(heart, { steps: 4 }).manifest.proving?.steps).toBe(4)
})

it('holds tables of up to 62 columns', () => {
  const training = (columns: number) => proven(ownTableStudy(tableOf(columns))).manifest.training
  expect(training(14)).toMatchObject({ batchSize: 16, learningRate: 0.25 })
  expect(training(15)).toMatchObject({ batchSize: 32, learningRate: 0.5 })
  expect(training(62)).toMatchObject({ batchSize: 64, learningRate: 1 })
  expect(refusal(() => proven(ownTableStudy(tableOf(63))))).toContain('training.batchSize: 64 inputs')
})

it('says what a study lacks', () => {
  const unranged = { ...tableOf(1), features: [{ type: 'number' as const, name: 'dose' }] }
  expect(refusal(() => proven(ownTableStudy(unranged)))).toContain('dose has no range')
  expect(refusal(() => proven(digitsStudy()))).toContain('scaling')
})
