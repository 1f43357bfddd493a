import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { type Bounds, checkSegment, checkShape, growth, longestSegment } from './bounds.ts'
import { exactStep, layersOf, type Matrix, stepValues } from './model.ts'
import { type ExactShape, INPUT_LIMIT, ONE, WEIGHT_LIMIT, weightCount } from './shape.ts'
import { extremeBatch, trainings } from './testing.ts'

const heart: ExactShape = { inputs: 14, hidden: 0, outputs: 1, batch: 16, shift: 6, largestInput: INPUT_LIMIT }
const heartNet: ExactShape = { ...heart, hidden: 16 }
const smallNet: ExactShape = { ...heart, inputs: 31, hidden: 16, outputs: 2, largestInput: 4 * ONE }
const digits: ExactShape = { inputs: 785, hidden: 32, outputs: 10, batch: 8, shift: 6, largestInput: ONE }

describe('bounds', () => {
  it('hold in every step of every training', () => {
    fc.assert(
      fc.property(trainings, ({ shape, weights: start, batches }) => {
        const bounds = growth(shape, largestOf([[...start]]))
        let weights = start
        for (const batch of batches) {
          const bound: Bounds = bounds.next().value
          try {
            const { hiddenSums, outputSums, gradientSums } = stepValues(shape, layersOf(shape, weights), batch)
            weights = exactStep(shape, weights, batch)
            expect(largestOf(hiddenSums) <= bound.hiddenSums).toBe(true)
            expect(largestOf(outputSums) <= bound.outputSums).toBe(true)
            expect(largestOf(gradientSums) <= bound.gradientSums).toBe(true)
            expect(largestOf([[...weights]]) <= bound.weights).toBe(true)
          } catch (error) {
            if (!isAppError(error, 'training.diverged')) throw error
            return
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('are reached where there is one layer', () => {
    const start = 2n ** 34n
    const weights = new BigInt64Array(weightCount(heart)).fill(-start)
    weights[13] = start
    const batch = extremeBatch(heart, -1)
    const bounds: Bounds = growth(heart, start).next().value
    const { outputSums } = stepValues(heart, layersOf(heart, weights), batch)
    expect(outputSums[0]![0]).toBe(bounds.outputSums)
    // All inputs but the first pull to no, and yes is the answer: the first weight moves by all but 5 of 2^14.
    const coarse = { ...heart, shift: 5 }
    weights[0] = start
    const moved = exactStep(coarse, weights, extremeBatch(coarse, 1))
    const bound: Bounds = growth(coarse, start).next().value
    const share = Number(moved[0]! - start) / Number(bound.weights - start)
    expect(share).toBeGreaterThan(0.999)
    expect(share).toBeLessThanOrEqual(1)
  })

  it('let a whole round of logistic regression be proven without a look at the weights', () => {
    expect(longestSegment(heart, 2n ** 32n)).toBe(1000)
    expect(() => checkSegment(heart, WEIGHT_LIMIT, 200)).not.toThrow()
  })

  it('let networks be proven in segments between two looks', () => {
    expect(longestSegment(heartNet, WEIGHT_LIMIT)).toBe(25)
    expect(longestSegment(smallNet, WEIGHT_LIMIT)).toBe(25)
    expect(longestSegment(digits, WEIGHT_LIMIT)).toBe(23)
    // Inputs up to 8 leave a single step.
    expect(longestSegment({ ...digits, largestInput: INPUT_LIMIT }, WEIGHT_LIMIT)).toBe(1)
  })

  it('say what could wrap around, and when', () => {
    expect(() => checkSegment(heartNet, WEIGHT_LIMIT, 25)).not.toThrow()
    expect(() => checkSegment(heartNet, WEIGHT_LIMIT, 200)).toThrow('hiddenSums could wrap around in step 26 of 200')
    expect(() => checkSegment({ ...heart, shift: 2 }, WEIGHT_LIMIT, 200)).toThrow('outputSums')
  })
})

describe('a shape', () => {
  it.each([heart, heartNet, smallNet, digits, { ...digits, largestInput: INPUT_LIMIT, shift: 0 }])(
    'is fine: %o',
    shape => {
      expect(() => checkShape(shape)).not.toThrow()
    },
  )

  it.each([
    ['hiddenSums', { inputs: 2050 }],
    ['outputSums', { hidden: 256 }],
    ['outputSums', { hidden: 0, inputs: 2050 }],
    ['gradientSums', { outputs: 4096 }],
    ['batch', { batch: 0 }],
    ['shift', { shift: 7 }],
    ['shift', { shift: 0.5 }],
    ['largestInput', { largestInput: INPUT_LIMIT + 1 }],
    ['network', { inputs: 1 }],
  ])('is refused for its %s', (what, change) => {
    expect(() => checkShape({ ...heartNet, ...change })).toThrow(what)
    expect(() => checkShape({ ...heartNet, ...change })).toThrow(RangeError)
  })
})

function largestOf(matrix: Matrix): bigint {
  let largest = 0n
  for (const value of matrix.flat()) {
    const magnitude = value < 0n ? -value : value
    if (magnitude > largest) largest = magnitude
  }
  return largest
}
