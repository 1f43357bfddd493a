import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { createEngine } from './engine.ts'
import { forecastPrivacy } from './privacyForecast.ts'

const options = {
  model: {
    input: [8],
    layers: [{ type: 'dense' as const, units: 1, activation: 'linear' as const }],
    siteLocal: 'bias' as const,
  },
  training: { epochs: 1, batchSize: 8, learningRate: 1, momentum: 0, l2: 0.02, proximal: 0 },
  settings: { steps: 1, sampleRate: 1, clip: 1 },
  delta: 1e-5,
  rounds: 8,
  hospitals: 3,
  patients: 150,
}

describe('a forecast of what noise costs', () => {
  it('finds what there is to learn without noise, next to nothing at ε = 0.01, and most of it at ε = 8', async () => {
    const { withoutNoise, points } = await forecastPrivacy(await createEngine('cpu'), {
      ...options,
      epsilons: [0.01, 8],
    })
    expect(withoutNoise).toBeGreaterThan(0.75)
    const [strict, lax] = points as [(typeof points)[0], (typeof points)[0]]
    expect(strict.accuracy).toBeLessThan(0.7)
    expect(lax.accuracy).toBeGreaterThan(withoutNoise - 0.05)
  })

  it('tells how far it is, and stops when asked', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const running = forecastPrivacy(
      await createEngine('cpu'),
      { ...options, epsilons: [1] },
      {
        signal: stop.signal,
        onProgress: ({ done, total }) => {
          seen.push(done / total)
          if (seen.length === 3) stop.abort()
        },
      },
    )
    await expect(running).rejects.toSatisfy(error => isAppError(error, 'training.cancelled'))
    expect(seen).toEqual([1 / 40, 2 / 40, 3 / 40])
  })
})

describe('a forecast of a study that compresses', () => {
  const forecast = async (more: Partial<Parameters<typeof forecastPrivacy>[1]>) =>
    forecastPrivacy(await createEngine('cpu'), { ...options, epsilons: [], ...more })

  it('says what the same study comes to with whole updates, as if it did not compress', async () => {
    const whole = await forecast({})
    const parts = await forecast({ compression: { keep: 1 / 9 } })
    expect(whole.uncompressed).toBeNull()
    expect(parts.uncompressed).toEqual({ withoutNoise: whole.withoutNoise, points: [] })
  })

  it('loses where parts are too small for the rounds, and makes up for it with more of them', async () => {
    const lost = async (rounds: number) => {
      const { withoutNoise, uncompressed } = await forecast({ rounds, compression: { keep: 1 / 9 } })
      return uncompressed!.withoutNoise - withoutNoise
    }
    // Of eight weights one a round goes up.
    const [few, many] = [await lost(3), await lost(32)]
    expect(few).toBeGreaterThan(0.05)
    expect(many).toBeLessThan(0.02)
  })

  it('sends the round’s coordinates alone, trains on from what is owed, and sends that later', async () => {
    const engine = await createEngine('cpu')
    const starts: Float32Array[] = []
    const ends: Float32Array[] = []
    const watched = {
      ...engine,
      async trainPrivately(call: Parameters<typeof engine.trainPrivately>[0]) {
        const result = await engine.trainPrivately(call)
        starts.push(call.parameters)
        ends.push(result.parameters)
        return result
      },
    }
    const study = { ...options, hospitals: 1, rounds: 2, epsilons: [], compression: { keep: 1 / 2 } }
    await forecastPrivacy(watched, study)
    // One hospital owes itself what it did not send: with it, it starts where it ended.
    expect([...starts[1]!].map((value, i) => Math.abs(value - ends[0]![i]!) < 1e-6)).not.toContain(false)

    starts.length = ends.length = 0
    await forecastPrivacy(watched, { ...study, hospitals: 2 })
    const mean = ends[0]!.map((value, i) => (value + ends[1]![i]!) / 2)
    const same = (a: Float32Array, b: Float32Array) => [...a].map((value, i) => Math.abs(value - b[i]!) < 1e-6)
    // Half of the eight weights are the mean by now, the other half each hospital's own; the intercept counts as shared by all.
    expect(same(starts[2]!, mean).filter(is => is)).toHaveLength(5)
    expect(same(starts[2]!, ends[0]!).filter(is => is)).toHaveLength(4)
  })

  it('compresses the noised simulations too', async () => {
    const { points, uncompressed } = await forecast({ rounds: 3, epsilons: [8], compression: { keep: 1 / 9 } })
    expect(uncompressed?.points[0]?.accuracy).toBeGreaterThan((points[0]?.accuracy ?? 1) + 0.03)
  })
})

it('a forecast of clips that follow the patients starts each round where the hospital’s last one ended', async () => {
  const engine = await createEngine('cpu')
  const clips: { readonly start: number; readonly end: number; readonly isAdaptive: boolean }[] = []
  const watched = {
    ...engine,
    async trainPrivately(call: Parameters<typeof engine.trainPrivately>[0]) {
      const result = await engine.trainPrivately(call)
      clips.push({ start: call.groups[0]!.clip, end: result.clips[0]!, isAdaptive: call.adaptive !== undefined })
      return result
    },
  }
  const study = { ...options, hospitals: 2, rounds: 2, epsilons: [] }
  await forecastPrivacy(watched, study)
  expect(clips.map(({ start, isAdaptive }) => [start, isAdaptive])).toEqual(Array(4).fill([1, false]))
  clips.length = 0
  await forecastPrivacy(watched, { ...study, settings: { ...options.settings, adaptive: true } })
  expect(clips.map(({ start }) => start)).toEqual([1, 1, clips[0]!.end, clips[1]!.end])
  expect(clips[2]!.start).not.toBe(1)
})
