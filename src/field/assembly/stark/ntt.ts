import { add, multiply } from '../goldilocks'
import { inverse, rootOfUnity, subtract } from './arithmetic'

/**
 * Powers of the roots of unity, for every size one after another: ω_2h^j, j < h, is word h + j. A larger size thus
 * adds to the table and changes nothing in it. The table lies where static data ends; the caller keeps that place
 * free.
 */
const twiddles: usize = __heap_base
/** How far the table reaches. */
let known: i32 = 0

function learnTwiddles(log2n: i32): void {
  for (; known < log2n; known++) {
    const half = (<usize>8) << known
    const root = rootOfUnity(known + 1)
    let twiddle: u64 = 1
    for (let at = half; at < half << 1; at += 8) {
      store<u64>(twiddles + at, twiddle)
      twiddle = multiply(twiddle, root)
    }
  }
}

/** The place, in bytes, after this one in the order of reversed bits, of `bytes` in all. `next` counts in 8 bytes. */
function nextReversed(reversed: usize, next: usize, bytes: usize): usize {
  return reversed ^ (bytes - (bytes >> (ctz(next) + 1)))
}

/** Values at the powers of ω of coefficients that lie in the order of reversed bits, in place. */
function transform(at: usize, log2n: i32): void {
  const bytes = (<usize>8) << log2n
  let half: usize = 8
  if (log2n & 1) {
    for (let a = at; a < at + bytes; a += 16) butterfly(a, 8, 1)
    half = 16
  }
  // Two layers at a time: half the loads and stores.
  for (; half < bytes; half <<= 2) {
    for (let block = at; block < at + bytes; block += half << 2) {
      for (let j: usize = 0; j < half; j += 8) {
        const a = block + j
        const first = load<u64>(twiddles + half + j)
        const x1 = multiply(load<u64>(a + half), first)
        const x3 = multiply(load<u64>(a + 3 * half), first)
        const x0 = load<u64>(a)
        const x2 = load<u64>(a + 2 * half)
        const even = add(x0, x1)
        const odd = subtract(x0, x1)
        const turnedEven = multiply(add(x2, x3), load<u64>(twiddles + 2 * half + j))
        const turnedOdd = multiply(subtract(x2, x3), load<u64>(twiddles + 3 * half + j))
        store<u64>(a, add(even, turnedEven))
        store<u64>(a + half, add(odd, turnedOdd))
        store<u64>(a + 2 * half, subtract(even, turnedEven))
        store<u64>(a + 3 * half, subtract(odd, turnedOdd))
      }
    }
  }
}

function butterfly(a: usize, distance: usize, twiddle: u64): void {
  const x = load<u64>(a)
  const y = multiply(load<u64>(a + distance), twiddle)
  store<u64>(a, add(x, y))
  store<u64>(a + distance, subtract(x, y))
}

/** Values on <ω_n> become coefficients, in place; so many vectors of n = 2^log2n words, one after another. */
export function interpolate(at: usize, log2n: i32, columns: i32): void {
  learnTwiddles(log2n)
  const bytes = (<usize>8) << log2n
  const scale = inverse((<u64>1) << log2n)
  for (; columns > 0; columns--, at += bytes) {
    reverseBits(at, bytes)
    transform(at, log2n)
    // This was a sum with ω^jk, not ω^-jk: what belongs to −k has come out at k.
    multiplyInPlace(at, scale)
    for (let low = at + 8, high = at + bytes - 8; low <= high; low += 8, high -= 8) {
      const swapped = multiply(load<u64>(low), scale)
      store<u64>(low, multiply(load<u64>(high), scale))
      store<u64>(high, swapped)
    }
  }
}

function multiplyInPlace(at: usize, factor: u64): void {
  store<u64>(at, multiply(load<u64>(at), factor))
}

function reverseBits(at: usize, bytes: usize): void {
  for (let i: usize = 0, reversed: usize = 0; i < bytes; i += 8) {
    if (i < reversed) {
      const swapped = load<u64>(at + i)
      store<u64>(at + i, load<u64>(at + reversed))
      store<u64>(at + reversed, swapped)
    }
    reversed = nextReversed(reversed, (i >> 3) + 1, bytes)
  }
}

/**
 * Values on shift · <ω_n>, in natural order, of so many polynomials of n = 2^log2n coefficients that lie one after
 * another.
 * @param shifts the first n powers of the shift
 * @param stride bytes from one column of the target to the next
 */
export function evaluate(
  coefficients: usize,
  target: usize,
  log2n: i32,
  columns: i32,
  shifts: usize,
  stride: usize,
): void {
  learnTwiddles(log2n)
  const bytes = (<usize>8) << log2n
  for (; columns > 0; columns--, coefficients += bytes, target += stride) {
    for (let i: usize = 0, reversed: usize = 0; i < bytes; i += 8) {
      store<u64>(target + reversed, multiply(load<u64>(coefficients + i), load<u64>(shifts + i)))
      reversed = nextReversed(reversed, (i >> 3) + 1, bytes)
    }
    transform(target, log2n)
  }
}
