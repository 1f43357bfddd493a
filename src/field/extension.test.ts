import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Extension,
  embed,
  isExtension,
  isSame,
  minus,
  NON_RESIDUE,
  ONE,
  plus,
  raised,
  reciprocal,
  scaled,
  times,
  valueAt,
  ZERO,
} from './extension.ts'
import { MODULUS } from './Field.ts'
import { add, multiply, power } from './goldilocks.ts'
import { element } from './testing.ts'

const extension: fc.Arbitrary<Extension> = fc.tuple(element, element)

describe('the quadratic extension', () => {
  it('adjoins a root of 7, which is no square', () => {
    expect(times([0n, 1n], [0n, 1n])).toEqual(embed(NON_RESIDUE))
    expect(power(NON_RESIDUE, (MODULUS - 1n) / 2n)).toBe(MODULUS - 1n)
  })

  it('is a commutative ring', () => {
    fc.assert(
      fc.property(extension, extension, extension, (a, b, c) => {
        expect(plus(a, b)).toEqual(plus(b, a))
        expect(times(a, b)).toEqual(times(b, a))
        expect(plus(plus(a, b), c)).toEqual(plus(a, plus(b, c)))
        expect(times(times(a, b), c)).toEqual(times(a, times(b, c)))
        expect(times(a, plus(b, c))).toEqual(plus(times(a, b), times(a, c)))
        expect(plus(a, ZERO)).toEqual(a)
        expect(times(a, ONE)).toEqual(a)
        expect(minus(plus(a, b), b)).toEqual(a)
      }),
    )
  })

  it('is a field: what is not zero has a reciprocal', () => {
    fc.assert(
      fc.property(extension, a => {
        fc.pre(!isSame(a, ZERO))
        expect(times(a, reciprocal(a))).toEqual(ONE)
      }),
    )
    expect(() => reciprocal(ZERO)).toThrow(RangeError)
  })

  it('holds the base field', () => {
    fc.assert(
      fc.property(element, element, extension, (a, b, c) => {
        expect(plus(embed(a), embed(b))).toEqual(embed(add(a, b)))
        expect(times(embed(a), embed(b))).toEqual(embed(multiply(a, b)))
        expect(scaled(c, a)).toEqual(times(c, embed(a)))
      }),
    )
  })

  it('follows the laws of exponents, its group being of order p² − 1', () => {
    fc.assert(
      fc.property(extension, fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.nat(1000), (a, m, n) => {
        expect(raised(a, m + BigInt(n))).toEqual(times(raised(a, m), raised(a, BigInt(n))))
        if (!isSame(a, ZERO)) expect(raised(a, MODULUS * MODULUS - 1n)).toEqual(ONE)
      }),
      { numRuns: 20 },
    )
    expect(() => raised(ONE, -1n)).toThrow(RangeError)
  })

  it('conjugates by the p-th power', () => {
    fc.assert(
      fc.property(extension, ([re, im]) => {
        expect(raised([re, im], MODULUS)).toEqual(minus(embed(re), [0n, im]))
      }),
      { numRuns: 20 },
    )
  })

  it('has values of polynomials as sums of powers', () => {
    fc.assert(
      fc.property(fc.array(extension, { maxLength: 6 }), extension, (coefficients, x) => {
        const sum = coefficients.reduce((total, c, k) => plus(total, times(c, raised(x, BigInt(k)))), ZERO)
        expect(valueAt(coefficients, x)).toEqual(sum)
      }),
    )
  })

  it('tells elements from what is not canonical, and one from another', () => {
    expect(isExtension([MODULUS - 1n, MODULUS - 1n])).toBe(true)
    expect(isExtension([MODULUS, 0n])).toBe(false)
    expect(isExtension([0n, MODULUS])).toBe(false)
    expect(isExtension([-1n, 0n])).toBe(false)
    expect([isSame([1n, 2n], [1n, 2n]), isSame([1n, 2n], [1n, 3n]), isSame([1n, 2n], [0n, 2n])]).toEqual([
      true,
      false,
      false,
    ])
  })
})
