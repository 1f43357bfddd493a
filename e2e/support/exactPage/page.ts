/** Exact training on WebGPU next to WASM and the model, for e2e/exact.spec.ts to drive. */
import fc from 'fast-check'
import { type ExactShape, INPUT_LIMIT, weightCount } from '../../../src/audit/engine/shape.ts'
import { batchOf, extremeBatch, type Step, trainings } from '../../../src/audit/engine/testing.ts'
import { createGpuTrainer } from '../../../src/audit/engine/webgpu/GpuTrainer.ts'
import { AppError } from '../../../src/errors/AppError.ts'
import { endOf, gpuCourse, modelCourse, wasmCourse } from './courses.ts'
import { extremes, withActivation, withGradient, withWeight } from './edges.ts'
import { wrongIntegers } from './integers.ts'

export interface ExactPage {
  /** What the shader's 64-bit functions got wrong. */
  integers(count: number, seed: number): Promise<string[]>
  /**
   * Compares random trainings bit for bit with WASM, the first few also with the model.
   * @returns how many ended how
   */
  compareTrainings(count: number, seed: number): Promise<Record<string, number>>
  /** The same where every number is as large as can be. */
  compareExtremes(): Promise<void>
  /** The same at both ends of each range. @returns how steps ended: with the last number inside, the first outside */
  compareEdges(): Promise<Record<'activation' | 'gradient' | 'weight', string[]>>
  /** The same for a training of more numbers than a workgroup has, and more steps than are submitted at once. */
  compareLong(steps: number): Promise<void>
  /** What is thrown by each kind of wrong use. */
  refusals(): Promise<Record<string, string>>
}

declare global {
  interface Window {
    exactPage: ExactPage
  }
}

const net: ExactShape = { inputs: 65, hidden: 16, outputs: 3, batch: 8, shift: 6, largestInput: 2 ** 12 }
const modelled = 10

async function openDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('there is no WebGPU')
  return adapter.requestDevice()
}

const opened = openDevice()

window.exactPage = {
  integers: async (count, seed) => wrongIntegers(await opened, count, seed),

  async compareTrainings(count, seed) {
    const ends: Record<string, number> = {}
    let compared = 0
    await fc.assert(
      fc.asyncProperty(trainings, async training => {
        const end = await compare(training, { withModel: compared++ < modelled })
        ends[end] = (ends[end] ?? 0) + 1
      }),
      { numRuns: count, seed },
    )
    return ends
  },

  async compareExtremes() {
    for (const training of extremes()) await compare(training, { withModel: true })
  },

  async compareEdges() {
    const endsOf = async (step: (value: bigint) => Step, limit: bigint) => {
      const ends: string[] = []
      for (const value of [limit - 1n, limit, -limit, -limit - 1n])
        ends.push(await compare(step(value), { withModel: true, calls: 1 }))
      return ends
    }
    return {
      activation: await endsOf(withActivation, 2n ** 18n),
      gradient: await endsOf(withGradient, 2n ** 23n),
      weight: await endsOf(withWeight, 2n ** 36n),
    }
  },

  async compareLong(steps) {
    const seed = 7
    const batches = fc.sample(batchOf(net), { numRuns: 5, seed })
    const weights = BigInt64Array.from(
      { length: weightCount(net) },
      (_, i) => BigInt(((i * 7919) % 2001) - 1000) << 18n,
    )
    const end = await compare({
      shape: net,
      weights,
      batches: Array.from({ length: steps }, (_, i) => batches[i % 5]!),
    })
    if (end !== 'done') throw new Error(`left a range: ${end}`)
  },

  async refusals() {
    const device = await openDevice()
    const shape = { inputs: 2, hidden: 0, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
    const start = BigInt64Array.of(5n, -7n)
    const batch = extremeBatch(shape, 1)
    const huge = { ...shape, inputs: 2 ** 16, outputs: 2 ** 16, largestInput: 1 }
    const trainer = await createGpuTrainer(device, shape, start)
    const training = trainer.train([])
    const busy = await refusalOf(trainer.train([batch]))
    await training
    const refusals = {
      busy,
      shape: await refusalOf(createGpuTrainer(device, { ...shape, shift: 7 }, start)),
      weights: await refusalOf(createGpuTrainer(device, shape, new BigInt64Array(3))),
      device: await refusalOf(createGpuTrainer(device, huge, start)),
      batch: await refusalOf(trainer.train([batch, extremeBatch({ ...shape, batch: 2 }, 1)])),
    }
    device.destroy()
    const lost = await refusalOf(trainer.train([batch]))
    return { ...refusals, lost, left: String(trainer.weights()) }
  },
}

/** @returns how the training ended */
async function compare(training: Step, { withModel = false, calls = 2 } = {}): Promise<string> {
  const found = await gpuCourse(await opened, training, calls)
  const others = [await wasmCourse(training, calls)]
  if (withModel) others.push(await modelCourse(training, calls))
  for (const expected of others) {
    if (found.join('\n') !== expected.join('\n'))
      throw new Error(`${JSON.stringify(training.shape)}\n${found.join('\n')}\ninstead of\n${expected.join('\n')}`)
  }
  return endOf(found)
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'nothing'
  } catch (error) {
    return error instanceof AppError ? error.code : `${(error as Error).name}: ${(error as Error).message}`
  }
}
