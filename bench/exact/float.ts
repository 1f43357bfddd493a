import * as tf from '@tensorflow/tfjs-core'
import type { Rows } from '../../src/audit/engine/batch.ts'
import type { ExactShape } from '../../src/audit/engine/shape.ts'
import { createNetwork } from '../../src/training/layers.ts'
import { createOptimizer, download, upload } from '../../src/training/optimizer.ts'
import { modelOf } from './tasks.ts'

/** The same SGD in float32, on whatever backend of tfjs is active. */
export interface FloatTrainer {
  step(batch: FloatBatch): void
  parameters(): Promise<Float32Array>
  dispose(): void
}

export interface FloatBatch {
  readonly inputs: tf.Tensor2D
  readonly targets: tf.Tensor2D
}

/** The batches that encodeBatches makes of the same rows and order, unrounded; empty rows are left out. */
export function floatBatches(shape: ExactShape, rows: Rows, order: ArrayLike<number>): FloatBatch[] {
  const { outputs, batch } = shape
  const width = shape.inputs - 1
  return Array.from({ length: Math.ceil(rows.count / batch) }, (_, i) => {
    const chosen = Array.from(order).slice(i * batch, (i + 1) * batch)
    const inputs = chosen.flatMap(row => [...rows.inputs.subarray(row * width, (row + 1) * width)])
    const targets = chosen.flatMap(row =>
      Array.from({ length: outputs }, (_, c) => Number(rows.labels[row] === (outputs === 1 ? 1 : c))),
    )
    return {
      inputs: tf.tensor2d(inputs, [chosen.length, width]),
      targets: tf.tensor2d(targets, [chosen.length, outputs]),
    }
  })
}

/** The app's own layers, with a sigmoid for each output. */
export function createFloatTrainer(shape: ExactShape, start: Float32Array): FloatTrainer {
  const network = createNetwork(modelOf(shape))
  const wanted = network.layout.tensors.map(() => true)
  const optimizer = createOptimizer(network, { learningRate: 1, momentum: 0, l2: 0, proximal: 0 }, start, wanted)
  let parameters = upload(network, start)
  return {
    step({ inputs, targets }) {
      const before = parameters
      parameters = tf.tidy(() => {
        const tape: { input: tf.Tensor; output: tf.Tensor }[] = []
        const error = tf.sub(tf.sigmoid(network.forward(inputs, parameters, tape)), targets)
        const gradient = tf.mul(error, 2 ** -shape.shift) as tf.Tensor2D
        return optimizer.step(parameters, network.backward(gradient, parameters, tape, wanted))
      }) as typeof parameters
      tf.dispose(before)
    },
    parameters: () => download(network, parameters, start, wanted),
    dispose() {
      tf.dispose(parameters)
      optimizer.dispose()
    },
  }
}

/** The part of rows whose class a model says: the largest output's, or whether the only one is above 0. */
export function accuracyOf(shape: ExactShape, parameters: Float32Array, rows: Rows): number {
  const network = createNetwork(modelOf(shape))
  return tf.tidy(() => {
    const inputs = tf.tensor2d(rows.inputs, [rows.count, shape.inputs - 1])
    const logits = network.forward(inputs, upload(network, parameters))
    const classes = (shape.outputs === 1 ? tf.greater(logits, 0) : tf.argMax(logits, 1)).dataSync()
    return classes.filter((said, row) => said === rows.labels[row]).length / rows.count
  })
}
