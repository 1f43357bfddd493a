import { describe, expect, it } from 'vitest'
import { encodedWidth } from '../../data/encode.ts'
import { checkModel, parameterLayout } from '../layout.ts'
import { parseManifest, type TableSchema } from '../manifest.ts'
import { digitsOverEdges, digitsStudy } from './digits.ts'
import { heartStudy } from './heart.ts'
import { ownTableStudy } from './ownTable.ts'
import { privately } from './privately.ts'

const own: TableSchema = {
  kind: 'table',
  features: [
    { type: 'number', name: 'dose' },
    { type: 'category', name: 'ward', levels: ['a', 'b', 'c'] },
  ],
  outcome: { name: 'ill' },
}

describe.each([
  ['heart', heartStudy()],
  ['digits', digitsStudy()],
  ['digits over edges', digitsOverEdges()],
  ['own table', ownTableStudy(own)],
])('the %s study', (_, { manifest, rules }) => {
  it('has a description that others can read and a model that fits its data', () => {
    expect(parseManifest(structuredClone(manifest))).toEqual(manifest)
    expect(() => checkModel(manifest.model, manifest.schema, encodedWidth(manifest.schema))).not.toThrow()
  })

  it('makes a cheat who is found three times poorer than all its rewards would make it', () => {
    expect(rules.standardise).toBe(manifest.standardise)
    expect((3 * rules.slashBps * rules.stake) / 10_000).toBeGreaterThan(rules.rounds * rules.rewardPerRound)
    expect(3 * rules.slashBps).toBeLessThanOrEqual(10_000)
    expect(4 * rules.slashBps).toBeGreaterThan(10_000)
  })
})

it('keeps a table’s intercept at the hospital and shares everything of the digits', () => {
  expect(parameterLayout(heartStudy().manifest.model)).toMatchObject({ size: 14, sharedSize: 13 })
  const { size, sharedSize } = parameterLayout(digitsStudy().manifest.model)
  expect([size, sharedSize]).toEqual([101_770, 101_770])
})

it('spends noise over edges on the last layer alone, in strides of its own', () => {
  const promise = { epsilon: 3, delta: 1e-5 }
  const [plain, edges] = [digitsStudy(), digitsOverEdges()].map(plan => privately(plan, promise).manifest)
  expect(parameterLayout(edges!.model)).toMatchObject({ size: 8650, sharedSize: 7850, startSize: 8650 })
  expect(edges!.model).toEqual(digitsOverEdges().manifest.model)
  expect(edges!.training.learningRate).toBeGreaterThan(plain!.training.learningRate)
})

it('shows results by sex and age where a table has such columns', () => {
  expect(heartStudy().manifest.subgroups).toEqual([{ column: 'sex' }, { column: 'age', borders: [50, 65] }])
  const table = (names: readonly string[]): TableSchema => ({
    kind: 'table',
    features: names.map(name =>
      name.startsWith('Age') ? { type: 'number', name } : { type: 'category', name, levels: ['f', 'm'] },
    ),
    outcome: { name: 'ill' },
  })
  expect(ownTableStudy(table(['Gender', 'Age (years)'])).manifest.subgroups).toEqual([
    { column: 'Gender' },
    { column: 'Age (years)', borders: [40, 65] },
  ])
  expect(ownTableStudy(own).manifest.subgroups).toBeUndefined()
})
