import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import type { ExactBatch } from './batch.ts'
import { createExactTrainer } from './ExactTrainer.ts'
import { exactStep } from './model.ts'
import { type ExactShape, HIT, INPUT_LIMIT, ONE, WEIGHT_LIMIT, weightCount } from './shape.ts'
import { SIGMOID } from './sigmoid.ts'
import { extremeBatch, trainings } from './testing.ts'

const runs = process.env.WARDROUND_LONG === '1' ? 1000 : 150

/** The weights after each step, and what left its range in the end. */
type Course = (BigInt64Array | string)[]

/** Takes steps until one is refused. */
function courseOf(batches: readonly ExactBatch[], step: (batch: ExactBatch) => BigInt64Array): Course {
  const course: Course = []
  for (const batch of batches) {
    try {
      course.push(step(batch))
    } catch (error) {
      if (!isAppError(error, 'training.diverged')) throw error
      course.push(String(error.details.value))
      break
    }
  }
  return course
}

async function bothCourses(shape: ExactShape, start: BigInt64Array, batches: readonly ExactBatch[]) {
  let weights = start
  const model = courseOf(batches, batch => {
    weights = exactStep(shape, weights, batch)
    return weights
  })
  const trainer = await createExactTrainer(shape, start)
  const kernels = courseOf(batches, batch => {
    trainer.step(batch)
    return trainer.weights()
  })
  return { model, kernels, weights, left: trainer.weights() }
}

describe('training on WASM', () => {
  it('has the weights of the model, bit for bit, and leaves ranges where it does, with the weights before', async () => {
    const ends = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(trainings, async ({ shape, weights: start, batches }) => {
        const { model, kernels, weights, left } = await bothCourses(shape, start, [...batches, ...batches])
        expect(kernels).toEqual(model)
        expect(left).toEqual(weights)
        const end = typeof model.at(-1) === 'string' ? String(model.at(-1)) : 'done'
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }),
      { numRuns: runs },
    )
    // Otherwise the trainings would not have tried what they are for.
    expect([...ends.keys()].sort()).toEqual(['activation', 'done', 'weight'])
    expect(ends.get('done')).toBeGreaterThan(runs / 4)
  })

  it.each([1, -1] as const)('agrees where every number is as large as can be (%d)', async sign => {
    for (const hidden of [0, 3]) {
      const shape = { inputs: 9, hidden, outputs: 2, batch: 5, shift: 0, largestInput: INPUT_LIMIT }
      for (const weight of [WEIGHT_LIMIT - 1n, -WEIGHT_LIMIT, 2n ** 27n, 5n, 0n, -1n]) {
        const start = new BigInt64Array(weightCount(shape)).fill(weight)
        const { model, kernels } = await bothCourses(shape, start, [extremeBatch(shape, sign)])
        expect(kernels).toEqual(model)
      }
    }
  })

  it.each([
    { activation: 2n ** 18n - 1n, inside: true },
    { activation: 2n ** 18n, inside: false },
    { activation: -(2n ** 18n), inside: true },
    { activation: -(2n ** 18n) - 1n, inside: false },
  ])('takes an activation of $activation: $inside', async ({ activation, inside }) => {
    const shape = { inputs: 2, hidden: 1, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
    // From an input of 8 times a weight of nearly 8, and the constant's weight.
    const sign = activation < 0n ? -1 : 1
    const start = BigInt64Array.of(32_767n << 20n, (activation - BigInt(sign * 8 * 32_767)) << 20n, 0n, 0n)
    const batch = {
      inputs: Int32Array.of(sign * INPUT_LIMIT, ONE),
      targets: Int32Array.of(HIT),
      present: Uint8Array.of(1),
    }
    const { model, kernels } = await bothCourses(shape, start, [batch])
    expect(kernels).toEqual(model)
    expect(kernels[0] === 'activation').toBe(!inside)
  })

  it.each([
    { gradient: 2n ** 23n - 1n, inside: true },
    { gradient: 2n ** 23n, inside: false },
    { gradient: -(2n ** 23n), inside: true },
    { gradient: -(2n ** 23n) - 1n, inside: false },
  ])('takes a gradient of $gradient: $inside', async ({ gradient, inside }) => {
    // With fewer outputs weights below 16 give no such gradient.
    const outputs = 40
    const shape = { inputs: 2, hidden: 1, outputs, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
    // The constant unit's weight of 15 makes every error the largest, and the same.
    const weight = (gradient << 32n) / BigInt(SIGMOID[255]! * outputs)
    const start = BigInt64Array.of(0n, 0n, ...Array(outputs).fill(weight), ...Array(outputs).fill(15n << 32n))
    const batch = { inputs: Int32Array.of(0, ONE), targets: new Int32Array(outputs), present: Uint8Array.of(1) }
    const { model, kernels } = await bothCourses(shape, start, [batch])
    expect(kernels).toEqual(model)
    expect(kernels[0] === 'gradient').toBe(!inside)
  })

  it.each([
    { target: 0, before: -(2n ** 36n) + 2n ** 32n, after: -(2n ** 36n), inside: true },
    { target: 0, before: -(2n ** 36n) + 2n ** 32n - 1n, after: -(2n ** 36n) - 1n, inside: false },
    { target: HIT, before: 2n ** 36n - 2n ** 32n - 1n, after: 2n ** 36n - 1n, inside: true },
    { target: HIT, before: 2n ** 36n - 2n ** 32n, after: 2n ** 36n, inside: false },
  ])('takes a weight of $after: $inside', async ({ target, before, inside }) => {
    // A probability of one half, from two inputs that cancel, moves a weight by 2 · ½.
    const shape = { inputs: 3, hidden: 0, outputs: 1, batch: 1, shift: 0, largestInput: INPUT_LIMIT }
    const start = BigInt64Array.of(before, -before, 0n)
    const batch = {
      inputs: Int32Array.of(2 * ONE, 2 * ONE, ONE),
      targets: Int32Array.of(target),
      present: Uint8Array.of(1),
    }
    const { model, kernels } = await bothCourses(shape, start, [batch])
    expect(kernels).toEqual(model)
    expect(kernels[0] === 'weight').toBe(!inside)
  })

  it('learns nothing from a batch of empty rows', async () => {
    const shape = { inputs: 3, hidden: 2, outputs: 2, batch: 4, shift: 3, largestInput: INPUT_LIMIT }
    const start = BigInt64Array.from({ length: weightCount(shape) }, (_, i) => BigInt(i - 6) << 28n)
    const trainer = await createExactTrainer(shape, start)
    trainer.step({ inputs: new Int32Array(12), targets: new Int32Array(8), present: new Uint8Array(4) })
    expect(trainer.weights()).toEqual(start)
  })

  it('moves weights by numbers, and not beyond 16', async () => {
    const shape = { inputs: 2, hidden: 0, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
    const trainer = await createExactTrainer(shape, BigInt64Array.of(5n, -7n))
    trainer.move(BigInt64Array.of(WEIGHT_LIMIT - 6n, 7n - WEIGHT_LIMIT))
    expect([...trainer.weights()]).toEqual([WEIGHT_LIMIT - 1n, -WEIGHT_LIMIT])
    for (const by of [BigInt64Array.of(1n, 1n), BigInt64Array.of(-1n, -1n)]) {
      expect(() => trainer.move(by)).toThrow(expect.objectContaining({ code: 'training.diverged' }))
    }
    expect([...trainer.weights()]).toEqual([WEIGHT_LIMIT - 1n, -WEIGHT_LIMIT])
    expect(() => trainer.move(BigInt64Array.of(1n))).toThrow(RangeError)
  })

  it('refuses weights and batches of another shape, and weights of 16', async () => {
    const shape = { inputs: 2, hidden: 0, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
    await expect(createExactTrainer(shape, new BigInt64Array(3))).rejects.toThrow(RangeError)
    await expect(createExactTrainer(shape, BigInt64Array.of(0n, WEIGHT_LIMIT))).rejects.toThrow(RangeError)
    await expect(createExactTrainer({ ...shape, shift: 7 }, new BigInt64Array(2))).rejects.toThrow('shift')
    const trainer = await createExactTrainer(shape, new BigInt64Array(2))
    expect(() => trainer.step(extremeBatch({ ...shape, batch: 2 }, 1))).toThrow(RangeError)
  })
})
