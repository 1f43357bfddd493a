import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { publicRandom } from '../study/random.ts'
import { activateBackend, loadBackend } from './backends.ts'

beforeAll(async () => {
  await loadBackend('cpu')
  await loadBackend('wasm')
})

const random = publicRandom(5)
const numbers = (shape: readonly number[], draw = () => 2 * random.unit() - 1): tf.Tensor =>
  tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw), [...shape])

type Build = () => { name: string; inputs: tf.NamedTensorMap; attrs: object }

/** Runs the same kernel on both backends; fails on another shape, a difference over 1e-5 (of the largest, if over 1) or a leak. */
function expectSame(build: Build): Float32Array {
  activateBackend('cpu')
  const { name, inputs, attrs } = build()
  const data = Object.entries(inputs).map(([key, tensor]) => [key, tensor.dataSync(), tensor.shape] as const)
  const run = (): { values: Float32Array; shape: number[] } =>
    tf.tidy(() => {
      const fresh = Object.fromEntries(data.map(([key, values, shape]) => [key, tf.tensor(values, shape)]))
      const result = tf.engine().runKernel(name, fresh, attrs as tf.NamedAttrMap) as tf.Tensor
      return { values: result.dataSync() as Float32Array, shape: result.shape }
    })
  const expected = run()
  tf.dispose(inputs)
  activateBackend('wasm')
  const before = { tensors: tf.memory().numTensors, buffers: tf.engine().backend.numDataIds() }
  const actual = run()
  expect({ tensors: tf.memory().numTensors, buffers: tf.engine().backend.numDataIds() }).toEqual(before)
  expect(actual.shape).toEqual(expected.shape)
  let largest = 0
  expected.values.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value - actual.values[i]!))
  })
  expect(largest).toBeLessThan(1e-5 * expected.values.reduce((a, b) => Math.max(a, Math.abs(b)), 1))
  return actual.values
}

const convolutions = [
  { x: [2, 7, 5, 3], filter: [3, 3, 3, 4], strides: 1, pad: 'same' },
  { x: [2, 7, 5, 3], filter: [3, 3, 3, 4], strides: 1, pad: 'valid' },
  { x: [3, 6, 9, 1], filter: [2, 4, 1, 2], strides: 1, pad: 'same' },
  { x: [1, 6, 9, 2], filter: [2, 4, 2, 1], strides: 1, pad: 'valid' },
  { x: [4, 28, 28, 1], filter: [5, 5, 1, 8], strides: 1, pad: 'same' },
  { x: [2, 5, 5, 2], filter: [5, 5, 2, 3], strides: 1, pad: 'valid' },
  { x: [2, 4, 4, 2], filter: [1, 1, 2, 3], strides: 1, pad: 'same' },
  { x: [2, 8, 7, 2], filter: [3, 3, 2, 3], strides: 2, pad: 'valid' },
  { x: [2, 8, 7, 2], filter: [3, 3, 2, 3], strides: 2, pad: 'same' },
  { x: [2, 9, 9, 2], filter: [2, 2, 2, 3], strides: 3, pad: 'valid' },
  { x: [2, 7, 5, 3], filter: [3, 3, 3, 4], strides: 1, pad: 1 },
] as const

describe.each(convolutions)(
  'a convolution of $x with $filter, stride $strides, padding $pad',
  ({ x, filter, ...rest }) => {
    const attrs = { ...rest, dataFormat: 'NHWC' }
    const gradient = (): tf.Tensor => {
      const info = tf.backend_util.computeConv2DInfo([...x], [...filter], rest.strides, 1, rest.pad)
      return numbers(info.outShape)
    }

    test('has the cpu backend’s gradient of the filter', () => {
      expectSame(() => ({
        name: 'Conv2DBackpropFilter',
        inputs: { x: numbers(x), dy: gradient() },
        attrs: { ...attrs, filterShape: [...filter] },
      }))
    })

    test('has the cpu backend’s gradient of the input', () => {
      expectSame(() => ({
        name: 'Conv2DBackpropInput',
        inputs: { dy: gradient(), filter: numbers(filter) },
        attrs: { ...attrs, inputShape: [...x] },
      }))
    })
  },
)

const pools = [
  { x: [2, 6, 8, 3], filterSize: 2, strides: 2, pad: 'valid' },
  { x: [2, 5, 7, 3], filterSize: 2, strides: 2, pad: 'valid' },
  { x: [2, 5, 7, 3], filterSize: 2, strides: 2, pad: 'same' },
  { x: [2, 7, 5, 2], filterSize: 3, strides: 2, pad: 'same' },
  { x: [2, 7, 5, 2], filterSize: 3, strides: 1, pad: 'valid' },
  { x: [1, 7, 7, 1], filterSize: 2, strides: 3, pad: 'valid' },
] as const

const fillings = {
  'no two numbers equal': () => 2 * random.unit() - 1,
  'many ties': () => random.below(3) - 1,
  'only ties': () => 0,
  'what a ReLU leaves': () => Math.max(0, random.below(7) - 4),
  'negative numbers alone, with ties': () => -1 - random.below(2),
}

describe.each(Object.entries(fillings))('max pooling over %s', (_, draw) => {
  test.each(pools)('has the cpu backend’s gradient: $x by $filterSize, stride $strides, $pad', ({ x, ...attrs }) => {
    expectSame(() => {
      const input = numbers(x, draw)
      const output = tf.maxPool(input as tf.Tensor4D, attrs.filterSize, attrs.strides, attrs.pad)
      return { name: 'MaxPoolGrad', inputs: { dy: numbers(output.shape), input, output }, attrs }
    })
  })
})

test('the first of equal maxima, row by row, takes the whole gradient', () => {
  const gradient = expectSame(() => {
    const input = tf.tensor([1, 3, 0, 0, 3, 3, 0, 0], [1, 2, 4, 1])
    return {
      name: 'MaxPoolGrad',
      inputs: { dy: tf.tensor([5, 7], [1, 1, 2, 1]), input, output: tf.tensor([3, 0], [1, 1, 2, 1]) },
      attrs: { filterSize: 2, strides: 2, pad: 'valid' },
    }
  })
  expect([...gradient]).toEqual([0, 5, 7, 0, 0, 0, 0, 0])
})

test.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])('a product is the cpu backend’s, transposed %s and %s', (transposeA, transposeB) => {
  for (const batch of [[], [3]]) {
    expectSame(() => ({
      name: 'BatchMatMul',
      inputs: {
        a: numbers([...batch, ...(transposeA ? [4, 5] : [5, 4])]),
        b: numbers([...batch, ...(transposeB ? [6, 4] : [4, 6])]),
      },
      attrs: { transposeA, transposeB },
    }))
  }
})
