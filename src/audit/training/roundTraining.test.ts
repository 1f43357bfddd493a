import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import type { ExactBatch } from '../engine/batch.ts'
import { HIT, ONE } from '../engine/shape.ts'
import { CONSTANT_SQUARED, type RoundShape } from './roundShape.ts'
import { exactRound, roundCase, roundShapes, smallShape } from './roundTesting.ts'
import { checkRoundData, encodeRoundData, type RoundPlan, startOf, trainRound } from './roundTraining.ts'

const runs = process.env.WARDROUND_LONG === '1' ? 1000 : 100
const noise = { bits: 30, squaredNorm: 2 ** 26 }

/** What comes of it: weights, or what left its range. */
async function outcome(run: () => BigInt64Array | Promise<BigInt64Array>): Promise<bigint[] | string> {
  try {
    return [...(await run())]
  } catch (error) {
    if (isAppError(error, 'training.diverged')) return String(error.details.value)
    throw error
  }
}

describe('training a round', () => {
  it('has the weights of the model, bit for bit, and diverges where it does', async () => {
    const ends = { trained: 0, diverged: 0 }
    await fc.assert(
      fc.asyncProperty(roundShapes, fc.nat(), fc.constantFrom(16, 31, 36), async (shape, seed, bits) => {
        const { start, data, plan } = roundCase(shape, seed, bits)
        const model = await outcome(() => exactRound(shape, start, data, plan))
        expect(await outcome(() => trainRound(shape, start, data, plan))).toEqual(model)
        ends[model === 'weight' ? 'diverged' : 'trained']++
      }),
      { numRuns: runs },
    )
    expect(ends.trained).toBeGreaterThan(runs / 4)
    expect(ends.diverged).toBeGreaterThan(runs / 50)
  })

  it('diverges where noise alone takes a weight beyond 16', async () => {
    const shape = smallShape({ noise: { ...noise, bits: 36 }, steps: 1, shift: 6 })
    const { data, plan } = roundCase(shape)
    const numbers = (number: bigint) => [[BigInt64Array.of(0n, 0n, 0n, number)], [new BigInt64Array(4)]]
    const nothing = data.batches.map(batch => ({
      inputs: batch.inputs.map(() => 0),
      targets: batch.targets.map(() => 0),
      present: batch.present.map(() => 0),
    }))
    const said: RoundPlan = { ...plan, signs: [-1], contribution: 0 }
    const train = (number: bigint) =>
      outcome(() => trainRound(shape, new BigInt64Array(4), { batches: nothing, noise: numbers(number) }, said))
    expect(await train(2n ** 36n - 1n)).toEqual([0n, 0n, 0n, 2n ** 36n - 1n])
    expect(await train(-(2n ** 36n))).toEqual([0n, 0n, 0n, -(2n ** 36n)])
    const twice = { ...shape, shift: 5 }
    const diverged = trainRound(twice, new BigInt64Array(4), { batches: nothing, noise: numbers(2n ** 35n) }, said)
    await expect(diverged).rejects.toMatchObject({ code: 'training.diverged', details: { value: 'weight' } })
  })

  it('takes its time: says each step, and stops when told to', async () => {
    const { start, data, plan, round } = roundCase(smallShape())
    const steps: number[] = []
    await trainRound(round.shape, start, data, plan, { onStep: step => steps.push(step) })
    expect(steps).toEqual([1, 2, 3])
    const stop = new AbortController()
    const onStep = (step: number) => step === 2 && stop.abort(new Error('enough'))
    const training = trainRound(round.shape, start, data, plan, { signal: stop.signal, onStep })
    await expect(training).rejects.toThrow('enough')
  })

  it('takes no data and no plan of another shape', async () => {
    const shape = smallShape({ noise })
    const { start, data, plan } = roundCase(shape)
    const train = (changes: Partial<typeof data>, said: Partial<RoundPlan> = {}) =>
      trainRound(shape, start, { ...data, ...changes }, { ...plan, ...said })
    await expect(train({})).resolves.toHaveLength(4)
    await expect(train({ batches: data.batches.slice(1) })).rejects.toThrow(RangeError)
    await expect(train({ noise: [] })).rejects.toThrow(RangeError)
    await expect(train({ noise: [data.noise[0]!, data.noise[1]!.slice(1)] })).rejects.toThrow(RangeError)
    await expect(train({}, { order: [0, 1, 1] })).rejects.toThrow(RangeError)
    await expect(train({}, { order: [0, 1] })).rejects.toThrow(RangeError)
    await expect(train({}, { signs: [1] })).rejects.toThrow(RangeError)
    await expect(train({}, { contribution: 2 })).rejects.toThrow(RangeError)
    const outside = data.noise.map(ofSteps => ofSteps.map(numbers => numbers.with(0, 2n ** 30n)))
    expect(() => checkRoundData(shape, { ...data, noise: outside })).toThrow(RangeError)
  })
})

describe('the start of a round', () => {
  it('is the model in Q32, rounded', () => {
    expect([...startOf(Float32Array.of(1, -0.5, 2 ** -33, 0))]).toEqual([2n ** 32n, -(2n ** 31n), 1n, 0n])
  })
})

describe("a hospital's rows", () => {
  const shape = smallShape({ inputs: 3, steps: 2 })
  const rowsOf = (...inputs: readonly (readonly [number, number])[]) => ({
    inputs: Float32Array.from(inputs.flat()),
    labels: Int32Array.from(inputs, (_, i) => i % 2),
    count: inputs.length,
  })
  const many = (count: number) => rowsOf(...Array.from({ length: count }, (_, i) => [i, -1] as const))

  it('are batches, filled up with empty rows and empty batches', () => {
    const batches = encodeRoundData(shape, many(3))
    const [first, second] = batches as [ExactBatch, ExactBatch]
    expect(batches.map(({ present }) => present.reduce((sum, is) => sum + is))).toEqual([3, 0])
    expect([...first.inputs.subarray(0, 12)]).toEqual([0, -ONE, ONE, ONE, -ONE, ONE, 2 * ONE, -ONE, ONE, 0, 0, 0])
    expect([...first.targets.subarray(0, 4)]).toEqual([0, HIT, 0, 0])
    expect(second.inputs.some(Boolean)).toBe(false)
    expect(encodeRoundData(shape, many(0))).toHaveLength(2)
  })

  it('that are too many are left out', () => {
    const batches = encodeRoundData(shape, many(19))
    expect(batches.map(({ present }) => present.reduce((sum, is) => sum + is))).toEqual([8, 8])
    expect(batches).toEqual(encodeRoundData(shape, many(16)))
  })

  it('are clamped to less than 8, which two bytes hold', () => {
    const [batch] = encodeRoundData(shape, rowsOf([8, -8], [100, -1e9]))
    expect([...batch!.inputs.subarray(0, 6)]).toEqual([32767, -32767, ONE, 32767, -32767, ONE])
  })

  it('are scaled down with noise, until they are short enough, and no further than it takes', () => {
    const squared = (inputs: Int32Array) => inputs.reduce((sum, input) => sum + input ** 2, 0)
    let longest = 0
    fc.assert(
      fc.property(
        fc.integer({ min: CONSTANT_SQUARED + 1, max: 2 ** 32 }),
        fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (squaredNorm, numbers) => {
          const wide: RoundShape = { ...shape, inputs: 7, noise: { ...noise, squaredNorm } }
          const rows = { inputs: Float32Array.from(numbers), labels: Int32Array.of(1), count: 1 }
          const row = encodeRoundData(wide, rows)[0]!.inputs.subarray(0, 7)
          const before = encodeRoundData({ ...wide, noise: null }, rows)[0]!.inputs.subarray(0, 7)
          expect(squared(row)).toBeLessThanOrEqual(squaredNorm)
          if (squared(before) <= squaredNorm) expect(row).toEqual(before)
          else {
            // Rounding takes less than 1 off each of six.
            const limit = Math.sqrt(squaredNorm - CONSTANT_SQUARED)
            expect(Math.sqrt(squared(row) - CONSTANT_SQUARED)).toBeGreaterThan(limit - Math.sqrt(6))
            longest++
          }
          expect(row[6]).toBe(ONE)
        },
      ),
    )
    expect(longest).toBeGreaterThan(10)
  })

  it('that do not fit, or have another label, are refused', () => {
    expect(() => encodeRoundData(shape, { ...many(3), count: 2 })).toThrow(RangeError)
    expect(() => encodeRoundData(shape, { ...many(1), labels: Int32Array.of(2) })).toThrow(RangeError)
    expect(() => encodeRoundData(shape, rowsOf([Number.NaN, 0]))).toThrow(RangeError)
  })
})
