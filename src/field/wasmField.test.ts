import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Field, MODULUS } from './Field.ts'
import { type Kernels, loadKernels } from './kernels.ts'
import { loadField } from './loadField.ts'
import { referenceField } from './referenceField.ts'
import { edges, element, key, vectorOf } from './testing.ts'
import { wasmField } from './wasmField.ts'

const kernels = await loadKernels()
const { capacity } = kernels
const field = await loadField()
const reference = referenceField()

const long = process.env.WARDROUND_LONG === '1'
/** Around the SIMD lanes, the groups of blocks and the pieces that fit into the kernels' memory. */
const lengths = [0, 1, 2, 3, 31, 32, 33, capacity - 1, capacity, capacity + 1, 2 * capacity + 7]
const lengthed = fc.constantFrom(...lengths)
const vectors = lengthed.chain(length => fc.tuple(vectorOf(length), vectorOf(length)))
const masked = lengthed.chain(length => vectorOf(length))
const directions = lengthed.chain(length => fc.int8Array({ minLength: length, maxLength: length, size: 'max' }))
/** Those of plain masks are often among them. */
const weights = fc.oneof(fc.constantFrom(0n, 1n, 3n, MODULUS - 1n), element)
const runs = { numRuns: long ? 500 : 30 }

/** What a call makes of a copy of the target. */
function changed(target: BigUint64Array, change: (copy: BigUint64Array) => void): BigUint64Array {
  const copy = target.slice()
  change(copy)
  return copy
}

describe('the field on WASM', () => {
  it('is loaded once', async () => {
    expect(await loadField()).toBe(field)
  })

  it('adds and subtracts as the reference does', () => {
    fc.assert(
      fc.property(vectors, ([a, b]) => {
        expect(changed(a, copy => field.add(copy, b))).toEqual(changed(a, copy => reference.add(copy, b)))
        expect(changed(a, copy => field.subtract(copy, b))).toEqual(changed(a, copy => reference.subtract(copy, b)))
      }),
      runs,
    )
  })

  it('adds multiples as the reference does', () => {
    fc.assert(
      fc.property(vectors, element, ([a, b], weight) => {
        expect(changed(a, copy => field.addScaled(copy, b, weight))).toEqual(
          changed(a, copy => reference.addScaled(copy, b, weight)),
        )
      }),
      runs,
    )
  })

  it('has inner products as the reference has', () => {
    fc.assert(
      fc.property(vectors, ([a, b]) => {
        expect(field.inner(a, b)).toBe(reference.inner(a, b))
      }),
      runs,
    )
  })

  it('gets every pair of edge elements right, times every edge weight', () => {
    const a = BigUint64Array.from(edges.flatMap(edge => edges.map(() => edge)))
    const b = BigUint64Array.from(edges.flatMap(() => edges))
    expect(changed(a, copy => field.add(copy, b))).toEqual(changed(a, copy => reference.add(copy, b)))
    expect(changed(a, copy => field.subtract(copy, b))).toEqual(changed(a, copy => reference.subtract(copy, b)))
    for (const weight of [...edges, 2n, 8n, 2n ** 33n - 1n])
      expect(changed(a, copy => field.addScaled(copy, b, weight))).toEqual(
        changed(a, copy => reference.addScaled(copy, b, weight)),
      )
    expect(field.inner(a, b)).toBe(reference.inner(a, b))
  })

  it('takes a vector as its own source', () => {
    fc.assert(
      fc.property(masked, vector => {
        expect(changed(vector, copy => field.add(copy, copy))).toEqual(
          changed(vector, copy => field.addScaled(copy, vector, 1n)),
        )
        expect(changed(vector, copy => field.subtract(copy, copy))).toEqual(new BigUint64Array(vector.length))
      }),
      runs,
    )
  })

  it('is not misled by what a refused call left in its memory', () => {
    const bad = new BigUint64Array(4).fill(MODULUS, 3)
    const good = BigUint64Array.of(1n, 2n, 3n)
    for (const combine of [field.add, field.subtract]) {
      expect(() => combine(bad.slice(), new BigUint64Array(4))).toThrow(RangeError)
      expect(() => combine(new BigUint64Array(4), bad)).toThrow(RangeError)
      expect(() => combine(good.slice(), good)).not.toThrow()
    }
  })

  it('expands a key to the elements that the reference names', () => {
    fc.assert(
      fc.property(key, lengthed, (bytes, length) => {
        expect(field.expand(bytes, length)).toEqual(reference.expand(bytes, length))
      }),
      runs,
    )
  })

  it('expands a key to a beginning of every longer expansion', () => {
    fc.assert(
      fc.property(key, lengthed, lengthed, (bytes, a, b) => {
        const [short, long] = [Math.min(a, b), Math.max(a, b)]
        expect(field.expand(bytes, long).subarray(0, short)).toEqual(field.expand(bytes, short))
      }),
      runs,
    )
  })

  it('expands a key to what OpenSSL makes of it', () => {
    fc.assert(
      fc.property(key, bytes => {
        const length = 20 * capacity + 1
        // Compared as bytes: element by element would take seconds.
        const [ours, theirs] = [field.expand(bytes, length), openSslStream(bytes, length)]
        expect(Buffer.compare(Buffer.from(ours.buffer), Buffer.from(theirs.buffer))).toBe(0)
      }),
      { numRuns: long ? 200 : 10 },
    )
  })

  it('adds masks as the reference does', () => {
    fc.assert(
      fc.property(
        masked,
        key,
        fc.oneof(fc.constantFrom(0n, 1n, 3n, MODULUS - 1n), element),
        (vector, bytes, weight) => {
          expect(changed(vector, copy => field.addMask(copy, bytes, weight))).toEqual(
            changed(vector, copy => reference.addMask(copy, bytes, weight)),
          )
        },
      ),
      runs,
    )
  })

  it('takes off the mask that it put on', () => {
    fc.assert(
      fc.property(masked, key, fc.bigInt({ min: 1n, max: MODULUS - 1n }), (vector, bytes, weight) => {
        const there = changed(vector, copy => field.addMask(copy, bytes, weight))
        expect(changed(there, copy => field.addMask(copy, bytes, MODULUS - weight))).toEqual(vector)
      }),
      runs,
    )
  })

  it('has inner products of a mask and a small direction as the reference has', () => {
    fc.assert(
      fc.property(key, directions, (bytes, direction) => {
        expect(field.maskInner(bytes, direction)).toBe(reference.maskInner(bytes, direction))
      }),
      runs,
    )
  })

  it('has them for several directions at once', () => {
    const several = lengthed.chain(length =>
      fc.array(fc.int8Array({ minLength: length, maxLength: length, size: 'max' }), { maxLength: 4 }),
    )
    fc.assert(
      fc.property(key, several, (bytes, list) => {
        const each = list.map(direction => reference.maskInner(bytes, direction))
        expect(field.maskInners(bytes, list)).toEqual(each)
        expect(reference.maskInners(bytes, list)).toEqual(each)
      }),
      runs,
    )
  })

  it('has them also where every entry is as large as it can be', () => {
    for (const entry of [-128, 127]) {
      const direction = new Int8Array(2 * capacity).fill(entry)
      expect(field.maskInner(new Uint8Array(32), direction)).toBe(reference.maskInner(new Uint8Array(32), direction))
    }
  })

  it('leaves neither a key nor a mask in its memory', () => {
    const ours = wasmField(kernels)
    ours.expand(new Uint8Array(32).fill(7), 100)
    expect(new Uint8Array(kernels.memory.buffer, kernels.key, 32).every(byte => byte === 0)).toBe(true)
    expect(new BigUint64Array(kernels.memory.buffer, kernels.words, capacity).every(word => word === 0n)).toBe(true)
  })
})

describe.each<[string, Field]>([
  ['the field on WASM', field],
  ['the reference', reference],
])('%s refuses', (_, refusing) => {
  const zeros = (length: number) => new BigUint64Array(length)
  const bad = (length: number, at: number, value: bigint) => zeros(length).fill(value, at, at + 1)

  it('vectors of different lengths', () => {
    expect(() => refusing.add(zeros(2), zeros(3))).toThrow(RangeError)
    expect(() => refusing.subtract(zeros(3), zeros(2))).toThrow(RangeError)
    expect(() => refusing.addScaled(zeros(0), zeros(1), 1n)).toThrow(RangeError)
    expect(() => refusing.inner(zeros(1), zeros(0))).toThrow(RangeError)
    expect(() => refusing.maskInners(new Uint8Array(32), [new Int8Array(1), new Int8Array(2)])).toThrow(RangeError)
  })

  it.each([MODULUS, MODULUS + 1n, 2n ** 64n - 1n])('a vector that holds %s, wherever it is', value => {
    for (const [length, at] of [
      [1, 0],
      [33, 32],
      [capacity + 1, capacity - 1],
      [capacity + 1, capacity],
    ] as const) {
      const vector = bad(length, at, value)
      expect(() => refusing.add(zeros(length), vector)).toThrow(RangeError)
      expect(() => refusing.add(vector.slice(), zeros(length))).toThrow(RangeError)
      expect(() => refusing.subtract(zeros(length), vector)).toThrow(RangeError)
      expect(() => refusing.subtract(vector.slice(), zeros(length))).toThrow(RangeError)
      expect(() => refusing.addScaled(zeros(length), vector, 0n)).toThrow(RangeError)
      expect(() => refusing.addScaled(vector.slice(), zeros(length), MODULUS - 1n)).toThrow(RangeError)
      expect(() => refusing.inner(zeros(length), vector)).toThrow(RangeError)
      expect(() => refusing.inner(vector, zeros(length))).toThrow(RangeError)
      expect(() => refusing.addMask(vector.slice(), new Uint8Array(32), 5n)).toThrow(RangeError)
    }
  })

  it.each([-1n, MODULUS, 2n ** 64n])('a weight of %s', weight => {
    expect(() => refusing.addScaled(zeros(1), zeros(1), weight)).toThrow(RangeError)
    expect(() => refusing.addMask(zeros(1), new Uint8Array(32), weight)).toThrow(RangeError)
  })

  it.each([0, 31, 33])('a key of %i bytes', length => {
    const short = new Uint8Array(length)
    expect(() => refusing.expand(short, 1)).toThrow(RangeError)
    expect(() => refusing.addMask(zeros(1), short, 1n)).toThrow(RangeError)
    expect(() => refusing.maskInner(short, new Int8Array(1))).toThrow(RangeError)
  })
})

describe('words that are no elements', () => {
  const word = fc.oneof(
    fc.constantFrom(MODULUS - 1n, MODULUS, MODULUS + 1n, 2n ** 64n - 1n, 2n ** 64n - 2n ** 32n, 0n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  )
  /** Words without end: these again and again, with an element among them. */
  const table = fc.array(word, { maxLength: 300 }).map(words => [...words, 5n])

  it('are left out in the order of the stream', () => {
    fc.assert(
      fc.property(table, lengthed, (words, length) => {
        const [fast, slow] = fieldsOf(words)
        expect(fast.expand(new Uint8Array(32), length)).toEqual(slow.expand(new Uint8Array(32), length))
      }),
      runs,
    )
  })

  it('are left out of masks and of inner products with masks', () => {
    fc.assert(
      fc.property(table, masked, directions, weights, (words, vector, direction, weight) => {
        const [fast, slow] = fieldsOf(words)
        const bytes = new Uint8Array(32)
        expect(changed(vector, copy => fast.addMask(copy, bytes, weight))).toEqual(
          changed(vector, copy => slow.addMask(copy, bytes, weight)),
        )
        expect(fast.maskInner(bytes, direction)).toBe(slow.maskInner(bytes, direction))
      }),
      runs,
    )
  })

  it.each([MODULUS, 2n ** 64n - 1n])('are noticed wherever a single one stands, such as %s', value => {
    for (let place = 0; place < 32; place++) {
      // Every word that is left is small, so that this one alone can be noticed.
      const words = Array.from({ length: 2 * capacity }, (_, i) => (i === place ? value : BigInt(i)))
      const [fast, slow] = fieldsOf(words)
      expect(fast.expand(new Uint8Array(32), 40)).toEqual(slow.expand(new Uint8Array(32), 40))
    }
  })

  it('may fill whole pieces of the stream', () => {
    const [fast, slow] = fieldsOf([...new Array<bigint>(3 * capacity + 1).fill(MODULUS), 6n, 7n])
    expect(fast.expand(new Uint8Array(32), 5)).toEqual(BigUint64Array.of(6n, 7n, 6n, 7n, 6n))
    expect(slow.expand(new Uint8Array(32), 5)).toEqual(BigUint64Array.of(6n, 7n, 6n, 7n, 6n))
  })

  it("are left out of ChaCha20's own stream, for one of the few keys whose stream soon has one", () => {
    const rare = new Uint8Array(32)
    // Found by trying keys: a word is no element once in 2^32.
    new DataView(rare.buffer).setUint32(0, 3_102_391, true)
    expect(openSslWords(rare, 2048).filter(word => word >= MODULUS)).toHaveLength(1)
    expect(field.expand(rare, 3000)).toEqual(openSslStream(rare, 3000))
    expect(field.expand(rare, 3000)).toEqual(reference.expand(rare, 3000))
  })

  /** Both implementations on words of our own in place of ChaCha20's. */
  function fieldsOf(words: readonly bigint[]): readonly [Field, Field] {
    const at = (index: number) => words[index % words.length]!
    const fed: Kernels = {
      ...kernels,
      keystream(target, counter, groups) {
        const view = new BigUint64Array(kernels.memory.buffer, target, 32 * groups)
        view.forEach((_, i) => {
          view[i] = at(8 * counter + i)
        })
      },
    }
    function* endless() {
      for (let i = 0; ; i++) yield at(i)
    }
    return [wasmField(fed), referenceField(endless)]
  }
})

/** The stream by another implementation of ChaCha20. */
function openSslStream(bytes: Uint8Array, length: number): BigUint64Array<ArrayBuffer> {
  return openSslWords(bytes, length + 8)
    .filter(word => word < MODULUS)
    .slice(0, length)
}

/** The same before words are left out. */
function openSslWords(bytes: Uint8Array, length: number): BigUint64Array<ArrayBuffer> {
  const words = new BigUint64Array(length)
  // The block counter, then the nonce.
  const cipher = createCipheriv('chacha20', bytes, new Uint8Array(16))
  const stream = cipher.update(new Uint8Array(words.buffer))
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  words.forEach((_, i) => {
    words[i] = view.getBigUint64(8 * i, true)
  })
  return words
}
