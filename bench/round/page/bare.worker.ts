/**
 * The loop that a tfjs user would write, and nothing of ours: variables, tf.train.sgd, minimize, batches gathered on the
 * device, no callback, no read-back until the end. Imports nothing from src.
 */
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-webgpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threadedSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { BATCH, type Job, LEARNING_RATE, makeData, serve } from './job.ts'

setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedSimd,
})

serve(async (job: Job) => {
  if (tf.getBackend() !== job.backend) {
    if (!(await tf.setBackend(job.backend))) throw new Error(`${job.backend} did not start`)
    await tf.ready()
    if (job.backend === 'wasm') addFilterGradient()
  }
  const { inputs, labels, count } = makeData(job)
  const outputs = job.model === 'logistic' ? 1 : 10
  const targets = new Float32Array(count * outputs)
  labels.forEach((label, i) => {
    targets[outputs === 1 ? i : i * outputs + label] = outputs === 1 ? label : 1
  })
  const order = Int32Array.from(tf.util.createShuffledIndices(count))
  const start = weights(job.model)

  const started = performance.now()
  const x = tf.tensor2d(inputs, [count, inputs.length / count])
  const y = tf.tensor2d(targets, [count, outputs])
  const variables = start.map(tensor => tf.variable(tensor))
  const optimizer = tf.train.sgd(LEARNING_RATE)
  for (let at = 0; at < count; at += BATCH) {
    tf.tidy(() => {
      const rows = tf.tensor1d(order.subarray(at, at + BATCH), 'int32')
      const batch = tf.gather(x, rows)
      const truth = tf.gather(y, rows)
      optimizer.minimize(() => {
        const logits = forward(job.model, batch, variables)
        return outputs === 1
          ? tf.losses.sigmoidCrossEntropy(truth, logits)
          : tf.losses.softmaxCrossEntropy(truth, logits)
      })
    })
  }
  for (const variable of variables) await variable.data()
  const milliseconds = performance.now() - started
  tf.dispose([x, y, variables, start])
  optimizer.dispose()
  return { milliseconds }
})

function weights(model: Job['model']): tf.Tensor[] {
  switch (model) {
    case 'logistic':
      return [tf.zeros([13, 1]), tf.zeros([1])]
    case 'mlp':
      return [
        tf.randomUniform([784, 128], -0.08, 0.08),
        tf.zeros([128]),
        tf.randomUniform([128, 10], -0.2, 0.2),
        tf.zeros([10]),
      ]
    case 'cnn':
      return [
        tf.randomUniform([5, 5, 1, 8], -0.4, 0.4),
        tf.zeros([8]),
        tf.randomUniform([5, 5, 8, 16], -0.17, 0.17),
        tf.zeros([16]),
        tf.randomUniform([784, 10], -0.08, 0.08),
        tf.zeros([10]),
      ]
  }
}

function forward(model: Job['model'], x: tf.Tensor2D, w: readonly tf.Tensor[]): tf.Tensor2D {
  const dense = (input: tf.Tensor2D, at: number): tf.Tensor2D =>
    tf.add(tf.matMul(input, w[at] as tf.Tensor2D), w[at + 1]!)
  const convolve = (input: tf.Tensor4D, at: number): tf.Tensor4D =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(input, w[at] as tf.Tensor4D, 1, 'same'), w[at + 1]!)), 2, 2, 'valid')
  switch (model) {
    case 'logistic':
      return dense(x, 0)
    case 'mlp':
      return dense(tf.relu(dense(x, 0)), 2)
    case 'cnn': {
      const images = tf.reshape(x, [-1, 28, 28, 1]) as tf.Tensor4D
      return dense(tf.reshape(convolve(convolve(images, 0), 2), [-1, 784]), 4)
    }
  }
}

/** wasm alone cannot train a convolution: the least that makes it run, from operations it has. */
function addFilterGradient(): void {
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const [x, dy] = [inputs.x, inputs.dy].map(info => tf.engine().makeTensorFromTensorInfo(info!)) as [
        tf.Tensor4D,
        tf.Tensor4D,
      ]
      const kernel = (attrs as { filterShape: [number, number, number, number] }).filterShape[0]
      const before = (kernel - 1) / 2
      return tf.transpose(
        tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, before),
        [1, 2, 0, 3],
      )
    },
  })
}
