import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import {
  checkBound,
  checkInnerBound,
  decodeMean,
  type Encoding,
  encodeUpdate,
  innerSmall,
  maxElement,
  toElements,
  toIntegers,
  vectorBytes,
  vectorOf,
} from './encoding.ts'
import { randomElements } from './testing.ts'

const field = await loadField()
const encoding: Encoding = { hospitals: 50, clip: 4, fractionBits: 20, maxWeight: 8 }
const half = MODULUS >> 1n
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return isAppError(error) ? error.code : (error as Error).name
  }
  return undefined
}

describe('checkBound', () => {
  // (p − 1)/2 = 2^31 · 3 · 5 · 17 · 257 · 65537 · … : a sum that fills the field to its last integer.
  const whole = { clip: 2 ** 22, fractionBits: 9, maxWeight: 1 }

  it('accepts a sum of exactly (p − 1)/2 and refuses one past it', () => {
    const hospitals = Number(half / 2n ** 31n)
    expect(BigInt(hospitals) * BigInt(maxElement(whole))).toBe(half)
    expect(codeOf(() => checkBound({ ...whole, hospitals }))).toBeUndefined()
    expect(codeOf(() => checkBound({ ...whole, hospitals: hospitals + 1 }))).toBe('masking.overflow')
  })

  it('holds for every number of hospitals, weight and clip: n·w·max|û| stays below p/2 where it accepts', () => {
    const parts = fc.record({
      hospitals: fc.integer({ min: 1, max: 64 }),
      clip: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fractionBits: fc.integer({ min: 0, max: 40 }),
      maxWeight: fc.integer({ min: 1, max: 8 }),
    })
    fc.assert(
      fc.property(parts, one => {
        const most = BigInt(one.hospitals) * BigInt(one.maxWeight) * BigInt(maxElement(one))
        const refused = codeOf(() => checkBound(one))
        if (Number.isSafeInteger(maxElement(one))) expect(refused === undefined).toBe(2n * most < MODULUS)
        else expect(refused).toBe('RangeError')
      }),
    )
  })

  it('refuses what is no encoding', () => {
    for (const change of [
      { hospitals: 0 },
      { hospitals: 2.5 },
      { clip: 0 },
      { clip: Number.NaN },
      { fractionBits: -1 },
      { fractionBits: 41 },
      { maxWeight: 0 },
    ]) {
      expect(codeOf(() => checkBound({ ...encoding, ...change }))).toBe('RangeError')
    }
  })

  it('counts every coordinate and entry of an inner product', () => {
    const dimension = Number(half / (127n * BigInt(maxElement(encoding))))
    expect(codeOf(() => checkInnerBound(encoding, dimension, 127))).toBeUndefined()
    expect(codeOf(() => checkInnerBound(encoding, dimension + 1, 127))).toBe('masking.overflow')
  })
})

describe('encodeUpdate', () => {
  it('is exact for multiples of its step', () => {
    const step = fc.integer({ min: -(2 ** 22), max: 2 ** 22 })
    fc.assert(
      fc.property(fc.array(step), steps => {
        const values = Float64Array.from(steps, value => value / 2 ** 20)
        const elements = encodeUpdate(values, encoding)
        expect(elements).toEqual(toElements(steps.map(BigInt)))
        expect([...decodeMean(toIntegers(elements), encoding, 1)]).toEqual(steps.map(value => value / 2 ** 20))
      }),
    )
  })

  it('rounds to one of the two neighbours, never beyond the clip', () => {
    const wide = { ...encoding, fractionBits: 40 }
    const value = fc.double({ min: -5, max: 5, noNaN: true })
    for (const one of [encoding, wide, { ...encoding, clip: 0.3, fractionBits: 3 }]) {
      fc.assert(
        fc.property(fc.array(value, { minLength: 1 }), values => {
          const integers = toIntegers(encodeUpdate(Float64Array.from(values), one))
          integers.forEach((integer, k) => {
            const clamped = Math.max(-one.clip, Math.min(one.clip, values[k] as number)) * 2 ** one.fractionBits
            expect([Math.floor(clamped), Math.ceil(clamped)].map(BigInt)).toContain(integer)
            expect(Math.abs(Number(integer))).toBeLessThanOrEqual(maxElement(one))
          })
        }),
      )
    }
  })

  it('keeps the mean: rounds up as often as the fraction says', () => {
    const count = 200_000
    for (const fraction of [0.25, 0.9]) {
      for (const sign of [1, -1]) {
        const values = new Float64Array(count).fill((sign * (7 + fraction)) / 2 ** 20)
        const sum = toIntegers(encodeUpdate(values, encoding)).reduce((total, integer) => total + Number(integer), 0)
        // Seven standard deviations: a false alarm once in 10¹¹ runs.
        const deviation = Math.sqrt(count * fraction * (1 - fraction))
        expect(Math.abs(sum - sign * count * (7 + fraction))).toBeLessThan(7 * deviation)
      }
    }
  })

  it('rounds anew each time', () => {
    const values = new Float64Array(64).fill(0.5 / 2 ** 20)
    expect(encodeUpdate(values, encoding)).not.toEqual(encodeUpdate(values, encoding))
  })

  it('clamps infinities and refuses what is no number', () => {
    const most = BigInt(maxElement(encoding))
    const infinite = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
    expect([...toIntegers(encodeUpdate(infinite, encoding))]).toEqual([most, -most])
    expect(codeOf(() => encodeUpdate(Float32Array.of(Number.NaN), encoding))).toBe('aggregation.badUpdate')
  })

  it('refuses an encoding whose sums could overflow', () => {
    const over = { ...encoding, clip: 2 ** 30, fractionBits: 22, maxWeight: 8, hospitals: 512 }
    expect(codeOf(() => encodeUpdate(Float32Array.of(1), over))).toBe('masking.overflow')
  })
})

describe('toElements and toIntegers', () => {
  it('are inverse on all that the field can tell apart', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -half, max: half })), values => {
        expect([...toIntegers(toElements(values))]).toEqual(values)
      }),
    )
    expect([...toIntegers(toElements([half, -half, 0n]))]).toEqual([half, -half, 0n])
  })

  it('refuse one past it', () => {
    expect(codeOf(() => toElements([half + 1n]))).toBe('RangeError')
    expect(codeOf(() => toElements([-half - 1n]))).toBe('RangeError')
  })
})

describe('an inner product with small integers', () => {
  it('is the field’s own, for the largest words and factors and lengths beyond one exact sum', () => {
    for (const length of [0, 1, 8191, 8192, 8193, 20_000]) {
      const most = new BigUint64Array(length).fill(MODULUS - 1n)
      for (const elements of [most, randomElements(length)]) {
        const random = Int8Array.from(randomElements(length), word => Number(BigInt.asIntN(8, word)))
        for (const direction of [random, new Int8Array(length).fill(-128), new Int8Array(length).fill(127)]) {
          const expected = field.inner(elements, toElements(Array.from(direction, BigInt)))
          expect(innerSmall(elements, direction)).toBe(expected)
        }
      }
    }
  })

  it('refuses a direction of another length, and reads a part of a larger vector', () => {
    expect(codeOf(() => innerSmall(new BigUint64Array(2), new Int8Array(3)))).toBe('RangeError')
    const part = BigUint64Array.of(5n, 7n, 9n).subarray(1)
    expect(innerSmall(part, Int8Array.of(1, -2))).toBe(MODULUS - 11n)
  })
})

describe('a vector as bytes', () => {
  it('is little-endian words, and the same vector again from wherever they lie', () => {
    const vector = BigUint64Array.of(1n, MODULUS - 1n)
    const bytes = vectorBytes(vector)
    expect([...bytes]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
    const shifted = new Uint8Array(20)
    shifted.set(bytes, 3)
    expect(vectorOf(shifted.subarray(3, 19))).toEqual(vector)
    expect([...vectorBytes(vector.subarray(1))]).toEqual([...bytes.slice(8)])
    expect(codeOf(() => vectorOf(bytes.slice(1)))).toBe('RangeError')
  })
})
