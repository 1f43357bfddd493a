import { MODULUS } from './Field.ts'

/**
 * Scalar arithmetic over the Goldilocks field, for single elements and for what vectors are checked against. Elements
 * are canonical, from 0 to MODULUS − 1, in and out.
 */

/** Whether this is an element. */
export function isElement(value: bigint): boolean {
  return value >= 0n && value < MODULUS
}

/** a + b */
export function add(a: bigint, b: bigint): bigint {
  return (a + b) % MODULUS
}

/** a − b */
export function subtract(a: bigint, b: bigint): bigint {
  return (a - b + MODULUS) % MODULUS
}

/** a · b */
export function multiply(a: bigint, b: bigint): bigint {
  return (a * b) % MODULUS
}

/**
 * base to the power of an exponent, which may be of any size; 0 to the power of 0 is 1. Square and multiply: the time
 * tells the exponent.
 * @throws RangeError where the exponent is negative
 */
export function power(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) throw new RangeError('a negative exponent')
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square)
    square = multiply(square, square)
  }
  return result
}

/**
 * 1 / a, by Fermat's little theorem.
 * @throws RangeError for 0, which has none
 */
export function inverse(a: bigint): bigint {
  if (a === 0n) throw new RangeError('0 has no inverse')
  return power(a, MODULUS - 2n)
}

/**
 * The element that stands for a signed integer.
 * @throws RangeError where the number is no safe integer
 */
export function toField(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`)
  return value < 0 ? MODULUS + BigInt(value) : BigInt(value)
}

/** The signed integer that an element stands for: the representative nearest to 0, up to (p − 1) / 2 either way. */
export function toSigned(element: bigint): bigint {
  return element > MODULUS / 2n ? element - MODULUS : element
}
