import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../errors/AppError.ts'
import { nextTask } from '../errors/nextTask.ts'
import type { ModelSpec, TrainingSpec } from '../study/manifest.ts'
import { publicRandom, shuffled } from '../study/random.ts'
import { activateBackend, type BackendName, loadBackend, type WasmFiles } from './backends.ts'
import { checkSizes, type Examples, oneHot, wrongSize } from './examples.ts'
import { createNetwork } from './layers.ts'
import { createOptimizer, download, upload } from './optimizer.ts'
import { createPace, SHOW_EVERY_MS, stopIfAborted } from './pace.ts'
import { type PrivateTrainingCall, type PrivateTrainingResult, trainPrivately } from './privateTraining.ts'

export interface TrainingCall {
  readonly model: ModelSpec
  readonly training: TrainingSpec
  /** Where to start, in the order of parameterLayout; not changed. */
  readonly parameters: Float32Array
  readonly examples: Examples
  /** Draws the order of the examples. */
  readonly seed: number
  /** What FedProx pulls the shared parameters to; the start unless given. */
  readonly anchor?: Float32Array | undefined
  /** 'local': only the site-local parameters move. Frozen ones never do. */
  readonly trainOnly?: 'local' | undefined
  /** Instead of training.epochs. */
  readonly epochs?: number | undefined
  /**
   * Goes on where an earlier call with the same seed ended, so that both together take the very steps of one long call:
   * how many epochs that had trained since the seed's beginning, and its momentum.
   */
  readonly resume?: { readonly epochs: number; readonly velocity?: Float32Array | undefined } | undefined
  readonly signal?: AbortSignal | undefined
  /** About twice a second. The loss is the current batch's mean cross-entropy, in nats. */
  readonly onProgress?: ((step: number, steps: number, loss: number | undefined) => void) | undefined
}

export interface TrainingResult {
  readonly parameters: Float32Array<ArrayBuffer>
  readonly steps: number
  /** Mean cross-entropy of the last batch before its step, in nats; undefined when there was nothing to train. */
  readonly loss: number | undefined
  /** What momentum is left, for resume; undefined without momentum, or where `resume` was not given. */
  readonly velocity?: Float32Array<ArrayBuffer> | undefined
}

/** Trains and predicts on one backend. Holds nothing on the device between calls. */
export interface Engine {
  readonly backend: BackendName
  /**
   * Plain or proximal SGD with momentum over shuffled batches.
   * @throws AppError training.noData, training.diverged, training.cancelled; study.badManifest when data and model differ
   */
  train(call: TrainingCall): Promise<TrainingResult>
  /**
   * Record-level differentially private SGD, its batches drawn for it, its noise the caller's.
   * @throws AppError training.noData, training.diverged, training.cancelled, training.noBackend; study.badManifest
   * @throws RangeError for settings that make no mechanism
   */
  trainPrivately(call: PrivateTrainingCall): Promise<PrivateTrainingResult>
  /**
   * Probabilities, row after row: of yes for a model with one output, else of each class.
   * @throws AppError training.cancelled; study.badManifest when data and model differ
   */
  predict(
    model: ModelSpec,
    parameters: Float32Array,
    inputs: Float32Array,
    count: number,
    signal?: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>>
  /** Tensors alive in this realm, and their bytes. */
  memory(): { readonly tensors: number; readonly bytes: number }
  /** Stops what runs and refuses what comes, both with training.cancelled. */
  dispose(): void
}

/** Largest layer of a batch in predict, in numbers: 16 MB. */
const PREDICT_CHUNK = 4_000_000

/**
 * Starts an engine. The backend's code is loaded on the first call.
 * @param options.wasm where the browser finds the wasm binaries; Node finds its own
 * @throws AppError training.noBackend
 * @example
 * const engine = await createEngine('wasm')
 * const { parameters } = await engine.train({ model, training, parameters: initialParameters(model, 1), examples, seed: 1 })
 */
export async function createEngine(
  backend: BackendName,
  options: { readonly wasm?: WasmFiles | undefined } = {},
): Promise<Engine> {
  await loadBackend(backend, options.wasm)
  const closing = new AbortController()
  const orClosing = (signal: AbortSignal | undefined): AbortSignal =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
  return {
    backend,
    train: call => train(backend, { ...call, signal: orClosing(call.signal) }),
    trainPrivately: call => trainPrivately(backend, { ...call, signal: orClosing(call.signal) }),
    predict: (model, parameters, inputs, count, signal) =>
      predict(backend, model, parameters, inputs, count, orClosing(signal)),
    memory() {
      const { numTensors, numBytes } = tf.memory()
      return { tensors: numTensors, bytes: numBytes }
    },
    dispose: () => closing.abort(),
  }
}

async function train(backend: BackendName, call: TrainingCall): Promise<TrainingResult> {
  const network = createNetwork(call.model)
  const { layout } = network
  const { examples, training } = call
  checkSizes(call.model, network, call.parameters, examples.inputs, examples.count)
  if (call.anchor && call.anchor.length !== layout.size) throw wrongSize('anchor', call.anchor.length, layout.size)
  if (examples.count === 0) throw new AppError('training.noData')
  const wanted = layout.tensors.map(tensor => !tensor.frozen && (call.trainOnly !== 'local' || tensor.local))
  stopIfAborted(call.signal)
  if (!wanted.includes(true)) return { parameters: new Float32Array(call.parameters), steps: 0, loss: undefined }

  const targets = oneHot(examples, layout.outputs)
  activateBackend(backend)
  const batchSize = Math.min(training.batchSize, examples.count)
  const batches = Math.ceil(examples.count / batchSize)
  const steps = (call.epochs ?? training.epochs) * batches
  const random = publicRandom(call.seed)
  const width = examples.inputs.length / examples.count

  const device = {
    inputs: tf.tensor2d(examples.inputs, [examples.count, width]),
    targets: tf.tensor2d(targets, [examples.count, layout.outputs]),
    parameters: upload(network, call.parameters),
  }
  const optimizer = createOptimizer(network, training, call.anchor ?? call.parameters, wanted)
  for (let epoch = 0; epoch < (call.resume?.epochs ?? 0); epoch++) shuffled(random, examples.count)
  if (call.resume?.velocity) optimizer.restore(upload(network, call.resume.velocity))
  const pace = createPace(backend)
  let logits: tf.Tensor2D | undefined
  try {
    let order: Int32Array = new Int32Array()
    let batch = order
    let shownAt = performance.now()
    for (let step = 0; step < steps; step++) {
      const at = (step % batches) * batchSize
      if (at === 0) order = shuffled(random, examples.count)
      batch = order.subarray(at, at + batchSize)
      const before: tf.Tensor[] = [...device.parameters, ...optimizer.velocities(), ...(logits ? [logits] : [])]
      logits = tf.tidy(() => {
        const rows = tf.tensor1d(batch, 'int32')
        const tape: { input: tf.Tensor; output: tf.Tensor }[] = []
        const output = network.forward(tf.gather(device.inputs, rows), device.parameters, tape)
        const probabilities = layout.outputs === 1 ? tf.sigmoid(output) : tf.softmax(output)
        // The gradient of the mean cross-entropy, times the learning rate: what follows is linear, so the largest tensors
        // are not touched again for it.
        const gradient = tf.mul(
          tf.sub(probabilities, tf.gather(device.targets, rows)),
          training.learningRate / batch.length,
        ) as tf.Tensor2D
        const gradients = network.backward(gradient, device.parameters, tape, wanted)
        device.parameters = optimizer.step(device.parameters, gradients)
        for (const tensor of [...device.parameters, ...optimizer.velocities()]) tf.keep(tensor)
        return tf.keep(output)
      })
      const kept = new Set<tf.Tensor>([...device.parameters, ...optimizer.velocities()])
      for (const tensor of before) if (!kept.has(tensor)) tensor.dispose()

      const pause = pace.after(logits)
      if (pause) {
        await pause
        stopIfAborted(call.signal)
        activateBackend(backend)
        const now = performance.now()
        if (call.onProgress && now - shownAt >= SHOW_EVERY_MS && step + 1 < steps) {
          shownAt = now
          const loss = crossEntropy((await logits.data()) as Float32Array, examples.labels, batch, layout.outputs)
          if (!Number.isFinite(loss)) throw new AppError('training.diverged')
          call.onProgress(step + 1, steps, loss)
          activateBackend(backend)
        }
      }
    }
    const loss = logits
      ? crossEntropy((await logits.data()) as Float32Array, examples.labels, batch, layout.outputs)
      : undefined
    activateBackend(backend)
    const parameters = await download(network, device.parameters, call.parameters, wanted)
    activateBackend(backend)
    const moving = call.resume && training.momentum > 0 && steps > 0 ? optimizer.velocities() : undefined
    const velocity = moving && (await download(network, moving, new Float32Array(layout.size), wanted))
    stopIfAborted(call.signal)
    if (!parameters.every(Number.isFinite)) throw new AppError('training.diverged')
    call.onProgress?.(steps, steps, loss)
    return { parameters, steps, loss, velocity }
  } finally {
    activateBackend(backend)
    tf.dispose([device.inputs, device.targets, device.parameters])
    logits?.dispose()
    optimizer.dispose()
  }
}

async function predict(
  backend: BackendName,
  model: ModelSpec,
  parameters: Float32Array,
  inputs: Float32Array,
  count: number,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const network = createNetwork(model)
  const { outputs, activations } = network.layout
  checkSizes(model, network, parameters, inputs, count)
  const probabilities = new Float32Array(count * outputs)
  const width = inputs.length / count
  const widest = Math.max(...[model.input, ...activations].map(shape => shape.reduce((a, b) => a * b, 1)))
  const chunk = Math.max(1, Math.floor(PREDICT_CHUNK / widest))
  stopIfAborted(signal)
  activateBackend(backend)
  const device = upload(network, parameters)
  try {
    for (let from = 0; from < count; from += chunk) {
      const rows = Math.min(chunk, count - from)
      const result = tf.tidy(() => {
        const part = tf.tensor2d(inputs.subarray(from * width, (from + rows) * width), [rows, width])
        const logits = network.forward(part, device)
        return outputs === 1 ? tf.sigmoid(logits) : tf.softmax(logits)
      })
      try {
        probabilities.set((await result.data()) as Float32Array, from * outputs)
      } finally {
        result.dispose()
      }
      if (from + rows < count) await nextTask()
      stopIfAborted(signal)
      activateBackend(backend)
    }
    return probabilities
  } finally {
    tf.dispose(device)
  }
}

/** Mean over a batch in nats, from logits, in doubles: tensors would be read back anyway. */
function crossEntropy(logits: Float32Array, labels: Int32Array, batch: Int32Array, outputs: number): number {
  let sum = 0
  for (let i = 0; i < batch.length; i++) {
    const label = labels[batch[i]!]!
    if (outputs === 1) {
      const z = logits[i]!
      sum += Math.max(z, 0) - z * label + Math.log1p(Math.exp(-Math.abs(z)))
    } else {
      const row = logits.subarray(i * outputs, (i + 1) * outputs)
      const largest = Math.max(...row)
      let total = 0
      for (const z of row) total += Math.exp(z - largest)
      sum += largest + Math.log(total) - row[label]!
    }
  }
  return sum / batch.length
}
