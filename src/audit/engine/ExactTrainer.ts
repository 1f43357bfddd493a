import { type ExactKernels, loadExactKernels } from '../../field/exactKernels.ts'
import { checkBatch, type ExactBatch } from './batch.ts'
import { checkShape } from './bounds.ts'
import { checkWeights, outOfRange } from './model.ts'
import { type ExactShape, LARGEST_SHIFT, WEIGHT_LIMIT, weightCount } from './shape.ts'
import { SIGMOID } from './sigmoid.ts'

const pageBytes = 65_536
/** What a kernel's step returns. */
const ranges = { 1: 'activation', 2: 'gradient', 3: 'weight' } as const

/**
 * A trainer in a memory of its own, which is freed with it.
 * @param weights where to start, Q32: see encodeWeights; not changed
 * @throws RangeError for a shape whose numbers could grow too large, and for weights that are not of it
 * @example
 * const trainer = await createExactTrainer(shape, encodeWeights(shape, initialParameters(model, seed)))
 * for (const batch of encodeBatches(shape, rows)) trainer.step(batch)
 * const parameters = decodeWeights(trainer.weights())
 */
export async function createExactTrainer(shape: ExactShape, weights: BigInt64Array): Promise<ExactTrainer> {
  checkShape(shape)
  checkWeights(shape, weights)
  return new ExactTrainer(await loadExactKernels(), shape, weights)
}

/** SGD in integers on WASM: the very numbers of exactStep. */
export class ExactTrainer {
  readonly #kernels: ExactKernels
  readonly #shape: ExactShape

  /** Of kernels that nobody else uses: see createExactTrainer, which checks the rest. */
  constructor(kernels: ExactKernels, shape: ExactShape, weights: BigInt64Array) {
    this.#kernels = kernels
    this.#shape = shape
    const { inputs, hidden, outputs, batch, shift } = shape
    const bytes = kernels.layOut(inputs, hidden, outputs, batch, LARGEST_SHIFT - shift)
    const missing = bytes - kernels.memory.buffer.byteLength
    if (missing > 0) kernels.memory.grow(Math.ceil(missing / pageBytes))
    new Int32Array(this.#memory, kernels.table.value, SIGMOID.length).set(SIGMOID)
    this.#weights().set(weights)
  }

  /** A copy of the weights as they are, Q32. */
  weights(): BigInt64Array<ArrayBuffer> {
    return this.#weights().slice()
  }

  /**
   * One step.
   * @throws AppError training.diverged where an activation, a gradient or a weight leaves its range; the weights are then
   * those before the step
   * @throws RangeError for a batch that is not of the shape
   */
  step(batch: ExactBatch): void {
    checkBatch(this.#shape, batch)
    const { inputs, targets, present } = this.#kernels
    new Int32Array(this.#memory, inputs.value, batch.inputs.length).set(batch.inputs)
    new Int32Array(this.#memory, targets.value, batch.targets.length).set(batch.targets)
    new Uint8Array(this.#memory, present.value, batch.present.length).set(batch.present)
    const left = this.#kernels.step()
    if (left !== 0) throw outOfRange(ranges[left as keyof typeof ranges])
  }

  /**
   * Adds a number to each weight, as noise does.
   * @throws AppError training.diverged where a weight leaves its range; the weights are then those before
   * @throws RangeError where there are not as many numbers as weights
   */
  move(by: BigInt64Array): void {
    if (by.length !== weightCount(this.#shape)) throw new RangeError(`${by.length} numbers to move weights by`)
    const moved = this.#weights().map((weight, i) => weight + by[i]!)
    if (moved.some(weight => weight < -WEIGHT_LIMIT || weight >= WEIGHT_LIMIT)) throw outOfRange('weight')
    this.#weights().set(moved)
  }

  #weights(): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.#memory, this.#kernels.weights.value, weightCount(this.#shape))
  }

  get #memory(): ArrayBuffer {
    return this.#kernels.memory.buffer as ArrayBuffer
  }
}
