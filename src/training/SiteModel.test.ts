import { expect, it } from 'vitest'
import { createKeys } from '../crypto/keys.ts'
import { sharedPart } from '../study/layout.ts'
import type { ModelSpec } from '../study/manifest.ts'
import { createEngine } from './engine.ts'
import { examplesOf, openStudy } from './hospitalStudy.ts'
import { SiteModel } from './SiteModel.ts'
import { testDataset, testManifest, testRef } from './testing.ts'

const self = `0x${'a1'.repeat(20)}` as const

async function siteOf(change: Partial<ModelSpec>) {
  const dataset = testDataset(0)
  const described = testManifest()
  const manifest = { ...described, standardise: false, model: { ...described.model, ...change } }
  const study = await openStudy({ ref: testRef, manifest, self }, dataset, await createKeys(), undefined)
  const by = { mean: Float64Array.of(10, 120, 0.3, 0.3), deviation: Float64Array.of(5, 10, 0.5, 0.5) }
  const { train, test } = examplesOf(study, dataset, by)
  const site = new SiteModel(study, () => createEngine('cpu'))
  return { site, train, test, shared: sharedPart(study.layout, study.initial) }
}

it('fits a calibrated study’s bias to its own patients for use, and never trains from it', async () => {
  const { site, train, test, shared } = await siteOf({ siteLocal: 'none', calibrated: true })
  expect(await site.withOwnPart(shared, train, {})).toEqual(shared)
  const used = await site.forUse(shared, train, {})
  expect(used.slice(0, -1)).toEqual(shared.slice(0, -1))
  const predicted = (await site.predict(used, train)).reduce((sum, p) => sum + p, 0)
  expect(predicted).toBeCloseTo(
    train.labels.reduce((sum, label) => sum + label, 0),
    1,
  )
  // Of other patients another one.
  expect((await site.forUse(shared, test, {})).at(-1)).not.toBe(used.at(-1))
  const plain = await siteOf({ siteLocal: 'none' })
  expect(await site.train(1, shared, train, {})).toEqual(await plain.site.train(1, shared, train, {}))
})

it('uses what is shared as it is where a study is not calibrated', async () => {
  const { site, train, shared } = await siteOf({ siteLocal: 'none' })
  expect(await site.forUse(shared, train, {})).toEqual(shared)
})
