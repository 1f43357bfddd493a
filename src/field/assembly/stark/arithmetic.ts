import { add, modulus, multiply, multiplySmall } from '../goldilocks'

/** Of the field's multiplicative group, and φ² in the extension. */
export const generator: u64 = 7

/** a − b for canonical a and b. */
export function subtract(a: u64, b: u64): u64 {
  const difference = a - b
  return a < b ? difference + modulus : difference
}

/** a / 2, canonical for a canonical a: an odd a has (p + 1) / 2 for its lowest bit. */
export function halve(a: u64): u64 {
  return (a >> 1) + ((0 - (a & 1)) & ((modulus >> 1) + 1))
}

/** base to the power of exponent. */
export function power(base: u64, exponent: u64): u64 {
  let result: u64 = 1
  for (let square = base, rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) result = multiply(result, square)
    square = multiply(square, square)
  }
  return result
}

/** 1 / a, and 0 for 0. */
export function inverse(a: u64): u64 {
  return power(a, modulus - 2)
}

/** ω of the subgroup of 2^log2n elements. */
export function rootOfUnity(log2n: i32): u64 {
  return power(generator, (modulus - 1) >> log2n)
}

/** The first half of (a0 + a1 φ)(b0 + b1 φ), where φ² = 7. */
export function productRe(a0: u64, a1: u64, b0: u64, b1: u64): u64 {
  return add(multiply(a0, b0), multiplySmall(multiply(a1, b1), generator))
}

/** Its second half. */
export function productIm(a0: u64, a1: u64, b0: u64, b1: u64): u64 {
  return add(multiply(a0, b1), multiply(a1, b0))
}
