import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Binding } from '../crypto/binding.ts'
import { isAppError } from '../errors/AppError.ts'
import { MODULUS } from '../field/Field.ts'
import {
  decodeChange,
  decodeMasked,
  decodeMasks,
  decodeModel,
  decodeProducts,
  decodeProven,
  decodeShares,
  decodeStatistics,
  decodeUpdate,
  encodeChange,
  encodeMasked,
  encodeMasks,
  encodeModel,
  encodeProducts,
  encodeProven,
  encodeShares,
  encodeStatistics,
  encodeUpdate,
  freshSalt,
  modelDataKey,
} from './plaintext.ts'

const study = `0x${'5c'.repeat(20)}` as const
const manifest = new Uint8Array(32).fill(7)
const salt = new Uint8Array(32).fill(1)
const refused = (
  run: () => unknown,
  code: 'aggregation.badUpdate' | 'crypto.wrongBinding' = 'aggregation.badUpdate',
) => {
  try {
    run()
  } catch (error) {
    return isAppError(error, code)
  }
  return false
}

describe('a proven update', () => {
  const afterKey = new Uint8Array(32).fill(3)
  const bytes = (more: object = {}) => ({
    ...{ v: 1, kind: 'proven', round: 3, salt, weight: 2, change: new Uint8Array(16), afterKey },
    ...more,
  })

  it('comes back as it was', () => {
    const update = { round: 3, salt: freshSalt(), weight: 5, change: BigInt64Array.of(-(2n ** 37n), 0n, 1n), afterKey }
    expect(decodeProven(encodeProven(update), 3, 3)).toEqual(update)
  })

  it('is refused in any other form', () => {
    expect(() => decodeProven(encode(bytes()), 3, 2)).not.toThrow()
    for (const wrong of [
      { v: 2 },
      { kind: 'update' },
      { round: 4 },
      { salt: new Uint8Array(31) },
      { weight: 9 },
      { change: new Uint8Array(15) },
      { change: new Uint8Array(24) },
      { afterKey: new Uint8Array(31) },
      { more: 1 },
    ]) {
      expect(refused(() => decodeProven(encode(bytes(wrong)), 3, 2))).toBe(true)
    }
  })
})

describe('an update', () => {
  const bytes = (more: object = {}) => ({
    ...{ v: 1, kind: 'update', round: 3, salt, weight: 2, vector: new Uint8Array(8) },
    ...more,
  })

  it('comes back as it was', () => {
    const update = { round: 3, salt: freshSalt(), weight: 5, vector: Float32Array.of(1.5, -0, 3e-40) }
    expect(decodeUpdate(encodeUpdate(update), 3, 3)).toEqual(update)
  })

  it('is refused in any other form', () => {
    expect(() => decodeUpdate(encode(bytes()), 3, 2)).not.toThrow()
    for (const wrong of [
      { v: 2 },
      { kind: 'statistics' },
      { round: 4 },
      { salt: new Uint8Array(31) },
      { weight: 0 },
      { weight: 1.5 },
      { vector: new Uint8Array(9) },
      { vector: new Uint8Array(12) },
      { vector: 'text' },
      { more: 1 },
    ]) {
      expect(refused(() => decodeUpdate(encode(bytes(wrong)), 3, 2))).toBe(true)
    }
  })

  it('is refused as any bytes at all, without another kind of error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
        expect(refused(() => decodeUpdate(noise, 3, 2))).toBe(true)
      }),
    )
  })
})

it('statistics come back as they were, and not for another round or width', () => {
  const statistics = { round: 1, salt, count: 7, sums: Float64Array.of(1, Math.PI), squares: Float64Array.of(2, 10) }
  const bytes = encodeStatistics(statistics)
  expect(decodeStatistics(bytes, 1, 2)).toEqual(statistics)
  expect(refused(() => decodeStatistics(bytes, 2, 2))).toBe(true)
  expect(refused(() => decodeStatistics(bytes, 1, 3))).toBe(true)
})

describe('a change', () => {
  const change = { study, round: 4, trained: 3, values: Float32Array.of(1.5, -0, 3e-40) }
  const expected = { study, round: 4, trained: 3, size: 3 }

  it('has one form, and comes back to the bit', () => {
    expect(encodeChange(change)).toEqual(encodeChange(structuredClone(change)))
    expect(decodeChange(encodeChange(change), expected)).toEqual(change.values)
  })

  it('is refused for another study, round, number of trainings or size, with what is no number, and as a model', () => {
    const bytes = encodeChange(change)
    for (const other of [{ study: `0x${'5d'.repeat(20)}` as const }, { round: 5 }, { trained: 4 }]) {
      expect(refused(() => decodeChange(bytes, { ...expected, ...other }), 'crypto.wrongBinding')).toBe(true)
    }
    expect(refused(() => decodeChange(bytes, { ...expected, size: 2 }))).toBe(true)
    const endless = encodeChange({ ...change, values: Float32Array.of(1, Number.POSITIVE_INFINITY, 2) })
    expect(refused(() => decodeChange(endless, expected))).toBe(true)
    expect(refused(() => decodeModel(bytes, { study, round: 4, manifest, size: 3, width: null }))).toBe(true)
  })
})

describe('a model', () => {
  const model = {
    ...{ study, round: 4, trained: 3, manifest, vector: Float32Array.of(1, 2) },
    standardisation: { mean: Float64Array.of(3), deviation: Float64Array.of(4) },
  }
  const expected = { study, round: 4, manifest, size: 2, width: 1 }

  it('has one form, and comes back as it was', () => {
    expect(encodeModel(model)).toEqual(encodeModel(structuredClone(model)))
    expect(decodeModel(encodeModel(model), expected)).toEqual(model)
  })

  it('is refused for another study, round, manifest or size, and with a deviation that divides by nothing', () => {
    const bytes = encodeModel(model)
    expect(
      refused(() => decodeModel(bytes, { ...expected, study: `0x${'5d'.repeat(20)}` }), 'crypto.wrongBinding'),
    ).toBe(true)
    expect(refused(() => decodeModel(bytes, { ...expected, round: 5 }), 'crypto.wrongBinding')).toBe(true)
    const other = { ...expected, manifest: new Uint8Array(32) }
    expect(refused(() => decodeModel(bytes, other), 'crypto.wrongBinding')).toBe(true)
    expect(refused(() => decodeModel(bytes, { ...expected, size: 3 }))).toBe(true)
    expect(refused(() => decodeModel(bytes, { ...expected, width: null }))).toBe(true)
    const flat = { ...model, standardisation: { mean: Float64Array.of(3), deviation: Float64Array.of(0) } }
    expect(refused(() => decodeModel(encodeModel(flat), expected))).toBe(true)
  })

  it('gets its key from the salts in order and from its place', async () => {
    const binding: Binding = {
      deployment: `0x${'0d'.repeat(32)}`,
      chainId: 1,
      study,
      round: 4,
      sender: study,
      kind: 'model',
    }
    const salts = [salt, new Uint8Array(32).fill(2)] as const
    const key = await modelDataKey(salts, binding)
    expect(key).toHaveLength(32)
    expect(await modelDataKey([...salts], { ...binding })).toEqual(key)
    expect(await modelDataKey([salts[1], salts[0]], binding)).not.toEqual(key)
    expect(await modelDataKey(salts, { ...binding, round: 5 })).not.toEqual(key)
  })
})

describe('of a masked round', () => {
  const place = { round: 3, salt, vector: 'update' as const }
  const expected = { round: 3, vector: 'update' as const, size: 2, seats: 3 }
  const hash = (byte: string) => `0x${byte.repeat(32)}` as const
  const commitments = {
    masked: hash('01'),
    seeds: [hash('02'), null, hash('03')],
    shares: [hash('04'), hash('05'), hash('06')],
  }
  const parcels = [7, 8, 9].map(byte => ({ enc: new Uint8Array(65).fill(byte), ciphertext: new Uint8Array(114) }))
  const masked = { ...place, masked: BigUint64Array.of(1n, MODULUS - 1n), commitments, parcels }
  const masks = { ...place, sum: BigUint64Array.of(MODULUS - 1n, 0n) }
  const products = {
    ...place,
    products: [
      [MODULUS - 1n, 0n, 3n],
      [1n, 2n, 4n],
    ],
  }
  const asked = { round: place.round, vector: place.vector, hospitals: 2, directions: 3 }
  const shares = {
    ...place,
    shares: [{ hospital: study, seat: 2, share: new Uint8Array(33).fill(3), hashes: [hash('0a'), null, hash('0b')] }],
  }

  it('contributions, sums of masks, products and shares come back as they were', () => {
    expect(decodeMasked(encodeMasked(masked), expected)).toEqual(masked)
    expect(decodeMasks(encodeMasks(masks), expected)).toEqual(masks)
    expect(decodeProducts(encodeProducts(products), asked)).toEqual(products)
    expect(decodeShares(encodeShares(shares), expected)).toEqual(shares)
  })

  it('a contribution is refused for another round, vector, size, or number of seats, and in any other form', () => {
    for (const wrong of [{ round: 4 }, { vector: 'statistics' as const }, { size: 3 }, { seats: 4 }]) {
      expect(refused(() => decodeMasked(encodeMasked(masked), { ...expected, ...wrong }))).toBe(true)
    }
    const long = parcels.map(parcel => ({ ...parcel, enc: new Uint8Array(66) }))
    expect(refused(() => decodeMasked(encodeMasked({ ...masked, parcels: long }), expected))).toBe(true)
    expect(refused(() => decodeMasked(encodeMasks(masks), expected))).toBe(true)
    expect(refused(() => decodeMasked(encode({ ...place, v: 1, kind: 'masked', more: 1 }), expected))).toBe(true)
  })

  it('a sum of masks is refused with a word that is no element of the field', () => {
    for (const word of [MODULUS, 2n ** 64n - 1n]) {
      expect(refused(() => decodeMasks(encodeMasks({ ...masks, sum: BigUint64Array.of(0n, word) }), expected))).toBe(
        true,
      )
    }
    for (const wrong of [{ round: 4 }, { vector: 'statistics' as const }, { size: 1 }]) {
      expect(refused(() => decodeMasks(encodeMasks(masks), { ...expected, ...wrong }))).toBe(true)
    }
  })

  it('products are refused of other numbers of hospitals or directions, and with a word that is no element', () => {
    for (const wrong of [{ round: 4 }, { vector: 'statistics' as const }, { hospitals: 3 }, { directions: 2 }]) {
      expect(refused(() => decodeProducts(encodeProducts(products), { ...asked, ...wrong }))).toBe(true)
    }
    for (const word of [MODULUS, 2n ** 64n - 1n]) {
      const changed = [products.products[0]!, [1n, word, 4n]]
      expect(refused(() => decodeProducts(encodeProducts({ ...products, products: changed }), asked))).toBe(true)
    }
    const bytes = { v: 1, kind: 'products', ...place, products: new Uint8Array(48) }
    expect(() => decodeProducts(encode(bytes), asked)).not.toThrow()
    for (const wrong of [{ v: 2 }, { kind: 'masks' }, { products: new Uint8Array(47) }, { more: 1 }]) {
      expect(refused(() => decodeProducts(encode({ ...bytes, ...wrong }), asked))).toBe(true)
    }
  })

  it('shares are refused of another length, or with hashes of other seats', () => {
    const [share] = shares.shares as [(typeof shares.shares)[number]]
    for (const wrong of [{ share: new Uint8Array(32) }, { hashes: [hash('0a'), null] }, { seat: -1 }]) {
      expect(refused(() => decodeShares(encodeShares({ ...place, shares: [{ ...share, ...wrong }] }), expected))).toBe(
        true,
      )
    }
  })

  it('are refused as any bytes at all, without another kind of error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
        for (const read of [decodeMasked, decodeMasks, decodeShares]) {
          expect(refused(() => read(noise, expected))).toBe(true)
        }
        expect(refused(() => decodeProducts(noise, asked))).toBe(true)
      }),
    )
  })
})
