import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { averageUpdates, type WeightedUpdate } from './average.ts'

const size = 17
const element = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 })
const vector = fc.array(element, { minLength: size, maxLength: size }).map(values => Float32Array.from(values))
const updates = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 8 }), vector }), { minLength: 1, maxLength: 8 })
  .map(list => list.map((update, i): WeightedUpdate => ({ index: i * 3, ...update })))
const zeros = new Float32Array(size)

const bytes = (values: Float32Array) => new Uint8Array(values.buffer)
const refuses = (run: () => unknown, code: 'aggregation.badUpdate' | 'aggregation.empty') => {
  try {
    run()
  } catch (error) {
    return isAppError(error, code)
  }
  return false
}

describe('averageUpdates', () => {
  it('gives the same bytes in whatever order updates arrived', () => {
    fc.assert(
      fc.property(vector, updates, fc.infiniteStream(fc.nat()), (base, list, keys) => {
        const keyed = list.map(update => ({ update, key: keys.next().value }))
        const arrived = keyed.sort((a, b) => a.key - b.key).map(({ update }) => update)
        expect(bytes(averageUpdates(base, arrived))).toEqual(bytes(averageUpdates(base, list)))
      }),
    )
  })

  it('is the base plus the weighted mean of the differences', () => {
    const base = Float32Array.of(1, 10)
    const list = [
      { index: 0, weight: 1, vector: Float32Array.of(4, 0) },
      { index: 1, weight: 3, vector: Float32Array.of(0, 8) },
    ]
    expect([...averageUpdates(base, list)]).toEqual([2, 16])
  })

  it('lies between the smallest and the largest update', () => {
    fc.assert(
      fc.property(updates, list => {
        const average = averageUpdates(zeros, list)
        for (let i = 0; i < size; i++) {
          const column = list.map(({ vector }) => vector[i] as number)
          expect(average[i]).toBeGreaterThanOrEqual(Math.min(...column) - 1e-3)
          expect(average[i]).toBeLessThanOrEqual(Math.max(...column) + 1e-3)
        }
      }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2e6])('refuses an element of %s', bad => {
    const poisoned = new Float32Array(size)
    poisoned[5] = bad
    expect(
      refuses(() => averageUpdates(zeros, [{ index: 0, weight: 1, vector: poisoned }]), 'aggregation.badUpdate'),
    ).toBe(true)
  })

  it('refuses another size, an impossible weight, the same member twice, and no update at all', () => {
    const one = (weight: number, length = size) => ({ index: 0, weight, vector: new Float32Array(length) })
    for (const list of [[one(1, size + 1)], [one(0)], [one(9)], [one(1.5)], [one(1), one(1)]]) {
      expect(refuses(() => averageUpdates(zeros, list), 'aggregation.badUpdate')).toBe(true)
    }
    expect(refuses(() => averageUpdates(zeros, []), 'aggregation.empty')).toBe(true)
  })
})
