/** 2^64 − 2^32 + 1. */
export const modulus: u64 = ((<u64>0xffff_ffff) << 32) + 1
/** 2^64 mod p. */
const epsilon: u64 = 0xffff_ffff

/** a + b for canonical a and b. Written as a − (p − b): a + b itself may not fit into 64 bits. */
export function add(a: u64, b: u64): u64 {
  const complement = modulus - b
  const difference = a - complement
  return a < complement ? difference + modulus : difference
}

/** a · b, canonical, for any a and b. */
export function multiply(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff
  const aHigh = a >> 32
  const bLow = b & 0xffff_ffff
  const bHigh = b >> 32
  const low = aLow * bLow
  // Neither sum can overflow: (2^32 − 1)^2 + 2 (2^32 − 1) < 2^64.
  const middle = aHigh * bLow + (low >> 32)
  const cross = aLow * bHigh + (middle & 0xffff_ffff)
  return reduce(aHigh * bHigh + (middle >> 32) + (cross >> 32), a * b)
}

/** a · b, canonical, for any a and any b < 2^32: half the work. */
export function multiplySmall(a: u64, b: u64): u64 {
  const low = (a & 0xffff_ffff) * b
  const middle = (a >> 32) * b + (low >> 32)
  return reduce(middle >> 32, a * b)
}

/**
 * high · 2^64 + low, canonical, with 2^64 = 2^32 − 1 and 2^96 = −1 (mod p): with high = h1 · 2^32 + h0 it is
 * low − h1 + h0 (2^32 − 1).
 */
export function reduce(high: u64, low: u64): u64 {
  const h1 = high >> 32
  const h0 = high & 0xffff_ffff
  let sum = low - h1
  // 2^64 was borrowed. What is left is at least 2^64 − 2^32 + 1, so this borrows nothing.
  if (low < h1) sum -= epsilon
  const product = (h0 << 32) - h0
  const result = sum + product
  // A carry is worth 2^32 − 1; the product is at most 2^64 − 2^33 + 1, so this carries nothing.
  return canonical(result < product ? result + epsilon : result)
}

/** Any 64-bit word as an element. */
export function canonical(word: u64): u64 {
  return word >= modulus ? word - modulus : word
}
