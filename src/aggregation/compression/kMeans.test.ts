import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { publicRandom, shuffled } from '../../study/random.ts'
import { kMeans, nearest } from './kMeans.ts'

const values = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }), { minLength: 1, maxLength: 120 })
  .map(list => Float32Array.from(list))
const entries = fc.integer({ min: 1, max: 40 })

/** Sums of twelve uniform numbers: as good as normal, and the same everywhere. */
function bellCurve(count: number): Float32Array {
  const random = publicRandom(1)
  return Float32Array.from({ length: count }, () => {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += random.unit()
    return sum
  })
}

function meanSquaredError(of: Float32Array, codebook: Float32Array): number {
  const indices = nearest(of, codebook)
  return of.reduce((sum, value, i) => sum + (value - codebook[indices[i]!]!) ** 2, 0) / of.length
}

describe('kMeans', () => {
  it('gives a strictly ascending codebook within the values’ range, no larger than asked', () => {
    fc.assert(
      fc.property(values, entries, (values, entries) => {
        const codebook = kMeans(values, entries)
        expect(codebook.length).toBeGreaterThan(0)
        expect(codebook.length).toBeLessThanOrEqual(entries)
        codebook.forEach((value, i) => {
          if (i > 0) expect(value).toBeGreaterThan(codebook[i - 1]!)
        })
        expect(codebook[0]!).toBeGreaterThanOrEqual(Math.fround(Math.min(...values)))
        expect(codebook.at(-1)!).toBeLessThanOrEqual(Math.fround(Math.max(...values)))
      }),
    )
  })

  it('is the same bytes in whatever order the values come', () => {
    const some = bellCurve(3000)
    const order = shuffled(publicRandom(2), some.length)
    const codebook = kMeans(some, 32)
    const other = kMeans(
      Float32Array.from(order, place => some[place]!),
      32,
    )
    expect(new Uint8Array(other.buffer)).toEqual(new Uint8Array(codebook.buffer))
  })

  it('loses nothing where there are no more distinct values than entries, and something with one entry less', () => {
    const some = Float32Array.of(3, -1, 3, 0.5, 8, -1, 8, 8)
    expect(kMeans(some, 4)).toEqual(Float32Array.of(-1, 0.5, 3, 8))
    expect(meanSquaredError(some, kMeans(some, 4))).toBe(0)
    expect(meanSquaredError(some, kMeans(some, 3))).toBeGreaterThan(0)
  })

  it('is the mean for one entry', () => {
    expect(kMeans(Float32Array.of(1, 2, 6), 1)).toEqual(Float32Array.of(3))
  })

  // Max (1960), table 1: a quantizer for the normal distribution cannot do better than these.
  it.each([
    [4, 0.1175],
    [16, 0.009497],
    [32, 0.002499],
  ])('comes within a tenth of the least possible error for normal values with %i entries', (entries, least) => {
    const error = meanSquaredError(bellCurve(40_000), kMeans(bellCurve(40_000), entries))
    expect(error).toBeLessThan(1.1 * least)
    // The sum of twelve has lighter tails than the normal distribution, and the codebook saw its values.
    expect(error).toBeGreaterThan(0.9 * least)
  })

  it('never has −0 in its codebook', () => {
    expect(Object.is(kMeans(Float32Array.of(-0, 5), 2)[0], 0)).toBe(true)
    expect(Object.is(kMeans(Float32Array.of(-0, -0, 0, 7, 9), 2)[0], 0)).toBe(true)
  })

  it('refuses no values, values that are not finite, and no entries', () => {
    expect(() => kMeans(new Float32Array(), 2)).toThrow(RangeError)
    expect(() => kMeans(Float32Array.of(1, Number.NaN), 2)).toThrow(RangeError)
    expect(() => kMeans(Float32Array.of(1, Number.POSITIVE_INFINITY), 2)).toThrow(RangeError)
    expect(() => kMeans(Float32Array.of(1), 0)).toThrow(RangeError)
  })
})

describe('nearest', () => {
  it('names an entry that no other is nearer than', () => {
    fc.assert(
      fc.property(values, values, (values, others) => {
        const codebook = kMeans(others, 17)
        const indices = nearest(values, codebook)
        values.forEach((value, i) => {
          const distance = Math.abs(value - codebook[indices[i]!]!)
          for (const entry of codebook) expect(distance).toBeLessThanOrEqual(Math.abs(value - entry))
        })
      }),
      { numRuns: 50 },
    )
  })

  it('takes the lower of two that are as near', () => {
    expect([...nearest(Float32Array.of(1, 0.999, 1.001), Float32Array.of(0, 2))]).toEqual([0, 0, 1])
  })
})
