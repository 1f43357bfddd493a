import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIELD_LIMITS } from '../engine/bounds.ts'
import { INPUT_LIMIT, ONE, WEIGHT_LIMIT } from '../engine/shape.ts'
import { checkRoundShape, exactShapeOf, type RoundShape, rateOf } from './roundShape.ts'
import { roundShapes, smallShape } from './roundTesting.ts'

const noise = { bits: 36, squaredNorm: 2 ** 26 }

/** The largest magnitudes of a round's sums and weights, step by step. */
function largest({ inputs, batch, steps, noise, ...shape }: RoundShape) {
  const added = noise === null ? 0n : 2n ** BigInt(noise.bits)
  const row = BigInt((inputs - 1) * INPUT_LIMIT + ONE)
  let [weight, sum] = [WEIGHT_LIMIT, 0n]
  for (let step = 0; step < steps; step++) {
    sum = row * weight
    weight += rateOf(shape) * (BigInt(batch) * 2n ** 29n + added)
  }
  return { sum, weight }
}

describe('a shape of a round', () => {
  it('is one of steps of logistic regression', () => {
    const { inputs, batch, shift } = smallShape()
    expect(exactShapeOf(smallShape())).toEqual({ inputs, batch, shift, hidden: 0, outputs: 1, largestInput: 2 ** 15 })
    expect([0, 5, 6].map(shift => rateOf({ shift }))).toEqual([64n, 2n, 1n])
  })

  it.each([
    ['batch', { batch: 4 }],
    ['batch', { batch: 128 }],
    ['batch', { batch: 24 }],
    ['inputs', { inputs: 8 }],
    ['inputs', { inputs: 1 }],
    ['steps', { steps: 0 }],
    ['steps', { steps: 65 }],
    ['shift', { shift: 7 }],
    ['shift', { shift: 1.5 }],
    ['contributions', { contributions: 0 }],
    ['contributions', { contributions: 256 }],
    ['noise.bits', { noise: { ...noise, bits: 0 } }],
    ['noise.bits', { noise: { ...noise, bits: 49 } }],
    ['noise.squaredNorm', { noise: { ...noise, squaredNorm: 2 ** 24 } }],
    ['noise.squaredNorm', { noise: { ...noise, squaredNorm: 2 ** 40 + 1 } }],
  ])('has a %s that makes sense: %o', (name, changes) => {
    expect(() => checkRoundShape(smallShape())).not.toThrow()
    expect(() => checkRoundShape(smallShape(changes as Partial<RoundShape>))).toThrow(name)
  })

  it.each([
    ['31 inputs, 64 steps, noise', { inputs: 31, batch: 32, steps: 64, shift: 6, noise }],
    ['a rate of the whole batch', { inputs: 7, batch: 8, steps: 64, shift: 0 }],
  ])('may be %s', (_, changes) => {
    expect(() => checkRoundShape(smallShape(changes))).not.toThrow()
  })

  it('is none where noise could take sums around in the field', () => {
    const shape = { inputs: 7, steps: 64, shift: 0 }
    expect(() => checkRoundShape(smallShape({ ...shape, noise: { ...noise, bits: 32 } }))).not.toThrow()
    expect(() => checkRoundShape(smallShape({ ...shape, noise: { ...noise, bits: 48 } }))).toThrow('outputSums')
  })

  it('keeps all sums within what the field can tell apart', () => {
    let taken = 0
    const shapes = fc.tuple(roundShapes, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 48 }))
    fc.assert(
      fc.property(shapes, ([shape, steps, bits]) => {
        const larger = { ...shape, inputs: 7, steps, noise: { ...noise, bits } }
        try {
          checkRoundShape(larger)
        } catch {
          return
        }
        const { sum, weight } = largest(larger)
        expect(sum < FIELD_LIMITS.outputSums && weight < FIELD_LIMITS.weights && weight < 2n ** 63n).toBe(true)
        taken++
      }),
    )
    expect(taken).toBeGreaterThan(50)
  })
})
