import { beforeEach, describe, expect, it } from 'vitest'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Manifest } from '../study/manifest.ts'
import { AloneBaseline } from './AloneBaseline.ts'
import { createEngine, type Engine, type TrainingCall } from './engine.ts'
import type { Study } from './hospitalStudy.ts'
import { type TestHospital, testDataset, testHospitals, testManifest } from './testing.ts'

/** One hospital, alone on its committee, through a round. */
async function play({ trainer, member }: TestHospital, round: number): Promise<void> {
  const sealed = round === 1 ? await trainer.sealStatistics(1, [member]) : await trainer.trainAndSeal(round, [member])
  await trainer.open(round, member, sealed.blob, sealed.commitment)
  const model = await trainer.aggregate(round, [member], [member])
  await trainer.installModel(round, model.modelHash, model.blob, [member])
}

async function join(manifest: Manifest, engine?: () => Promise<Engine>): Promise<TestHospital> {
  const [hospital] = await testHospitals([testDataset(3)], manifest, engine)
  return hospital as TestHospital
}

describe('the model trained alone', () => {
  it.each([
    ['plain', testManifest()],
    ['momentum', { ...testManifest(), training: { ...testManifest().training, momentum: 0.9, epochs: 2 } }],
  ])('is the same round by round as all at once: %s', async (_, manifest) => {
    const [watched, unwatched] = [await join(manifest), await join(manifest)]
    const seen: number[] = []
    for (let round = 1; round <= 6; round++) {
      await Promise.all([watched, unwatched].map(hospital => play(hospital, round)))
      if (round === 1) continue
      const { localOnly } = await watched.trainer.evaluate({ withLocal: 'live' })
      seen.push(localOnly.local?.logLoss as number)
    }
    expect(new Set(seen).size).toBe(5)
    const [a, b] = await Promise.all(
      [watched, unwatched].map(({ trainer }) => trainer.predictHeldOut({ withLocal: 'final' })),
    )
    expect(a?.localOnly.local).toEqual(b?.localOnly.local)
    const { localOnly } = await watched.trainer.evaluate({ withLocal: 'final' })
    expect(localOnly.local?.logLoss).toBe(seen[4])
  })

  it('catches up after a reload, and is not asked for where nobody wants it', async () => {
    const hospital = await join(testManifest())
    for (let round = 1; round <= 5; round++) await play(hospital, round)
    expect((await hospital.trainer.evaluate({ withLocal: false })).localOnly.local).toBeNull()
    const { localOnly: live } = await hospital.trainer.evaluate({ withLocal: 'live' })
    const { localOnly: final } = await hospital.trainer.evaluate({ withLocal: 'final' })
    expect(live.local).not.toBeNull()
    expect(live).toEqual(final)
  })
})

describe('where a round alone takes long', () => {
  const study = {
    manifest: testManifest(),
    self: `0x${'a1'.repeat(20)}`,
    initial: new Float32Array(5),
  } as unknown as Study
  const rows = { inputs: new Float32Array(4), labels: new Int32Array(1), count: 1 }
  let calls: TrainingCall[]
  let isSlow: boolean
  let engine: Engine

  beforeEach(async () => {
    const real = await createEngine('cpu')
    calls = []
    isSlow = true
    engine = {
      ...real,
      async train(call) {
        calls.push(call)
        // As slow as can be: until it is stopped.
        if (isSlow && call.signal) await new Promise(resolve => call.signal?.addEventListener('abort', resolve))
        return real.train(call)
      },
    }
  })

  it('a live comparison gives up and does not try again until rounds are short; the final one waits', async () => {
    const alone = new AloneBaseline(study, () => Promise.resolve(engine))
    expect(await alone.live(1, rows, {})).toBeNull()
    expect(await alone.live(2, rows, {})).toBeNull()
    expect(calls).toHaveLength(1)
    isSlow = false
    const all = await alone.final(3, rows, {})
    expect(calls).toHaveLength(2)
    alone.expect(5)
    expect(await alone.live(3, rows, {})).toEqual(all)
    expect(await alone.live(4, rows, {})).not.toBeNull()
    expect(calls.at(-1)?.epochs).toBe(study.manifest.training.epochs)
  }, 10_000)

  it('a round of one’s own that took long says so without trying', async () => {
    const alone = new AloneBaseline(study, () => Promise.resolve(engine))
    alone.expect(4000)
    expect(await alone.live(1, rows, {})).toBeNull()
    expect(calls).toHaveLength(0)
  })

  it('a person’s own stop is a stop', async () => {
    const alone = new AloneBaseline(study, () => Promise.resolve(engine))
    const live = alone.live(1, rows, { signal: timeLimit(50) })
    await expect(live).rejects.toMatchObject({ code: 'training.cancelled' })
  })

  it('an older version is compared without losing what later rounds go on from', async () => {
    isSlow = false
    const alone = new AloneBaseline(study, () => Promise.resolve(engine))
    await alone.final(5, rows, {})
    const older = await alone.final(2, rows, {})
    expect(calls.at(-1)?.resume?.epochs).toBe(0)
    await alone.final(6, rows, {})
    expect(calls.at(-1)?.resume?.epochs).toBe(5 * study.manifest.training.epochs)
    expect(await new AloneBaseline(study, () => Promise.resolve(engine)).final(2, rows, {})).toEqual(older)
  })
})
