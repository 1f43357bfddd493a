import { beforeAll, expect, it } from 'vitest'
import { ONE } from '../../src/audit/engine/shape.ts'
import type { Encoded } from '../../src/data/encode.ts'
import { publicRandom } from '../../src/study/random.ts'
import { activateBackend, loadBackend } from '../../src/training/backends.ts'
import { compareAccuracy } from './compare.ts'

beforeAll(async () => {
  await loadBackend('cpu')
  activateBackend('cpu')
})

/** Points of the unit square; the class is 1 inside of a band, which no line tells from the rest. */
function band(count: number, seed: number): Encoded {
  const random = publicRandom(seed)
  const inputs = Float32Array.from({ length: 2 * count }, () => 2 * random.unit() - 1)
  const labels = Int32Array.from({ length: count }, (_, i) =>
    Number(Math.abs(inputs[2 * i]! + inputs[2 * i + 1]!) < 0.5),
  )
  return { inputs, labels, count }
}

it.each([1, 2])('trains networks of %d outputs in integers and in floats to the same model, nearly', async outputs => {
  const kind = {
    name: 'band',
    shape: { inputs: 3, hidden: 8, outputs, batch: 8, shift: 4, largestInput: ONE },
    rounds: 40,
    task: async () => ({ hospitals: [band(150, 1), band(100, 2)], test: band(500, 3) }),
  }
  const { exact, float, steps, weight, activation } = await compareAccuracy(kind, 1)
  expect(exact).toBeGreaterThan(0.9)
  expect(Math.abs(exact - float)).toBeLessThan(0.03)
  // 19 and 13 batches.
  expect(steps).toBe(40 * 32)
  expect(weight).toBeGreaterThan(0.02)
  expect(activation).toBeGreaterThan(0.005)
})
