import { AppError } from '../../../errors/AppError.ts'
import { checkBatch, type ExactBatch } from '../batch.ts'
import { checkShape } from '../bounds.ts'
import { checkWeights, outOfRange } from '../model.ts'
import { type ExactShape, LARGEST_SHIFT, weightCount } from '../shape.ts'
import { SIGMOID } from '../sigmoid.ts'
import { type BatchLayout, batchLayout, pack } from './batchBuffer.ts'
import { type GpuKernels, kernelsOf } from './kernels.ts'
import { type Binding, bindings, NOTHING_LEFT, ranges, WORKGROUP } from './shader.ts'

/**
 * A trainer on a graphics processor.
 * @param weights where to start, Q32: see encodeWeights; not changed
 * @throws RangeError for a shape whose numbers could grow too large, or too large for the device's buffers, and for
 * weights that are not of it
 * @throws AppError training.noBackend where the device fails
 * @example
 * const trainer = await createGpuTrainer(device, shape, encodeWeights(shape, initialParameters(model, seed)))
 * await trainer.train(encodeBatches(shape, rows))
 * const parameters = decodeWeights(trainer.weights())
 * trainer.close()
 */
export async function createGpuTrainer(
  device: GPUDevice,
  shape: ExactShape,
  weights: BigInt64Array,
): Promise<GpuTrainer> {
  checkShape(shape)
  checkDevice(device, shape)
  checkWeights(shape, weights)
  try {
    const kernels = await kernelsOf(device)
    return await orThrow(device, () => new GpuTrainer(device, kernels, shape, weights))
  } catch (error) {
    throw new AppError('training.noBackend', { tried: 'webgpu' }, error)
  }
}

/** SGD in integers on WebGPU: the very numbers of exactStep. */
export class GpuTrainer {
  readonly #device: GPUDevice
  readonly #kernels: GpuKernels
  readonly #shape: ExactShape
  readonly #batchLayout: BatchLayout
  readonly #buffers: Readonly<Record<Binding, GPUBuffer>>
  readonly #result: GPUBuffer
  readonly #bindGroup: GPUBindGroup
  #weights: BigInt64Array<ArrayBuffer>
  #isTraining = false

  /** See createGpuTrainer, which checks. */
  constructor(device: GPUDevice, kernels: GpuKernels, shape: ExactShape, weights: BigInt64Array) {
    this.#device = device
    this.#kernels = kernels
    this.#shape = shape
    this.#batchLayout = batchLayout(shape, device.limits.minStorageBufferOffsetAlignment)
    this.#weights = weights.slice()
    const { inputs, hidden, outputs, batch, shift } = shape
    const { units, errors } = invocations(shape)
    const numbers = Uint32Array.of(inputs, hidden, outputs, batch, LARGEST_SHIFT - shift)
    const buffer = (size: number, usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC) =>
      device.createBuffer({ size: Math.max(4, size), usage: usage | GPUBufferUsage.COPY_DST })
    this.#buffers = {
      shape: buffer(numbers.byteLength, GPUBufferUsage.UNIFORM),
      sigmoid: buffer(4 * SIGMOID.length),
      batch: buffer(this.#batchLayout.capacity * this.#batchLayout.stride),
      weights: buffer(weights.byteLength),
      activations: buffer(4 * units),
      errors: buffer(4 * errors),
      hiddenErrors: buffer(4 * units),
      left: buffer(4),
    }
    this.#result = device.createBuffer({
      size: weights.byteLength + 4,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    })
    this.#write('shape', numbers)
    this.#write('sigmoid', Int32Array.from(SIGMOID))
    this.#bindGroup = device.createBindGroup({
      layout: kernels.layout,
      entries: bindings.map((name, binding) => ({
        binding,
        resource: { buffer: this.#buffers[name], ...(name === 'batch' && { size: this.#batchLayout.size }) },
      })),
    })
  }

  /** A copy of the weights as they are, Q32. */
  weights(): BigInt64Array<ArrayBuffer> {
    return this.#weights.slice()
  }

  /**
   * A step on each batch; one call at a time. Batches are copied at once: rather call it for a round than for a study.
   * @throws AppError training.diverged where an activation, a gradient or a weight leaves its range; the weights are
   * then those before the first of these steps
   * @throws AppError training.noBackend where the device fails, with the same weights
   * @throws RangeError for a batch that is not of the shape
   */
  async train(batches: readonly ExactBatch[]): Promise<void> {
    for (const batch of batches) checkBatch(this.#shape, batch)
    if (this.#isTraining) throw new Error('it is training already')
    this.#isTraining = true
    try {
      const { left, weights } = await this.#run(batches)
      if (left !== NOTHING_LEFT) throw outOfRange(ranges[(left & 3) as keyof typeof ranges])
      this.#weights = weights
    } finally {
      this.#isTraining = false
    }
  }

  /** Frees the device's memory. */
  close(): void {
    for (const buffer of [...Object.values(this.#buffers), this.#result]) buffer.destroy()
  }

  async #run(batches: readonly ExactBatch[]) {
    try {
      await orThrow(this.#device, () => this.#submit(batches))
      await this.#result.mapAsync(GPUMapMode.READ)
      const bytes = this.#result.getMappedRange().slice()
      this.#result.unmap()
      const count = this.#weights.length
      return { weights: new BigInt64Array(bytes, 0, count).slice(), left: new Uint32Array(bytes, 8 * count)[0]! }
    } catch (error) {
      throw new AppError('training.noBackend', { tried: 'webgpu' }, error)
    }
  }

  #submit(batches: readonly ExactBatch[]): void {
    this.#write('weights', this.#weights)
    this.#write('left', Uint32Array.of(NOTHING_LEFT))
    const { capacity } = this.#batchLayout
    for (let step = 0; step < batches.length; step += capacity) {
      this.#submitSteps(batches.slice(step, step + capacity), step)
    }
    const encoder = this.#device.createCommandEncoder()
    const { weights, left } = this.#buffers
    encoder.copyBufferToBuffer(weights, 0, this.#result, 0, this.#weights.byteLength)
    encoder.copyBufferToBuffer(left, 0, this.#result, this.#weights.byteLength, 4)
    this.#device.queue.submit([encoder.finish()])
  }

  #submitSteps(batches: readonly ExactBatch[], step: number): void {
    this.#write('batch', pack(batches, this.#batchLayout, step))
    const encoder = this.#device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    for (let i = 0; i < batches.length; i++) {
      pass.setBindGroup(0, this.#bindGroup, [i * this.#batchLayout.stride])
      this.#dispatchStep(pass)
    }
    pass.end()
    this.#device.queue.submit([encoder.finish()])
  }

  #dispatchStep(pass: GPUComputePassEncoder): void {
    const { activate, compare, back, moveFirst, moveLast } = this.#kernels
    const { units, errors, first, last } = invocations(this.#shape)
    const dispatch = (pipeline: GPUComputePipeline, count: number) => {
      pass.setPipeline(pipeline)
      pass.dispatchWorkgroups(Math.ceil(count / WORKGROUP))
    }
    if (units > 0) dispatch(activate, units)
    dispatch(compare, errors)
    if (units > 0) dispatch(back, units)
    if (units > 0) dispatch(moveFirst, first)
    dispatch(moveLast, last)
  }

  #write(name: Binding, data: Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): void {
    this.#device.queue.writeBuffer(this.#buffers[name], 0, data)
  }
}

function checkDevice({ limits }: GPUDevice, shape: ExactShape): void {
  const { units, errors, first, last } = invocations(shape)
  const { size } = batchLayout(shape, limits.minStorageBufferOffsetAlignment)
  const bytes = Math.max(8 * (first + last), size, 4 * units, 4 * errors)
  const most = Math.max(units, errors, first, last)
  if (bytes > limits.maxStorageBufferBindingSize || most > WORKGROUP * limits.maxComputeWorkgroupsPerDimension)
    throw new RangeError('a network or a batch too large for the graphics processor')
}

/** How many numbers the kernels compute. */
function invocations(shape: ExactShape) {
  const { inputs, hidden, outputs, batch } = shape
  const first = inputs * hidden
  return { units: batch * hidden, errors: batch * outputs, first, last: weightCount(shape) - first }
}

/**
 * Does what it is given on the device.
 * @throws Error where the device refused any of it, which it says later
 */
async function orThrow<T>(device: GPUDevice, work: () => T): Promise<T> {
  const kinds = ['validation', 'out-of-memory', 'internal'] as const
  for (const kind of kinds) device.pushErrorScope(kind)
  const result = work()
  for (const error of await Promise.all(kinds.map(() => device.popErrorScope()))) {
    if (error !== null) throw new Error(error.message)
  }
  return result
}
