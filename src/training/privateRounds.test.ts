import { beforeAll, describe, expect, it } from 'vitest'
import { effectiveSigma } from '../privacy/clipping.ts'
import type { Member } from '../rounds/ports.ts'
import type { Manifest } from '../study/manifest.ts'
import { ownTableStudy } from '../study/studies/ownTable.ts'
import { privately } from '../study/studies/privately.ts'
import { createEngine, type Engine } from './engine.ts'
import type { PrivateTrainingCall, PrivateTrainingResult } from './privateTraining.ts'
import { type TestHospital, testDataset, testHospitals, testSchema } from './testing.ts'

const schema = {
  ...testSchema,
  features: testSchema.features.map(feature => {
    if (feature.name === 'dose') return { ...feature, typical: [0, 20] as [number, number] }
    return feature.name === 'pressure' ? { ...feature, typical: [100, 140] as [number, number] } : feature
  }),
}
const plain: Manifest = privately(ownTableStudy(schema, { rounds: 4, seed: 5 }), { epsilon: 8, delta: 1e-4 }).manifest
const datasets = [0, 1, 2, 3].map(i => testDataset(i))

/** Sends what it learned the wrong way round. */
const flipped = async (): Promise<Engine> => {
  const engine = await createEngine('cpu')
  return {
    ...engine,
    async trainPrivately(call) {
      const result = await engine.trainPrivately(call)
      return { ...result, parameters: result.parameters.map((value, i) => 2 * (call.parameters[i] ?? 0) - value) }
    },
  }
}

async function play(
  hospitals: readonly TestHospital[],
  round: number,
): Promise<readonly (readonly (number | null)[])[]> {
  const members = hospitals.map(({ member }) => member)
  const sealed = []
  for (const { trainer } of hospitals) sealed.push(await trainer.trainAndSeal(round, members))
  const scores = []
  const models = []
  for (const { trainer } of hospitals) {
    for (const [i, { blob, commitment }] of sealed.entries()) {
      expect(await trainer.open(round, members[i] as Member, blob, commitment)).toBe(true)
    }
    scores.push(await trainer.score(round, members))
    models.push(await trainer.aggregate(round, members, members))
  }
  for (const { trainer } of hospitals) {
    await trainer.installModel(round, models[0]!.modelHash, models[0]!.blob, members)
  }
  return scores
}

describe('rounds with differential privacy', () => {
  let hospitals: readonly TestHospital[]
  beforeAll(async () => {
    const honest = await testHospitals(datasets.slice(0, 3), plain)
    const [, , , liar] = await testHospitals(datasets, plain, flipped)
    hospitals = [...honest, liar as TestHospital]
  })

  it('give every seat the same scores, those who help above nothing and who harms far below', async () => {
    for (let round = 1; round <= 3; round++) {
      const all = await play(hospitals, round)
      for (const scores of all) expect(scores).toEqual(all[0])
      const [a, b, c, liar] = all[0] as [number, number, number, number]
      expect(Math.min(a, b, c)).toBeGreaterThan(0)
      expect(liar).toBeLessThan(-7500)
    }
  })

  it('never start from what was fitted to a patient without noise, though this screen’s predictions are', async () => {
    const starts: number[] = []
    const ends: number[] = []
    const intercept = (parameters: Float32Array) => parameters.at(-1) as number
    const listening = async (): Promise<Engine> => {
      const engine = await createEngine('cpu')
      return {
        ...engine,
        async trainPrivately(call) {
          const result = await engine.trainPrivately(call)
          starts.push(intercept(call.parameters))
          ends.push(intercept(result.parameters))
          return result
        },
      }
    }
    const two = await testHospitals(datasets.slice(0, 2), plain, listening)
    await play(two, 1)
    // Fits the site's intercept, for this screen.
    for (const { trainer } of two) await trainer.evaluate({ withLocal: false })
    await play(two, 2)
    expect(starts).toEqual([0, 0, ends[0], ends[1]])
  })
})

it('clip each layer by itself where the study says so', async () => {
  const hidden = { type: 'dense' as const, units: 3, activation: 'tanh' as const }
  const model = { ...plain.model, layers: [hidden, ...plain.model.layers] }
  const groups: number[] = []
  const watched = async (): Promise<Engine> => {
    const engine = await createEngine('cpu')
    return {
      ...engine,
      trainPrivately(call) {
        groups.push(call.groups.length)
        return engine.trainPrivately(call)
      },
    }
  }
  for (const perLayer of [false, true]) {
    const manifest: Manifest = { ...plain, model, privacy: { ...plain.privacy!, perLayer } }
    const [hospital] = await testHospitals(datasets.slice(0, 1), manifest, watched)
    await hospital?.trainer.trainAndSeal(1, [hospital.member])
  }
  expect(groups).toEqual([1, 2])
})

describe('clips that follow the patients', () => {
  interface Seen {
    readonly call: PrivateTrainingCall
    readonly result: PrivateTrainingResult
  }

  async function watchedHospital(privacy: Partial<NonNullable<Manifest['privacy']>>) {
    const seen: Seen[] = []
    const watched = async (): Promise<Engine> => {
      const engine = await createEngine('cpu')
      return {
        ...engine,
        async trainPrivately(call) {
          const result = await engine.trainPrivately(call)
          seen.push({ call, result })
          return result
        },
      }
    }
    const hidden = { type: 'dense' as const, units: 3, activation: 'tanh' as const }
    const model = { ...plain.model, layers: [hidden, ...plain.model.layers] }
    const manifest: Manifest = { ...plain, model, privacy: { ...plain.privacy!, ...privacy } }
    const [hospital] = await testHospitals(datasets.slice(0, 1), manifest, watched)
    const { trainer, member } = hospital!
    return { seen, train: (round: number) => trainer.trainAndSeal(round, [member]), charged: manifest.privacy!.noise }
  }

  const startsOf = ({ call }: Seen) => call.groups.map(({ clip }) => clip)

  it('cost what the study’s noise is charged, gradients and counters together', async () => {
    const { seen, train, charged } = await watchedHospital({ adaptive: true, perLayer: true })
    await train(1)
    const { groups, adaptive } = seen[0]!.call
    expect(groups).toHaveLength(2)
    const multipliers = groups.map(({ noiseMultiplier }) => noiseMultiplier)
    const counters = groups.map(() => 2 * adaptive!.countSigma)
    expect(effectiveSigma([...multipliers, ...counters])).toBeCloseTo(charged, 10)
  })

  it('begin a round where the last one’s ended, the first at the study’s', async () => {
    const { seen, train } = await watchedHospital({ adaptive: true, perLayer: true, clip: 2, steps: 3 })
    for (const round of [1, 2, 4]) await train(round)
    const [first, second, third] = seen as [Seen, Seen, Seen]
    for (const clip of startsOf(first)) expect(clip).toBeCloseTo(Math.SQRT2, 12)
    expect(first.result.clips).not.toEqual(startsOf(first))
    expect(startsOf(second)).toEqual(first.result.clips)
    expect(startsOf(third)).toEqual(second.result.clips)
  })

  it('begin a round that is trained again where it began before: it is paid for once', async () => {
    const { seen, train } = await watchedHospital({ adaptive: true })
    for (const round of [1, 1, 2, 2]) await train(round)
    expect(startsOf(seen[1]!)).toEqual(startsOf(seen[0]!))
    expect(startsOf(seen[2]!)).toEqual(seen[1]!.result.clips)
    expect(startsOf(seen[3]!)).toEqual(startsOf(seen[2]!))
    // The site's own parameters too.
    expect(seen[1]!.call.parameters).toEqual(seen[0]!.call.parameters)
    expect(seen[3]!.call.parameters).toEqual(seen[2]!.call.parameters)
    expect(seen[2]!.call.parameters.at(-1)).toBe(seen[1]!.result.parameters.at(-1))
  })

  it('move towards the patients’ median from far above it', async () => {
    const { seen, train } = await watchedHospital({ adaptive: true, clip: 100, noise: 0.01, steps: 10 })
    await train(1)
    // All pull less than that: ten steps of e^−0.1.
    expect(seen[0]!.result.clips[0]).toBeCloseTo(100 / Math.E, 0)
  })

  it('stay the study’s where it does not say so, round after round', async () => {
    const { seen, train, charged } = await watchedHospital({ steps: 3 })
    for (const round of [1, 2]) await train(round)
    for (const { call } of seen) {
      expect(call.groups).toMatchObject([{ clip: plain.privacy!.clip, noiseMultiplier: charged }])
      expect(call.adaptive).toBeUndefined()
    }
  })
})
