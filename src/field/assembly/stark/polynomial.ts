import { add, multiply } from '../goldilocks'
import { halve, inverse, productIm, productRe, rootOfUnity, subtract } from './arithmetic'

// A vector over the extension is two of the base field: the first halves at its address, the second ones n words on.

/** first · factor^i, for i < count. */
export function powers(target: usize, count: i32, first: u64, factor: u64): void {
  const end = target + <usize>count * 8
  for (let power = first; target < end; target += 8) {
    store<u64>(target, power)
    power = multiply(power, factor)
  }
}

/** (x0 + x1 φ)^i, for i < n. */
export function powersExtension(target: usize, n: i32, x0: u64, x1: u64): void {
  const bytes = <usize>n * 8
  let re: u64 = 1
  let im: u64 = 0
  for (let at = target; at < target + bytes; at += 8) {
    store<u64>(at, re)
    store<u64>(at + bytes, im)
    const next = productRe(re, im, x0, x1)
    im = productIm(re, im, x0, x1)
    re = next
  }
}

/**
 * The inner products of so many vectors, which lie one after another, with one vector of weights.
 * @param step bytes from one result to the next
 */
export function innerProducts(vectors: usize, n: i32, columns: i32, weights: usize, target: usize, step: usize): void {
  const bytes = <usize>n * 8
  for (; columns > 0; columns--, vectors += bytes, target += step) {
    let sum: u64 = 0
    for (let at: usize = 0; at < bytes; at += 8)
      sum = add(sum, multiply(load<u64>(vectors + at), load<u64>(weights + at)))
    store<u64>(target, sum)
  }
}

/** target ← target + (f0 + f1 φ) · source; the target over the extension, the source over the base field. */
export function accumulate(target: usize, source: usize, n: i32, f0: u64, f1: u64): void {
  const bytes = <usize>n * 8
  for (const end = target + bytes; target < end; target += 8, source += 8) {
    const value = load<u64>(source)
    store<u64>(target, add(load<u64>(target), multiply(f0, value)))
    store<u64>(target + bytes, add(load<u64>(target + bytes), multiply(f1, value)))
  }
}

/** The same for a source over the extension. */
export function accumulateExtension(target: usize, source: usize, n: i32, f0: u64, f1: u64): void {
  const bytes = <usize>n * 8
  for (const end = target + bytes; target < end; target += 8, source += 8) {
    const re = load<u64>(source)
    const im = load<u64>(source + bytes)
    store<u64>(target, add(load<u64>(target), productRe(re, im, f0, f1)))
    store<u64>(target + bytes, add(load<u64>(target + bytes), productIm(re, im, f0, f1)))
  }
}

/** Coefficients over the extension are divided by x − (z0 + z1 φ), in place; the remainder is dropped. */
export function divideByLinear(at: usize, n: i32, z0: u64, z1: u64): void {
  const bytes = <usize>n * 8
  let re: u64 = 0
  let im: u64 = 0
  for (let coefficient = at + bytes; coefficient > at; ) {
    coefficient -= 8
    const nextRe = add(load<u64>(coefficient), productRe(re, im, z0, z1))
    const nextIm = add(load<u64>(coefficient + bytes), productIm(re, im, z0, z1))
    store<u64>(coefficient, re)
    store<u64>(coefficient + bytes, im)
    re = nextRe
    im = nextIm
  }
}

/**
 * Every element becomes its inverse, 0 stays 0: Montgomery's trick, with one inversion in all.
 * @param scratch as many words
 */
export function batchInverse(at: usize, count: i32, scratch: usize): void {
  const bytes = <usize>count * 8
  let product: u64 = 1
  for (let i: usize = 0; i < bytes; i += 8) {
    store<u64>(scratch + i, product)
    product = multiply(product, orOne(load<u64>(at + i)))
  }
  product = inverse(product)
  for (let i = bytes; i > 0; ) {
    i -= 8
    const value = load<u64>(at + i)
    if (value !== 0) store<u64>(at + i, multiply(product, load<u64>(scratch + i)))
    product = multiply(product, orOne(value))
  }
}

function orOne(value: u64): u64 {
  return value === 0 ? 1 : value
}

/**
 * Folds f(x) = e(x²) + x o(x²) to e + β o, of which it writes the values at x². The source has 2^log2Size values on
 * o · <ω>, in natural order, the target half as many on o² · <ω²>.
 * @param offsetInverse 1 / o
 */
export function fold(source: usize, target: usize, log2Size: i32, offsetInverse: u64, b0: u64, b1: u64): void {
  const bytes = (<usize>8) << log2Size
  const half = bytes >> 1
  const step = inverse(rootOfUnity(log2Size))
  let xHalved = halve(offsetInverse)
  for (let i: usize = 0; i < half; i += 8) {
    const at = source + i
    const differenceRe = multiply(xHalved, subtract(load<u64>(at), load<u64>(at + half)))
    const differenceIm = multiply(xHalved, subtract(load<u64>(at + bytes), load<u64>(at + bytes + half)))
    const evenRe = halve(add(load<u64>(at), load<u64>(at + half)))
    const evenIm = halve(add(load<u64>(at + bytes), load<u64>(at + bytes + half)))
    store<u64>(target + i, add(evenRe, productRe(differenceRe, differenceIm, b0, b1)))
    store<u64>(target + half + i, add(evenIm, productIm(differenceRe, differenceIm, b0, b1)))
    xHalved = multiply(xHalved, step)
  }
}
