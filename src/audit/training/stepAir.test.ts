import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactStep, layersOf, stepValues } from '../engine/model.ts'
import { ACTIVATION_LIMIT, type ExactShape, ONE, WEIGHT_LIMIT, weightCount } from '../engine/shape.ts'
import { batchOf, shapes, trainings } from '../engine/testing.ts'
import { commitOracle } from '../stark/commitment.ts'
import { shortTraceParameters } from '../stark/parameters.ts'
import { prove } from '../stark/prove.ts'
import { fieldFor, tinyParameters } from '../stark/testing.ts'
import { verify } from '../stark/verify.ts'
import { stepAir } from './stepAir.ts'
import { batchColumns, stepWitness, weightColumns } from './stepTrace.ts'
import {
  brokenConstraint,
  columnsOf,
  proveOptions,
  proveStep,
  type StepCase,
  statedIn,
  statementOf,
  stepCase,
  trainedCase,
} from './testing.ts'

const isLong = process.env.WARDROUND_LONG === '1'

/** The constraint that a step's own columns break. */
function brokenOf(of: StepCase): string | null {
  return brokenConstraint(of.step, columnsOf(of), [])
}

const first = { inputs: 2, hidden: 2, outputs: 1, batch: 2, shift: 6, largestInput: ONE }

describe('a step', () => {
  it('is proven, whatever its shape and numbers', { timeout: isLong ? 600_000 : 60_000 }, async () => {
    let proven = 0
    await fc.assert(
      fc.asyncProperty(trainings, async ({ shape, weights, batches }) => {
        const of = trainedCase(shape, weights, batches[0]!)
        if (of === null) return
        const { air, statement, proof } = await proveStep(of)
        verify(air.key, statement, proof, air.parameters)
        proven++
      }),
      isLong ? { numRuns: 200 } : { numRuns: 10, seed: 7 },
    )
    expect(proven).toBeGreaterThan(isLong ? 100 : 6)
  })

  it('is one of a chain, in which one commitment is an end and a beginning', async () => {
    const shape = { inputs: 4, hidden: 3, outputs: 2, batch: 3, shift: 5, largestInput: ONE }
    const { step, weights } = stepCase(shape)
    const { air } = step
    const field = await fieldFor(air)
    const batches = fc.sample(batchOf(shape), { numRuns: 3, seed: 3 })
    let now = weights
    let before = await commitOracle(field, air, 'before', weightColumns(step, 'before', now), proveOptions)
    for (const batch of batches) {
      const next = exactStep(shape, now, batch)
      const columns = weightColumns(step, 'after', next)
      const after = await commitOracle(field, air, 'after', columns, proveOptions)
      const rows = await commitOracle(field, air, 'batch', batchColumns(step, batch), proveOptions)
      const externals = [rows, before, after] as const
      const statement = statementOf(externals)
      const proof = await prove(
        field,
        air,
        statement,
        stepWitness(step, { weights: now, batch, externals }),
        proveOptions,
      )
      verify(air.key, statement, proof, air.parameters)
      now = next
      before = after
    }
  })

  it.each([
    ['−2^18', -ACTIVATION_LIMIT],
    ['2^18 − 1', ACTIVATION_LIMIT - 1],
    ['−1', -1],
    ['0', 0],
  ])('holds at an activation of %s', (_, activation) => {
    const shape = { inputs: 2, hidden: 2, outputs: 1, batch: 2, shift: 6, largestInput: 2 ** 15 }
    const batch = {
      inputs: Int32Array.from([2 ** 15, ONE, 0, ONE]),
      targets: new Int32Array(2),
      present: new Uint8Array(2).fill(1),
    }
    // From the input of 2^15 to the first unit; then from both units to the output.
    const weights = BigInt64Array.from([BigInt(activation) * 2n ** 17n, 0n, 0n, 0n, 2n ** 30n, 2n ** 30n, 0n])
    const { activations } = stepValues(shape, layersOf(shape, weights), batch)
    expect(activations[0]![0]).toBe(BigInt(activation))
    expect(brokenOf(trainedCase(shape, weights, batch)!)).toBe(null)
  })

  it('holds for outputs beyond the table both ways, as far as the largest weights and activations go', () => {
    const shape = { ...first, inputs: 9, hidden: 3, outputs: 3, largestInput: 2 ** 15 }
    const top = WEIGHT_LIMIT - 1n
    // Units near the largest activation, from which outputs go as far up and down as weights allow, and one stays at 0.
    const weights = BigInt64Array.from({ length: weightCount(shape) }, (_, i) => {
      if (i < 27) return i < 24 ? (2n ** 32n * 7n) / 8n : 0n
      return [top - 2n ** 33n, -top + 2n ** 33n, 0n][(i - 27) % 3]!
    })
    const inputs = Int32Array.from({ length: 18 }, (_, i) => (i % 9 === 8 ? ONE : 2 ** 15))
    const batch = { inputs, targets: new Int32Array(6), present: new Uint8Array(2).fill(1) }
    const { outputSums } = stepValues(shape, layersOf(shape, weights), batch)
    expect(outputSums[0]![0]! > 2n ** 55n).toBe(true)
    expect(outputSums[0]![1]! < -(2n ** 55n)).toBe(true)
    const of = trainedCase(shape, weights, batch)!
    const columns = columnsOf(of)
    expect(brokenConstraint(of.step, columns, [])).toBe(null)
    expect(columns.gradient2!.some(byte => byte === 255n)).toBe(false)
  })

  it.each([
    ['no hidden layer', { hidden: 0, outputs: 1 }],
    ['units of no power of two', { hidden: 5, outputs: 2 }],
    ['more outputs than units', { hidden: 1, outputs: 5 }],
    ['as many of both', { hidden: 4, outputs: 3 }],
    ['one of each', { hidden: 1, outputs: 1, batch: 1 }],
  ])('holds with %s, and says the numbers that it was made of', (_, sizes) => {
    const of = stepCase({ inputs: 4, batch: 3, shift: 5, largestInput: ONE, ...sizes }, 2, { isLastEmpty: true })
    const columns = columnsOf(of)
    expect(brokenConstraint(of.step, columns, [])).toBe(null)
    const { weights, batch, after } = of
    expect(statedIn(of.step, columns)).toEqual({ weights, batch, after })
  })

  it('of empty rows alone leaves the weights as they are', () => {
    const of = stepCase({ ...first, batch: 1 }, 2, { isLastEmpty: true })
    expect(of.after).toEqual(of.weights)
    expect(brokenOf(of)).toBe(null)
  })
})

describe('stepAir', () => {
  it('is the same for the same shape, and another for any other', () => {
    const shape = { inputs: 4, hidden: 3, outputs: 2, batch: 3, shift: 5, largestInput: ONE }
    const keyOf = (changes: Partial<ExactShape>) =>
      String(stepAir({ ...shape, ...changes }, { parameters: tinyParameters }).air.key)
    const keys = [{}, { inputs: 5 }, { hidden: 4 }, { hidden: 0 }, { outputs: 3 }, { batch: 4 }, { shift: 4 }].map(
      keyOf,
    )
    expect(new Set(keys).size).toBe(7)
    expect(keyOf({})).toBe(keys[0])
    // What is assumed of inputs is no part of what is proven.
    expect(keyOf({ largestInput: 1 })).toBe(keys[0])
  })

  it('takes no shape that the engine does not', () => {
    expect(() => stepAir({ ...first, shift: 7 }, { parameters: tinyParameters })).toThrow(
      new RangeError('shift: 7 is not between 0 and 6'),
    )
  })

  it('stays at degree three, whatever the shape', () => {
    fc.assert(
      fc.property(shapes, shape => {
        expect(stepAir(shape, { parameters: tinyParameters }).air.chunks).toBeLessThanOrEqual(4)
      }),
      { numRuns: 20 },
    )
  })

  it('keeps 2^9 rows for a small step with the parameters for short traces', () => {
    const shape = { inputs: 14, hidden: 16, outputs: 1, batch: 8, shift: 6, largestInput: ONE }
    expect(stepAir(shape, { parameters: shortTraceParameters }).air.log2Rows).toBe(9)
  })
})
