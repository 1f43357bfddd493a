import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../errors/AppError.ts'
import type { ModelSpec, TrainingSpec } from '../study/manifest.ts'
import { publicRandom, shuffled } from '../study/random.ts'
import { activateBackend, type BackendName, loadBackend, type WasmFiles } from './backends.ts'
import { createNetwork, type Network } from './layers.ts'

export interface Examples {
  /** Row after row, as many numbers each as the model takes. */
  readonly inputs: Float32Array
  /** Class of each row, from 0; 0 or 1 for a model with one output. */
  readonly labels: Int32Array
  readonly count: number
}

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
  /** 'local': only the site-local parameters move. */
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

/** How often a synchronous backend lets other events in; a press on cancel waits this long. */
const YIELD_EVERY_MS = 40
/** How much work may be queued on a GPU before we wait for it. */
const QUEUE_MS = 200
const SHOW_EVERY_MS = 500
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
  const wanted = layout.tensors.map(tensor => call.trainOnly !== 'local' || tensor.local)
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

interface Optimizer {
  /** New parameters from old ones and gradients already multiplied by the learning rate. Call within tf.tidy. */
  step(parameters: readonly tf.Tensor[], gradients: readonly (tf.Tensor | undefined)[]): tf.Tensor[]
  /** The momentum's current tensors; the caller keeps the new and disposes the old. */
  velocities(): tf.Tensor[]
  /** Sets the momentum: one tensor for each of the layout's, which the optimizer then owns. */
  restore(velocities: tf.Tensor[]): void
  dispose(): void
}

/**
 * SGD on the loss + l2/2 ‖weights‖² + µ/2 ‖shared − anchor‖² (FedProx: Li et al. 2020), with heavy-ball momentum as PyTorch
 * writes it, v ← m v + g, w ← w − lr v; here v carries lr.
 */
function createOptimizer(
  network: Network,
  { learningRate, momentum, l2, proximal }: TrainingSpec,
  anchor: Float32Array,
  wanted: readonly boolean[],
): Optimizer {
  const { tensors } = network.layout
  const rules = tensors.map((tensor, i) => {
    if (!wanted[i]) return undefined
    const pull = tensor.local ? 0 : learningRate * proximal
    const shrink = pull + (tensor.kind === 'weight' ? learningRate * l2 : 0)
    const centre = anchor.subarray(tensor.offset, tensor.offset + tensor.size)
    return {
      shrink: shrink === 0 ? undefined : tf.scalar(shrink),
      centre: pull === 0 ? undefined : tf.tidy(() => tf.mul(tf.tensor(centre, [...tensor.shape]), pull)),
    }
  })
  const inertia = momentum === 0 ? undefined : tf.scalar(momentum)
  let velocities: (tf.Tensor | undefined)[] = tensors.map(() => undefined)

  return {
    step(parameters, gradients) {
      const next = [...velocities]
      const moved = parameters.map((parameter, i) => {
        const rule = rules[i]
        let change = gradients[i]
        if (!rule || !change) return parameter
        if (rule.shrink) change = tf.add(change, tf.mul(parameter, rule.shrink))
        if (rule.centre) change = tf.sub(change, rule.centre)
        if (inertia) {
          const velocity = velocities[i]
          if (velocity) change = tf.add(tf.mul(velocity, inertia), change)
          next[i] = change
        }
        return tf.sub(parameter, change)
      })
      velocities = next
      return moved
    },
    velocities: () => velocities.filter(tensor => tensor !== undefined),
    restore(given) {
      tf.dispose(given.filter((_, i) => !wanted[i]))
      velocities = given.map((tensor, i) => (wanted[i] ? tensor : undefined))
    },
    dispose() {
      for (const rule of rules) tf.dispose([rule?.shrink, rule?.centre].filter(tensor => tensor !== undefined))
      inertia?.dispose()
      tf.dispose(velocities.filter(tensor => tensor !== undefined))
    },
  }
}

/**
 * Decides after which steps to let other events in. undefined means: go on at once, without even a microtask, so that no
 * other engine of this realm comes between two steps.
 */
function createPace(backend: BackendName): { after(step: tf.Tensor): Promise<void> | undefined } {
  const queued = backend === 'webgpu' || backend === 'webgl'
  let since = performance.now()
  let steps = 0
  let burst = 1

  const pause = async (step: tf.Tensor): Promise<void> => {
    if (queued) await step.data()
    else await nextTask()
    const now = performance.now()
    // Twice as many at most: the first steps compile shaders and say little.
    burst = Math.max(1, Math.min(2 * burst, Math.floor((QUEUE_MS * steps) / Math.max(1, now - since))))
    since = now
    steps = 0
  }

  return {
    after(step) {
      steps++
      // A GPU's steps return at once; without waiting, cancel would come after minutes of queued work.
      const due = queued ? steps >= burst : performance.now() - since >= YIELD_EVERY_MS
      return due ? pause(step) : undefined
    },
  }
}

function upload(network: Network, parameters: Float32Array): tf.Tensor[] {
  return network.layout.tensors.map(({ shape, offset, size }) =>
    tf.tensor(parameters.slice(offset, offset + size), [...shape]),
  )
}

async function download(
  network: Network,
  device: readonly tf.Tensor[],
  start: Float32Array,
  wanted: readonly boolean[],
): Promise<Float32Array<ArrayBuffer>> {
  const result = new Float32Array(start)
  const moved = network.layout.tensors.filter((_, i) => wanted[i])
  const read = device.length === moved.length ? device : device.filter((_, i) => wanted[i])
  // One read for all: each is a round trip to a GPU.
  const flat = tf.tidy(() => tf.concat1d(read.map(tensor => tf.reshape(tensor, [-1]))))
  try {
    const values = (await flat.data()) as Float32Array
    let at = 0
    for (const { offset, size } of moved) {
      result.set(values.subarray(at, at + size), offset)
      at += size
    }
  } finally {
    flat.dispose()
  }
  return result
}

function oneHot({ labels, count }: Examples, outputs: number): Float32Array {
  if (labels.length !== count) throw wrongSize('labels', labels.length, count)
  const classes = Math.max(2, outputs)
  const targets = new Float32Array(count * outputs)
  for (let i = 0; i < count; i++) {
    const label = labels[i]!
    if (label < 0 || label >= classes) {
      throw new AppError('study.badManifest', {
        reason: `a patient has class ${label}; the model knows 0 to ${classes - 1}`,
      })
    }
    if (outputs === 1) targets[i] = label
    else targets[i * outputs + label] = 1
  }
  return targets
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

function checkSizes(
  model: ModelSpec,
  network: Network,
  parameters: Float32Array,
  inputs: Float32Array,
  count: number,
): void {
  if (parameters.length !== network.layout.size) throw wrongSize('parameters', parameters.length, network.layout.size)
  const expected = count * model.input.reduce((a, b) => a * b, 1)
  if (inputs.length !== expected) throw wrongSize('inputs', inputs.length, expected)
}

function wrongSize(what: string, actual: number, expected: number): AppError {
  return new AppError('study.badManifest', { reason: `${what}: ${actual} numbers where the model takes ${expected}` })
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError('training.cancelled')
}

/** Lets messages and timers in. A message channel, because nested timers wait 4 ms in browsers. */
function nextTask(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise(resolve => setImmediate(resolve))
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
