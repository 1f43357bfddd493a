import { add as addElements, modulus, multiply, multiplySmall } from './goldilocks'

export { key, keystream } from './chacha20'

/** Elements that a buffer holds. */
export const capacity: i32 = 2048
/** The buffers: what is changed, what is read, and the stream's words. */
export const target: usize = memory.data(2048 * 8, 16)
export const source: usize = memory.data(2048 * 8, 16)
export const words: usize = memory.data(2048 * 8, 16)

/**
 * Leaves out those of the first so many words of `words` that are not less than the modulus, and closes the gaps.
 * @param count a multiple of 4
 * @returns how many are left
 */
export function keepCanonical(count: i32): i32 {
  if (!suspicious(count)) return count
  const end = words + <usize>count * 8
  let to = words
  for (let from = words; from < end; from += 8) {
    const word = load<u64>(from)
    if (word >= modulus) continue
    store<u64>(to, word)
    to += 8
  }
  return <i32>((to - words) / 8)
}

/** Whether some word's upper half is all ones: every word that is not less than the modulus has such a half. */
function suspicious(count: i32): bool {
  const end = words + <usize>count * 8
  const ones = i32x4.splat(-1)
  let found = i32x4.splat(0)
  for (let at = words; at < end; at += 32) {
    const high = v128.shuffle<i32>(v128.load(at), v128.load(at, 16), 1, 3, 5, 7)
    found = v128.or(found, i32x4.eq(high, ones))
  }
  return v128.any_true(found)
}

/**
 * target ← target + source.
 * @param from `source` or `words`
 * @returns whether every element was canonical
 */
export function add(from: usize, count: i32): bool {
  makeEven(from, count)
  const p = i64x2.splat(modulus)
  let excess = i64x2.splat(0)
  const end = <usize>count * 8
  for (let at: usize = 0; at < end; at += 16) {
    const a = v128.load(target + at)
    const b = v128.load(from + at)
    excess = v128.or(excess, v128.or(isBelow(largest(), a), isBelow(largest(), b)))
    // As for single elements, see goldilocks.ts.
    const complement = i64x2.sub(p, b)
    const borrow = v128.and(isBelow(a, complement), p)
    v128.store(target + at, i64x2.add(i64x2.sub(a, complement), borrow))
  }
  return !v128.any_true(excess)
}

/** target ← target − source, as above. */
export function subtract(from: usize, count: i32): bool {
  makeEven(from, count)
  const p = i64x2.splat(modulus)
  let excess = i64x2.splat(0)
  const end = <usize>count * 8
  for (let at: usize = 0; at < end; at += 16) {
    const a = v128.load(target + at)
    const b = v128.load(from + at)
    excess = v128.or(excess, v128.or(isBelow(largest(), a), isBelow(largest(), b)))
    v128.store(target + at, i64x2.add(i64x2.sub(a, b), v128.and(isBelow(a, b), p)))
  }
  return !v128.any_true(excess)
}

/** target ← target + weight · source, as above. Hospitals' weights are small. */
export function addScaled(from: usize, count: i32, weight: u64): bool {
  let excess = 0
  const small = weight >> 32 === 0
  const end = <usize>count * 8
  for (let at: usize = 0; at < end; at += 8) {
    const a = load<u64>(target + at)
    const b = load<u64>(from + at)
    excess |= isExcess(a) | isExcess(b)
    store<u64>(target + at, addElements(a, small ? multiplySmall(b, weight) : multiply(b, weight)))
  }
  return excess === 0
}

/** Σ target · source, or the modulus where an element was not canonical. */
export function inner(count: i32): u64 {
  let excess = 0
  let sum: u64 = 0
  const end = <usize>count * 8
  for (let at: usize = 0; at < end; at += 8) {
    const a = load<u64>(target + at)
    const b = load<u64>(source + at)
    excess |= isExcess(a) | isExcess(b)
    sum = addElements(sum, multiply(a, b))
  }
  return excess === 0 ? sum : modulus
}

/**
 * Σ words · direction, the direction's signed bytes lying in `source`. The words' halves are summed apart: for the 2048
 * terms of a buffer either sum is below 2^50.
 */
export function innerSmall(count: i32): u64 {
  let low: i64 = 0
  let high: i64 = 0
  for (let i = 0; i < count; i++) {
    const factor = <i64>load<i8>(source + <usize>i)
    low += <i64>load<u32>(words + <usize>i * 8) * factor
    high += <i64>load<u32>(words + <usize>i * 8, 4) * factor
  }
  return addElements(fromSigned(low), multiply(fromSigned(high), 0x1_0000_0000))
}

/** Puts a zero after an odd number of elements: lanes go by twos, and a buffer holds an even number. */
function makeEven(from: usize, count: i32): void {
  if ((count & 1) === 0) return
  store<u64>(target + <usize>count * 8, 0)
  store<u64>(from + <usize>count * 8, 0)
}

/** All ones in the lanes where a < b. SIMD compares signed numbers only: the highest bit is turned over. */
function isBelow(a: v128, b: v128): v128 {
  const highest = i64x2.splat(i64.MIN_VALUE)
  return i64x2.gt_s(v128.xor(b, highest), v128.xor(a, highest))
}

/** The largest element, in both lanes. */
function largest(): v128 {
  return i64x2.splat(modulus - 1)
}

function isExcess(word: u64): i32 {
  return <i32>(word >= modulus)
}

function fromSigned(value: i64): u64 {
  return value < 0 ? modulus + <u64>value : <u64>value
}
