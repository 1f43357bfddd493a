import { expect, it } from 'vitest'
import type { ImageDataset, Images } from '../../src/data/dataset.ts'
import { digitsSchema } from '../../src/data/digits.ts'
import { publicRandom } from '../../src/study/random.ts'
import { digitsStudy } from '../../src/study/studies/digits.ts'
import { createEngine } from '../../src/training/engine.ts'
import { compare } from './compare.ts'

/** Two classes: the upper half of an image is bright, or the lower one. */
function images(count: number, seed: number): Images {
  const random = publicRandom(seed)
  const labels = Uint8Array.from({ length: count }, () => random.below(2))
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => {
    const half = i % 784 < 392 ? 0 : 1
    return random.below(100) + (half === labels[Math.floor(i / 784)]! ? 100 : 0)
  })
  return { pixels, labels }
}

it('makes the sealed study’s model, bit for bit, and counts what sealing took', async () => {
  const test = images(50, 9)
  const datasets: ImageDataset[] = [1, 2, 3].map(seed => ({
    schema: digitsSchema,
    train: images(40, seed),
    validation: images(5, seed + 10),
    test,
  }))
  const { manifest } = digitsStudy()
  const engine = await createEngine('cpu')
  const report = await compare({ datasets, manifest, rounds: 3, engine, log: () => {} })
  expect(report.sameModel).toBe(true)
  expect(report.points.map(({ epoch }) => epoch)).toEqual([2, 4, 6])
  expect(report.points.at(-1)!.accuracy).toBeGreaterThan(0.9)
  expect(report.sealed.encrypt).toBeGreaterThan(0)
  expect(report.encryptionShare).toBeLessThan(1)
})
