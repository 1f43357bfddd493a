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

/**
 * Values at the powers of ω, or on a coset of them, of coefficients that lie in the order of reversed bits, in place.
 * @param from layers up to blocks of so many bytes are done
 * @param table the twiddles, in the order in which `twiddles` has them
 */
function transform(at: usize, bytes: usize, from: usize, table: usize): void {
  // Two layers at a time: half the loads and stores.
  for (let half = from; half < bytes; half <<= 2) {
    for (let block = at; block < at + bytes; block += half << 2) {
      for (let j: usize = 0; j < half; j += 8) {
        const a = block + j
        const first = load<u64>(table + half + j)
        const x1 = multiply(load<u64>(a + half), first)
        const x3 = multiply(load<u64>(a + 3 * half), first)
        const x0 = load<u64>(a)
        const x2 = load<u64>(a + 2 * half)
        const even = add(x0, x1)
        const odd = subtract(x0, x1)
        const turnedEven = multiply(add(x2, x3), load<u64>(table + 2 * half + j))
        const turnedOdd = multiply(subtract(x2, x3), load<u64>(table + 3 * half + j))
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
    let half: usize = 8
    if (log2n & 1) {
      for (let a = at; a < at + bytes; a += 16) butterfly(a, 8, 1)
      half = 16
    }
    transform(at, bytes, half, twiddles)
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
 * another. The shift is in the twiddles: the layer that makes blocks of 2h has it to the power of n / 2h.
 * @param table n words of scratch
 * @param stride bytes from one column of the target to the next
 */
export function evaluate(
  coefficients: usize,
  target: usize,
  log2n: i32,
  columns: i32,
  shift: u64,
  table: usize,
  stride: usize,
): void {
  learnTwiddles(log2n)
  const bytes = (<usize>8) << log2n
  let power = shift
  for (let half = bytes >> 1; half >= 8; half >>= 1) {
    for (let at = half; at < half << 1; at += 8) store<u64>(table + at, multiply(load<u64>(twiddles + at), power))
    power = multiply(power, power)
  }
  for (; columns > 0; columns--, coefficients += bytes, target += stride) {
    if (log2n & 1) {
      firstLayer(coefficients, target, bytes, table)
      transform(target, bytes, 16, table)
    } else if (log2n > 0) {
      firstTwoLayers(coefficients, target, bytes, table)
      transform(target, bytes, 32, table)
    } else store<u64>(target, load<u64>(coefficients))
  }
}

function firstLayer(coefficients: usize, target: usize, bytes: usize, table: usize): void {
  const half = bytes >> 1
  const first = load<u64>(table + 8)
  for (let i: usize = 0, reversed: usize = 0; i < half; i += 8) {
    const a = target + 2 * reversed
    const x0 = load<u64>(coefficients + i)
    const x1 = multiply(load<u64>(coefficients + half + i), first)
    store<u64>(a, add(x0, x1))
    store<u64>(a + 8, subtract(x0, x1))
    reversed = nextReversed(reversed, (i >> 3) + 1, half)
  }
}

function firstTwoLayers(coefficients: usize, target: usize, bytes: usize, table: usize): void {
  const quarter = bytes >> 2
  const first = load<u64>(table + 8)
  const second = load<u64>(table + 16)
  const third = load<u64>(table + 24)
  for (let i: usize = 0, reversed: usize = 0; i < quarter; i += 8) {
    const a = target + 4 * reversed
    const x0 = load<u64>(coefficients + i)
    const x1 = multiply(load<u64>(coefficients + 2 * quarter + i), first)
    const x2 = load<u64>(coefficients + quarter + i)
    const x3 = multiply(load<u64>(coefficients + 3 * quarter + i), first)
    const even = add(x0, x1)
    const odd = subtract(x0, x1)
    const turnedEven = multiply(add(x2, x3), second)
    const turnedOdd = multiply(subtract(x2, x3), third)
    store<u64>(a, add(even, turnedEven))
    store<u64>(a + 8, add(odd, turnedOdd))
    store<u64>(a + 16, subtract(even, turnedEven))
    store<u64>(a + 24, subtract(odd, turnedOdd))
    reversed = nextReversed(reversed, (i >> 3) + 1, quarter)
  }
}
