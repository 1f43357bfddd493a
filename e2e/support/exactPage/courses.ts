import type { ExactBatch } from '../../../src/audit/engine/batch.ts'
import { createExactTrainer } from '../../../src/audit/engine/ExactTrainer.ts'
import { exactStep } from '../../../src/audit/engine/model.ts'
import type { Step } from '../../../src/audit/engine/testing.ts'
import { createGpuTrainer } from '../../../src/audit/engine/webgpu/GpuTrainer.ts'
import { isAppError } from '../../../src/errors/AppError.ts'

/** The weights after each call, or what left its range in the last and the weights that this left. */
export type Course = readonly string[]

/** Takes a step on each batch. @returns the weights after it */
type Call = (batches: readonly ExactBatch[]) => BigInt64Array | Promise<BigInt64Array>

/** What a trainer does that is called with the same batches again and again. */
export async function gpuCourse(device: GPUDevice, { shape, weights, batches }: Step, calls: number): Promise<Course> {
  const trainer = await createGpuTrainer(device, shape, weights)
  const call: Call = async given => {
    await trainer.train(given)
    return trainer.weights()
  }
  const course = await courseOf(call, batches, calls, () => trainer.weights())
  trainer.close()
  return course
}

/** The same on WASM. */
export async function wasmCourse({ shape, weights, batches }: Step, calls: number): Promise<Course> {
  const trainer = await createExactTrainer(shape, weights)
  let before = weights
  const call: Call = given => {
    before = trainer.weights()
    for (const batch of given) trainer.step(batch)
    return trainer.weights()
  }
  return courseOf(call, batches, calls, () => before)
}

/** The same by the model. */
export function modelCourse({ shape, weights, batches }: Step, calls: number): Promise<Course> {
  let before = weights
  const call: Call = given => {
    before = given.reduce((current, batch) => exactStep(shape, current, batch), before)
    return before
  }
  return courseOf(call, batches, calls, () => before)
}

/** How a course ends: with what left its range, or `done`. */
export function endOf(course: Course): string {
  return /^(\w+):/.exec(course.at(-1)!)?.[1] ?? 'done'
}

async function courseOf(
  call: Call,
  batches: readonly ExactBatch[],
  calls: number,
  kept: () => BigInt64Array,
): Promise<Course> {
  const course: string[] = []
  for (let i = 0; i < calls; i++) {
    try {
      course.push(String(await call(batches)))
    } catch (error) {
      if (!isAppError(error, 'training.diverged')) throw error
      course.push(`${error.details.value}: ${kept()}`)
      break
    }
  }
  return course
}
