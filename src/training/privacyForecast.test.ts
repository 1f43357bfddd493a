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
    expect(seen).toEqual([1 / 24, 2 / 24, 3 / 24])
  })
})
