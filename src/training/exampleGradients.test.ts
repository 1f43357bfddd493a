import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { activateBackend, loadBackend } from './backends.ts'
import { createNetwork, type Tape } from './layers.ts'

beforeAll(async () => {
  await loadBackend('wasm')
  await loadBackend('cpu')
})

const head = (units: number): LayerSpec => ({ type: 'dense', units, activation: 'linear' })
const flatten: LayerSpec = { type: 'flatten' }
const conv = (
  filters: number,
  kernel: number,
  padding: 'same' | 'valid',
  activation: 'linear' | 'relu' | 'tanh',
): LayerSpec => ({ type: 'conv2d', filters, kernel, padding, activation })

const models: Record<string, Pick<ModelSpec, 'input' | 'layers'>> = {
  'a dense head': { input: [4], layers: [head(1)] },
  'dense, relu and tanh': {
    input: [5],
    layers: [{ type: 'dense', units: 6, activation: 'relu' }, { type: 'dense', units: 4, activation: 'tanh' }, head(3)],
  },
  'conv2d, same, relu': { input: [5, 4, 2], layers: [conv(3, 3, 'same', 'relu'), flatten, head(2)] },
  'conv2d, valid, tanh, an even kernel': { input: [5, 6, 2], layers: [conv(3, 2, 'valid', 'tanh'), flatten, head(2)] },
  'conv2d with many filters on few positions, same': {
    input: [2, 2, 8],
    layers: [conv(16, 3, 'same', 'linear'), flatten, head(2)],
  },
  'conv2d with many filters on few positions, valid': {
    input: [4, 3, 6],
    layers: [conv(12, 3, 'valid', 'tanh'), flatten, head(2)],
  },
  'two convolutions and a pool': {
    input: [8, 7, 1],
    layers: [conv(3, 3, 'same', 'relu'), { type: 'maxPool', size: 2 }, conv(4, 2, 'valid', 'tanh'), flatten, head(3)],
  },
}

const rows = 6
const patients = {
  'one row each': [0, 1, 2, 3, 4, 5],
  'several rows': [7, 7, 3, 9, 9, 9],
}

const cases = Object.keys(models).flatMap(model =>
  Object.keys(patients).flatMap(whose => (['cpu', 'wasm'] as const).map(backend => [model, whose, backend] as const)),
)

describe.each(cases)('%s, %s, on %s', (name, whose, backend) => {
  const model: ModelSpec = { ...models[name]!, siteLocal: 'none' }
  const network = createNetwork(model)
  const { tensors, outputs } = network.layout
  const random = publicRandom(3)
  const draw = (count: number) => Float32Array.from({ length: count }, () => 2 * random.unit() - 1)
  const width = model.input.reduce((a, b) => a * b, 1)
  const inputs = draw(rows * width)
  const parameters = tensors.map(({ size }) => draw(size))
  const upstream = draw(rows * outputs)
  const factors = draw(rows)
  const patientOf = patients[whose as keyof typeof patients]

  /** Gradients of some rows by the batch's backward, as doubles. */
  const explicit = (from: number, to: number): number[][] =>
    inTensors(from, to, (p, tape, dy) =>
      network
        .backward(
          dy,
          p,
          tape,
          p.map(() => true),
        )
        .map(gradient => [...gradient!.dataSync()]),
    )

  function inTensors<T>(from: number, to: number, run: (p: tf.Tensor[], tape: Tape, dy: tf.Tensor2D) => T): T {
    activateBackend(backend)
    let result: T | undefined
    tf.tidy(() => {
      const x = tf.tensor2d(inputs.slice(from * width, to * width), [to - from, width])
      const p = tensors.map(({ shape }, i) => tf.tensor(parameters[i]!, [...shape]))
      const tape: Tape = []
      network.forward(x, p, tape)
      result = run(p, tape, tf.tensor2d(upstream.slice(from * outputs, to * outputs), [to - from, outputs]))
    })
    return result as T
  }

  const same = (): tf.Tensor2D | undefined =>
    whose === 'one row each' ? undefined : tf.tensor2d(patientOf.map(a => patientOf.map(b => (a === b ? 1 : 0))))

  test('norms are those of each patient’s summed gradient, and never below', () => {
    const each = Array.from({ length: rows }, (_, row) => explicit(row, row + 1))
    const norms = inTensors(0, rows, (p, tape, dy) =>
      network
        .exampleGradients(
          dy,
          p,
          tape,
          p.map(() => true),
          same(),
        )
        .map(gradient => [...gradient!.squaredNorms.dataSync()]),
    )
    for (const [t, { size }] of tensors.entries()) {
      for (let row = 0; row < rows; row++) {
        let squared = 0
        for (let k = 0; k < size; k++) {
          const sum = each.reduce((all, of, other) => all + (patientOf[other] === patientOf[row] ? of[t]![k]! : 0), 0)
          squared += sum * sum
        }
        expect(norms[t]![row]).toBeGreaterThanOrEqual(squared * (1 - 1e-7))
        expect(norms[t]![row]).toBeLessThan(squared * (1 + 1e-3) + 1e-4)
      }
    }
  })

  test('weighted sums are those of the rows’ gradients', () => {
    const each = Array.from({ length: rows }, (_, row) => explicit(row, row + 1))
    const sums = inTensors(0, rows, (p, tape, dy) =>
      network
        .exampleGradients(
          dy,
          p,
          tape,
          p.map(() => true),
          same(),
        )
        .map(gradient => gradient!.sum(tf.tensor1d(factors)))
        .map(sum => ({ shape: sum.shape, values: [...sum.dataSync()] })),
    )
    for (const [t, { shape }] of tensors.entries()) {
      expect(sums[t]!.shape).toEqual(shape)
      const expected = each[0]![t]!.map((_, k) => each.reduce((all, of, row) => all + factors[row]! * of[t]![k]!, 0))
      expect(sums[t]!.values).toEqual(expected.map(value => expect.closeTo(value, 4)))
    }
  })

  test('only what is wanted comes back', () => {
    for (const wanted of [tensors.map((_, i) => i === 0), tensors.map((_, i) => i === tensors.length - 1)]) {
      const present = inTensors(0, rows, (p, tape, dy) =>
        network.exampleGradients(dy, p, tape, wanted, same()).map(gradient => gradient !== undefined),
      )
      expect(present).toEqual(wanted)
    }
  })
})

test('a patient whose rows nearly cancel does not pass as smaller than it is', () => {
  activateBackend('cpu')
  const model: ModelSpec = { input: [3], layers: [head(1)], siteLocal: 'none' }
  const network = createNetwork(model)
  const [x, y] = [
    [1000, -2000, 3000],
    [1000.001, -2000.002, 3000.001],
  ]
  // The difference of two rows: exact in doubles, mostly lost in float32.
  const exact = x!.reduce((sum, value, i) => sum + (Math.fround(value) - Math.fround(y![i]!)) ** 2, 0)
  const squared = tf.tidy(() => {
    const tape: Tape = []
    const p = [tf.tensor2d([0, 0, 0], [3, 1]), tf.tensor1d([0])]
    network.forward(tf.tensor2d([x!, y!]), p, tape)
    const ones = tf.tensor2d([1, 1, 1, 1], [2, 2])
    const [weight] = network.exampleGradients(tf.tensor2d([1, -1], [2, 1]), p, tape, [true, false], ones)
    return weight!.squaredNorms.dataSync()
  })
  for (const value of squared) expect(value).toBeGreaterThanOrEqual(exact)
})
