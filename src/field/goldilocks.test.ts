import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODULUS } from './Field.ts'
import { add, inverse, isElement, multiply, power, subtract, toField, toSigned } from './goldilocks.ts'
import { element } from './testing.ts'

describe('scalars of the Goldilocks field', () => {
  it('are the integers modulo 2^64 − 2^32 + 1', () => {
    expect(MODULUS).toBe(2n ** 64n - 2n ** 32n + 1n)
    expect([-1n, 0n, MODULUS - 1n, MODULUS].map(isElement)).toEqual([false, true, true, false])
  })

  it('reduce by 2^64 = 2^32 − 1 and 2^96 = −1', () => {
    expect(power(2n, 64n)).toBe(2n ** 32n - 1n)
    expect(power(2n, 96n)).toBe(MODULUS - 1n)
  })

  it('subtract what was added, and divide by what was multiplied', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(subtract(add(a, b), b)).toBe(a)
        if (b !== 0n) expect(multiply(multiply(a, b), inverse(b))).toBe(a)
      }),
    )
  })

  it('keep results canonical', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        for (const result of [add(a, b), subtract(a, b), multiply(a, b), power(a, b)])
          expect(isElement(result)).toBe(true)
      }),
    )
  })

  it('follow the laws of exponents, also where the exponent is beyond the order of the group', () => {
    fc.assert(
      fc.property(element, element, element, (a, m, n) => {
        expect(power(a, m + n)).toBe(multiply(power(a, m), power(a, n)))
        if (a !== 0n) expect(power(a, MODULUS - 1n + m)).toBe(power(a, m))
      }),
    )
    expect(power(0n, 0n)).toBe(1n)
  })

  it('have no inverse of 0 and no negative powers', () => {
    expect(() => inverse(0n)).toThrow(RangeError)
    expect(() => power(3n, -1n)).toThrow(RangeError)
  })

  it('stand for signed integers and give them back, sums included', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        expect(toSigned(toField(a))).toBe(BigInt(a))
        expect(toSigned(add(toField(a), toField(b)))).toBe(BigInt(a) + BigInt(b))
      }),
    )
  })

  it('are signed up to half the modulus either way', () => {
    expect(toSigned((MODULUS - 1n) / 2n)).toBe((MODULUS - 1n) / 2n)
    expect(toSigned((MODULUS + 1n) / 2n)).toBe(-(MODULUS - 1n) / 2n)
  })

  it.each([0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('do not stand for %s', value => {
    expect(() => toField(value)).toThrow(RangeError)
  })
})
