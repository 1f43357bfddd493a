import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { publicRandom } from '../../study/random.ts'
import { cluster, decodeClustered, encodeClustered, suggestedError, unclustered } from './clustering.ts'

const runs = process.env.WARDROUND_LONG === '1' ? 20_000 : 1000
const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 250, max: 400 })), {
  minLength: 1,
  maxLength: 3,
})
const element = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 })
const model = sizes.chain(sizes => {
  const size = sizes.reduce((sum, size) => sum + size, 0)
  return fc.record({
    sizes: fc.constant(sizes),
    vector: fc.array(element, { minLength: size, maxLength: size }).map(values => Float32Array.from(values)),
    relativeError: fc.double({ min: 0, max: 1, noNaN: true }),
  })
})

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
const difference = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]!)
const refuses = (bytes: Uint8Array, sizes: readonly number[]) => {
  try {
    decodeClustered(bytes, sizes)
  } catch (error) {
    return isAppError(error, 'aggregation.badUpdate')
  }
  return false
}
/** Weights as a trained layer has them: many small ones, few large ones. */
function weights(count: number, seed = 1): Float32Array {
  const random = publicRandom(seed)
  return Float32Array.from({ length: count }, () => (random.unit() + random.unit() + random.unit() - 1.5) ** 3)
}
/** One tensor's bytes by hand: entries, codebook or values, packed indices. */
function byHand(entries: number, floats: readonly number[], packed: readonly number[] = [], version = 1): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * floats.length))
  floats.forEach((value, i) => {
    view.setFloat32(4 * i, value, true)
  })
  return Uint8Array.of(version, entries, ...new Uint8Array(view.buffer), ...packed)
}

describe('cluster', () => {
  it('keeps every tensor within the error that was asked for', () => {
    fc.assert(
      fc.property(model, ({ vector, sizes, relativeError }) => {
        const back = unclustered(cluster(vector, sizes, { relativeError }))
        let at = 0
        for (const size of sizes) {
          const tensor = vector.subarray(at, at + size)
          const error = norm(difference(tensor, back.subarray(at, at + size)))
          expect(error).toBeLessThanOrEqual(relativeError * norm(tensor) * (1 + 1e-6))
          at += size
        }
      }),
    )
  })

  it('never takes more than the values, the version and a byte for each tensor', () => {
    fc.assert(
      fc.property(model, ({ vector, sizes, relativeError }) => {
        const bytes = encodeClustered(cluster(vector, sizes, { relativeError }))
        expect(bytes.length).toBeLessThanOrEqual(1 + sizes.length + 4 * vector.length)
      }),
    )
  })

  it('takes fewer bytes the more error is allowed', () => {
    const lengths = [0.3, 0.1, 0.05, 0.01, 0].map(
      relativeError => encodeClustered(cluster(weights(5000), [5000], { relativeError })).length,
    )
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
    expect(lengths[0]).toBeLessThan(lengths.at(-1)! / 5)
  })

  it('makes a large tensor less than a fifth of its float32, codebook included, with the suggested error', () => {
    const bytes = encodeClustered(cluster(weights(8000), [8000], { relativeError: suggestedError }))
    expect(bytes.length).toBeLessThan((4 * 8000) / 5)
  })

  it('leaves tensors as they are where no error is allowed and a codebook would not be shorter', () => {
    const vector = weights(5000)
    expect(cluster(vector, [5000], { relativeError: 0 })).toEqual([{ values: vector }])
  })

  it('leaves biases and small models exact: up to 255 values, and no more', () => {
    const vector = weights(255 + 256)
    const [small, large] = cluster(vector, [255, 256], { relativeError: 0.1 })
    expect(small).toEqual({ values: vector.subarray(0, 255) })
    expect(large).toHaveProperty('codebook')
  })

  it('takes one entry and no index at all for a tensor of equal values', () => {
    const bytes = encodeClustered(cluster(new Float32Array(1000), [1000], { relativeError: 0 }))
    expect(bytes.length).toBe(1 + 1 + 4)
    expect(unclustered(decodeClustered(bytes, [1000]))).toEqual(new Float32Array(1000))
  })

  it('refuses numbers that are not finite, and sizes that are one off', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => cluster(Float32Array.of(1, bad), [2], { relativeError: 0.1 })).toThrow(
        expect.objectContaining({ code: 'aggregation.badUpdate' }),
      )
    }
    for (const size of [9, 11]) {
      expect(() => cluster(new Float32Array(10), [size], { relativeError: 0.1 })).toThrow(RangeError)
    }
  })
})

describe('decodeClustered', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(model, ({ vector, sizes, relativeError }) => {
        const tensors = cluster(vector, sizes, { relativeError })
        const bytes = encodeClustered(tensors)
        const decoded = decodeClustered(bytes, sizes)
        expect(unclustered(decoded)).toEqual(unclustered(tensors))
        expect(encodeClustered(decoded)).toEqual(bytes)
      }),
    )
  })

  it('refuses changed bytes, or takes them for exactly what they say: it never accepts two forms of one vector', () => {
    const original = encodeClustered(cluster(weights(320), [3, 300, 17], { relativeError: 0.2 }))
    const change = fc.record({ at: fc.nat(original.length - 1), to: fc.nat(255) })
    const changed = fc
      .tuple(fc.array(change, { maxLength: 3 }), fc.integer({ min: -3, max: 3 }), fc.uint8Array({ maxLength: 3 }))
      .map(([changes, cut, tail]) => {
        const bytes = Uint8Array.from(original)
        for (const { at, to } of changes) bytes[at] = to
        return cut < 0 ? bytes.subarray(0, cut) : Uint8Array.of(...bytes, ...tail)
      })
    fc.assert(
      fc.property(changed, bytes => {
        if (refuses(bytes, [3, 300, 17])) return
        const decoded = decodeClustered(bytes, [3, 300, 17])
        expect(encodeClustered(decoded)).toEqual(new Uint8Array(bytes))
        expect(unclustered(decoded).every(Number.isFinite)).toBe(true)
      }),
      { numRuns: runs },
    )
  })

  it('refuses random bytes with the error for a bad update and no other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), sizes, (bytes, sizes) => {
        const versioned = Uint8Array.of(1, ...bytes)
        if (refuses(versioned, sizes)) return
        expect(encodeClustered(decodeClustered(versioned, sizes))).toEqual(versioned)
      }),
      { numRuns: runs },
    )
  })

  it('takes the bytes that are right, of which the next tests change one thing each', () => {
    expect(unclustered(decodeClustered(byHand(2, [-1, 0.5], [0b1000_0001, 0b10]), [10]))).toEqual(
      Float32Array.of(0.5, -1, -1, -1, -1, -1, -1, 0.5, -1, 0.5),
    )
    expect(unclustered(decodeClustered(byHand(3, [-1, 0, 0.5], [0b0110_0100, 0b10_0001]), [7]))).toEqual(
      Float32Array.of(-1, 0, 0.5, 0, 0, -1, 0.5),
    )
    expect(unclustered(decodeClustered(byHand(0, [1, -0]), [2]))).toEqual(Float32Array.of(1, -0))
  })

  it.each([
    ['another version', byHand(2, [-1, 0.5], [0b1000_0001, 0b10], 2), 10],
    ['nothing', new Uint8Array(), 10],
    ['a byte too few', byHand(2, [-1, 0.5], [0b1000_0001]), 10],
    ['a byte too many', byHand(2, [-1, 0.5], [0b1000_0001, 0b10, 0]), 10],
    ['a bit set past the last index', byHand(2, [-1, 0.5], [0b1000_0001, 0b110]), 10],
    ['a codebook that falls', byHand(2, [0.5, -1], [0b1000_0001, 0b10]), 10],
    ['a codebook with an entry twice', byHand(2, [0.5, 0.5], [0b1000_0001, 0b10]), 10],
    ['an entry that is not a number', byHand(2, [-1, Number.NaN], [0b1000_0001, 0b10]), 10],
    ['an entry that is not finite', byHand(2, [-1, Number.POSITIVE_INFINITY], [0b1000_0001, 0b10]), 10],
    ['an entry of −0', byHand(2, [-0, 0.5], [0b1000_0001, 0b10]), 10],
    ['an entry that no index uses', byHand(2, [-1, 0.5], [0, 0]), 10],
    ['an index without an entry', byHand(3, [-1, 0, 0.5], [0b0110_0100, 0b11_0001]), 7],
    ['a codebook no shorter than the values', byHand(2, [-1, 0.5], [0b01]), 2],
    ['values that are not finite', byHand(0, [1, Number.NaN]), 2],
    ['one value too few', byHand(0, [1]), 2],
    ['one value too many', byHand(0, [1, 2, 3]), 2],
  ])('refuses %s', (_, bytes, size) => {
    expect(refuses(bytes, [size])).toBe(true)
  })
})
