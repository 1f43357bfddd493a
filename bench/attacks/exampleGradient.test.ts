import { expect, it } from 'vitest'
import { initialParameters } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'
import { publicRandom } from '../../src/study/random.ts'
import { createEngine } from '../../src/training/engine.ts'
import { exampleGradient } from './exampleGradient.ts'

const random = publicRandom(4)
const inputs = Float32Array.from({ length: 12 }, () => random.unit())
const models: readonly ModelSpec[] = [
  { input: [12], layers: [{ type: 'dense', units: 1, activation: 'linear' }], siteLocal: 'none' },
  {
    input: [2, 6, 1],
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: 7, activation: 'relu' },
      { type: 'dense', units: 5, activation: 'relu' },
      { type: 'dense', units: 3, activation: 'linear' },
    ],
    siteLocal: 'none',
  },
]

it.each(models)('is what one step of the engine on one example goes against', async model => {
  const engine = await createEngine('cpu')
  const parameters = initialParameters(model, 3)
  const examples = { inputs, labels: Int32Array.of(1), count: 1 }
  const training = { epochs: 1, batchSize: 1, learningRate: 1, momentum: 0, l2: 0, proximal: 0 }
  const step = await engine.train({ model, training, parameters, examples, seed: 1 })
  const { loss, gradient } = exampleGradient(model, parameters, inputs, 1)
  expect(loss).toBeCloseTo(step.loss!, 5)
  expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.1)
  for (const [k, value] of gradient.entries()) expect(parameters[k]! - step.parameters[k]!).toBeCloseTo(value, 5)
})

it('refuses a layer that it cannot go through', () => {
  const tanh: ModelSpec = {
    input: [12],
    layers: [
      { type: 'dense', units: 2, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'linear' },
    ],
    siteLocal: 'none',
  }
  expect(() => exampleGradient(tanh, new Float32Array(29), inputs, 0)).toThrow(RangeError)
})
