import { expect, it } from 'vitest'
import type { ImageDataset, Images } from '../../src/data/dataset.ts'
import { digitsSchema } from '../../src/data/digits.ts'
import { publicRandom } from '../../src/study/random.ts'
import { createEngine } from '../../src/training/engine.ts'
import { learnDigitsPrivately } from './digits.ts'

/** Two classes: a bright bar that stands, or one that lies. */
function images(count: number, seed: number): Images {
  const random = publicRandom(seed)
  const labels = Uint8Array.from({ length: count }, () => random.below(2))
  const places = Array.from({ length: count }, () => 8 + random.below(12))
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => {
    const image = Math.floor(i / 784)
    const line = labels[image] === 0 ? i % 28 : Math.floor((i % 784) / 28)
    return Math.abs(line - places[image]!) < 2 ? 255 : 0
  })
  return { pixels, labels }
}

it('learns from several hospitals within what the ledger is told, and says what that is', async () => {
  const test = images(200, 9)
  const datasets: ImageDataset[] = [1, 2].map(seed => ({
    schema: digitsSchema,
    train: images(300, seed),
    validation: images(5, seed + 10),
    test,
  }))
  const settings = { epsilon: 8, delta: 1e-4, rounds: 2, stepsPerRound: 4, sampleRate: 0.5, learningRate: 4, clip: 0.5 }
  const report = await learnDigitsPrivately(datasets, settings, await createEngine('wasm'), () => {})
  expect(report.accuracy).toHaveLength(2)
  expect(report.accuracy[1]).toBeGreaterThan(0.9)
  expect(report.epsilon.charged).toBeLessThanOrEqual(8)
  expect(report.epsilon.charged).toBeGreaterThan(7.9)
  expect(report.epsilon.numerical).toBeLessThan(report.epsilon.charged)
  expect(report.parameters).toEqual({ trained: 7850, all: 8650 })
})
