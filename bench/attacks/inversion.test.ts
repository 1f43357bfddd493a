import { describe, expect, it } from 'vitest'
import { loadField } from '../../src/field/loadField.ts'
import { sigmaFor } from '../../src/privacy/accountant/sigmaFor.ts'
import { noisyOnGrid } from '../../src/privacy/noise/grid.ts'
import { initialParameters } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'
import { publicRandom } from '../../src/study/random.ts'
import { createEngine } from '../../src/training/engine.ts'
import { recoverInputs } from './inversion.ts'
import { bestLikeness } from './likeness.ts'
import { maskedView } from './masked.ts'

const width = 30
const model: ModelSpec = {
  input: [width],
  layers: [
    { type: 'dense', units: 64, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
  siteLocal: 'none',
}
const base = initialParameters(model, 5)
const engine = await createEngine('cpu')

/** What a hospital sends after one step on all of its examples. */
async function send(count: number, seed: number, noise?: number) {
  const random = publicRandom(seed)
  const inputs = Float32Array.from({ length: count * width }, () => random.unit())
  const labels = Int32Array.from({ length: count }, () => random.below(10))
  const training = { epochs: 1, batchSize: count, learningRate: 0.2, momentum: 0, l2: 0, proximal: 0 }
  const examples = { inputs, labels, count }
  const call = { model, training, parameters: base, examples }
  const groups = [{ tensors: [0, 1, 2, 3], clip: 1, noiseMultiplier: noise ?? 0 }]
  const { parameters } = await (noise === undefined
    ? engine.train({ ...call, seed: 1 })
    : engine.trainPrivately({ ...call, steps: 1, sampleRate: 1, groups, noise: noisyOnGrid }))
  const rows = Array.from({ length: count }, (_, i) => inputs.subarray(i * width, (i + 1) * width))
  return { rows, update: parameters.map((value, k) => value - base[k]!) }
}

describe('the inputs behind one gradient', () => {
  it.each([1, 2, 3])('come back exactly from one example (%i)', async seed => {
    const { rows, update } = await send(1, seed)
    const [guess] = recoverInputs(model, update, 1)
    for (const [k, value] of rows[0]!.entries()) expect(guess![k]).toBeCloseTo(value, 3)
  })

  it.each([2, 4])('come back from a batch of %i', async count => {
    const { rows, update } = await send(count, 9)
    const guesses = recoverInputs(model, update, count)
    expect(guesses).toHaveLength(count)
    for (const row of rows) expect(bestLikeness(row, guesses).correlation).toBeGreaterThan(0.99)
  })

  it('come back from the opened sum of three hospitals, and from no masked vector', async () => {
    const all = await Promise.all([1, 2, 3].map(seed => send(1, seed)))
    const { submitted, opened } = await maskedView(
      await loadField(),
      all.map(({ update }) => ({ weight: 1, vector: update })),
    )
    const guesses = recoverInputs(model, opened, 3)
    for (const [h, { rows }] of all.entries()) {
      expect(bestLikeness(rows[0]!, guesses).correlation).toBeGreaterThan(0.99)
      // Of 30 uniform numbers and others: a correlation of 0.95 would be one in 10¹³.
      expect(bestLikeness(rows[0]!, recoverInputs(model, submitted[h]!, 1)).correlation).toBeLessThan(0.95)
    }
  })

  it('come back where private steps have hardly any noise, and not at ε = 5', async () => {
    const [loud, quiet] = [sigmaFor({ epsilon: 5, delta: 1e-5, q: 1, steps: 1 }), 1e-4]
    for (const [noise, least, most] of [
      [quiet, 0.99, 1.01],
      [loud, -1, 0.95],
    ] as const) {
      const { rows, update } = await send(1, 6, noise)
      const { correlation } = bestLikeness(rows[0]!, recoverInputs(model, update, 1))
      expect(correlation).toBeGreaterThanOrEqual(least)
      expect(correlation).toBeLessThan(most)
    }
  })

  it('are not looked for behind another first layer', () => {
    const conv: ModelSpec = {
      input: [4, 4, 1],
      layers: [
        { type: 'conv2d', filters: 2, kernel: 3, padding: 'same', activation: 'relu' },
        { type: 'flatten' },
        { type: 'dense', units: 2, activation: 'linear' },
      ],
      siteLocal: 'none',
    }
    expect(() => recoverInputs(conv, initialParameters(conv, 1), 1)).toThrow(RangeError)
  })
})

it('measures an image against the best guess, cut off at black and white', () => {
  const image = [0, 1, 0, 1]
  expect(bestLikeness(image, [image]).psnr).toBe(100)
  const wide = bestLikeness(image, [
    [1, 0, 1, 0],
    [-1, 3, -1, 3],
  ])
  expect(wide.correlation).toBeCloseTo(1, 12)
  expect(wide.psnr).toBe(100)
  const grey = bestLikeness(image, [[0.5, 0.5, 0.5, 0.5]])
  expect(grey.correlation).toBe(0)
  expect(grey.psnr).toBeCloseTo(6.02, 2)
})
