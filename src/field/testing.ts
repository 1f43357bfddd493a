import fc from 'fast-check'
import { MODULUS } from './Field.ts'

/** Where carries, borrows and reductions change. */
export const edges = [
  0n,
  1n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 63n,
  MODULUS - 2n ** 32n,
  MODULUS - 2n,
  MODULUS - 1n,
] as const

/** Elements of the field, edges often among them. */
export const element = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: MODULUS - 1n }))

export const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

export function vectorOf(length: number, arbitrary: fc.Arbitrary<bigint> = element): fc.Arbitrary<BigUint64Array> {
  return fc
    .array(arbitrary, { minLength: length, maxLength: length, size: 'max' })
    .map(list => BigUint64Array.from(list))
}
