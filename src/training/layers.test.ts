import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { loadBackend } from './backends.ts'
import { createNetwork, type Tape } from './layers.ts'

beforeAll(() => loadBackend('cpu'))

const head = (units: number): LayerSpec => ({ type: 'dense', units, activation: 'linear' })
const flatten: LayerSpec = { type: 'flatten' }
const activations = ['linear', 'relu', 'tanh'] as const

const models: Record<string, Pick<ModelSpec, 'input' | 'layers'>> = {
  'a dense head': { input: [4], layers: [head(3)] },
  ...Object.fromEntries(
    activations.flatMap(activation => [
      [`dense, ${activation}`, { input: [3], layers: [{ type: 'dense', units: 4, activation }, head(2)] }],
      ...(['same', 'valid'] as const).map(padding => [
        `conv2d, ${padding}, ${activation}`,
        {
          input: [4, 5, 2],
          layers: [{ type: 'conv2d', filters: 3, kernel: 3, padding, activation }, flatten, head(2)],
        },
      ]),
    ]),
  ),
  'two convolutions, an even kernel': {
    input: [5, 4, 1],
    layers: [
      { type: 'conv2d', filters: 2, kernel: 2, padding: 'same', activation: 'tanh' },
      { type: 'conv2d', filters: 2, kernel: 2, padding: 'valid', activation: 'linear' },
      flatten,
      head(1),
    ],
  },
  'maxPool of an odd size': {
    input: [5, 4, 1],
    layers: [
      { type: 'conv2d', filters: 2, kernel: 2, padding: 'same', activation: 'tanh' },
      { type: 'maxPool', size: 2 },
      flatten,
      head(2),
    ],
  },
}

/** The forward pass in doubles, straight from the definition: what tfjs computes is held against it. */
function reference(model: ModelSpec, parameters: readonly number[][], example: readonly number[]): number[] {
  let values = [...example]
  let shape = model.input
  let next = 0
  for (const layer of model.layers) {
    if (layer.type === 'dense') {
      const [weight, bias] = [parameters[next++]!, parameters[next++]!]
      values = bias.map((b, unit) =>
        squash(
          layer.activation,
          values.reduce((sum, x, i) => sum + x * weight[i * layer.units + unit]!, b),
        ),
      )
      shape = [layer.units]
    } else if (layer.type === 'conv2d') {
      const [weight, bias] = [parameters[next++]!, parameters[next++]!]
      const [height, width, channels] = shape as [number, number, number]
      const { kernel, filters } = layer
      const before = layer.padding === 'same' ? Math.floor((kernel - 1) / 2) : 0
      const less = layer.padding === 'same' ? 0 : kernel - 1
      const result: number[] = []
      for (let row = 0; row < height - less; row++) {
        for (let column = 0; column < width - less; column++) {
          for (let filter = 0; filter < filters; filter++) {
            let sum = bias[filter]!
            for (let r = 0; r < kernel; r++) {
              for (let c = 0; c < kernel; c++) {
                const [y, x] = [row + r - before, column + c - before]
                if (y < 0 || x < 0 || y >= height || x >= width) continue
                for (let channel = 0; channel < channels; channel++) {
                  sum +=
                    values[(y * width + x) * channels + channel]! *
                    weight[((r * kernel + c) * channels + channel) * filters + filter]!
                }
              }
            }
            result.push(squash(layer.activation, sum))
          }
        }
      }
      values = result
      shape = [height - less, width - less, filters]
    } else if (layer.type === 'maxPool') {
      const [height, width, channels] = shape as [number, number, number]
      const [rows, columns] = [Math.floor(height / layer.size), Math.floor(width / layer.size)]
      const result: number[] = []
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          for (let channel = 0; channel < channels; channel++) {
            let largest = Number.NEGATIVE_INFINITY
            for (let r = 0; r < layer.size; r++) {
              for (let c = 0; c < layer.size; c++) {
                const at = ((row * layer.size + r) * width + column * layer.size + c) * channels + channel
                largest = Math.max(largest, values[at]!)
              }
            }
            result.push(largest)
          }
        }
      }
      values = result
      shape = [rows, columns, channels]
    }
  }
  return values
}

function squash(activation: 'linear' | 'relu' | 'tanh', z: number): number {
  return activation === 'relu' ? Math.max(0, z) : activation === 'tanh' ? Math.tanh(z) : z
}

describe.each(Object.entries(models))('%s', (_, partial) => {
  const model: ModelSpec = { ...partial, siteLocal: 'none' }
  const network = createNetwork(model)
  const random = publicRandom(11)
  const draw = () => 2 * random.unit() - 1
  const width = model.input.reduce((a, b) => a * b, 1)
  const examples = [0, 1].map(() => Array.from({ length: width }, draw))
  const parameters = network.layout.tensors.map(({ size }) => Array.from({ length: size }, draw))
  const upstream = Array.from({ length: 2 * network.layout.outputs }, draw)

  const inTensors = <T>(run: (x: tf.Tensor2D, p: tf.Tensor[], dy: tf.Tensor2D) => T): T => {
    let result: T | undefined
    tf.tidy(() => {
      result = run(
        tf.tensor2d(examples),
        network.layout.tensors.map(({ shape }, i) => tf.tensor(parameters[i]!, [...shape])),
        tf.tensor2d(upstream, [2, network.layout.outputs]),
      )
    })
    return result as T
  }

  test('forward is what the definition says', () => {
    const logits = inTensors((x, p) => [...network.forward(x, p).dataSync()])
    const expected = examples.flatMap(example => reference(model, parameters, example))
    expect(logits).toEqual(expected.map(value => expect.closeTo(value, 5)))
  })

  test('backward is the slope of forward', () => {
    const gradients = inTensors((x, p, dy) => {
      const tape: Tape = []
      network.forward(x, p, tape)
      return network
        .backward(
          dy,
          p,
          tape,
          p.map(() => true),
        )
        .map(gradient => [...gradient!.dataSync()])
    })
    const loss = (): number =>
      examples
        .flatMap(example => reference(model, parameters, example))
        .reduce((sum, value, i) => sum + value * upstream[i]!, 0)
    const h = 1e-5
    parameters.forEach((tensor, t) => {
      tensor.forEach((value, i) => {
        tensor[i] = value + h
        const up = loss()
        tensor[i] = value - h
        const slope = (up - loss()) / (2 * h)
        tensor[i] = value
        expect(Math.abs(gradients[t]![i]! - slope)).toBeLessThan(2e-5)
      })
    })
  })

  test('only wanted gradients are computed', () => {
    const last = network.layout.tensors.length - 1
    const kinds = inTensors((x, p, dy) => {
      const tape: Tape = []
      network.forward(x, p, tape)
      return network
        .backward(
          dy,
          p,
          tape,
          p.map((_, i) => i === last),
        )
        .map(gradient => gradient !== undefined)
    })
    expect(kinds).toEqual(network.layout.tensors.map((_, i) => i === last))
  })
})
