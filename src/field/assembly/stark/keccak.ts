/**
 * Keccak-256 as Ethereum has it, of two messages of one length at a time: lane i of the state holds word i of the first
 * message's state and word i of the second's.
 */
const state: usize = memory.data(400, 16)
/** Where every other round leaves the state. */
const other: usize = memory.data(400, 16)

/** Bytes that a block takes in. */
const rate: usize = 136

/** The lower and the upper half of each. */
const roundConstants: usize = memory.data<u32>([
  0x00000001, 0x00000000, 0x00008082, 0x00000000, 0x0000808a, 0x80000000, 0x80008000, 0x80000000, 0x0000808b,
  0x00000000, 0x80000001, 0x00000000, 0x80008081, 0x80000000, 0x00008009, 0x80000000, 0x0000008a, 0x00000000,
  0x00000088, 0x00000000, 0x80008009, 0x00000000, 0x8000000a, 0x00000000, 0x8000808b, 0x00000000, 0x0000008b,
  0x80000000, 0x00008089, 0x80000000, 0x00008003, 0x80000000, 0x00008002, 0x80000000, 0x00000080, 0x80000000,
  0x0000800a, 0x00000000, 0x8000000a, 0x80000000, 0x80008081, 0x80000000, 0x00008080, 0x80000000, 0x80000001,
  0x00000000, 0x80008008, 0x80000000,
])

/** Zero bytes and marks that a message of this length needs behind it, and the length with them. */
export function paddedLength(length: usize): usize {
  return (length / rate + 1) * rate
}

/** Pads a message in place, to its padded length. */
export function pad(message: usize, length: usize): void {
  const end = message + paddedLength(length)
  memory.fill(message + length, 0, end - message - length)
  store<u8>(message + length, 1)
  store<u8>(end - 1, load<u8>(end - 1) | 0x80)
}

/** Hashes two padded messages of one length. */
export function hashPair(first: usize, second: usize, length: usize): void {
  // No memory.fill: for so few bytes its call takes longer than the stores.
  for (let lane = state; lane < state + 400; lane += 16) v128.store(lane, i64x2.splat(0))
  const end = first + paddedLength(length)
  while (first < end) {
    for (let lane = state; lane < state + 2 * rate; lane += 16, first += 8, second += 8)
      v128.store(lane, v128.xor(v128.load(lane), v128.load64_lane(second, v128.load64_zero(first), 1)))
    permute()
  }
}

/** A word of the first message's hash, for which = 0, or of the second's, for which = 1. */
export function hashWord(which: usize, word: usize): u64 {
  return load<u64>(state + 16 * word + 8 * which)
}

function permute(): void {
  for (let at = roundConstants; at < roundConstants + 192; at += 16) {
    round(state, other, at)
    round(other, state, at + 8)
  }
}

/** FIPS 202, section 3.2; lane (x, y) is at 16 (x + 5 y). */
function round(from: usize, to: usize, constant: usize): void {
  const c0 = parity(from)
  const c1 = parity(from + 16)
  const c2 = parity(from + 32)
  const c3 = parity(from + 48)
  const c4 = parity(from + 64)
  const d0 = v128.xor(c4, left(c1, 1))
  const d1 = v128.xor(c0, left(c2, 1))
  const d2 = v128.xor(c1, left(c3, 1))
  const d3 = v128.xor(c2, left(c4, 1))
  const d4 = v128.xor(c3, left(c0, 1))
  writeRow(
    to,
    v128.xor(v128.load(from), d0),
    left(v128.xor(v128.load(from, 96), d1), 44),
    left(v128.xor(v128.load(from, 192), d2), 43),
    left(v128.xor(v128.load(from, 288), d3), 21),
    left(v128.xor(v128.load(from, 384), d4), 14),
  )
  v128.store(to, v128.xor(v128.load(to), v128.load64_splat(constant)))
  writeRow(
    to + 80,
    left(v128.xor(v128.load(from, 48), d3), 28),
    left(v128.xor(v128.load(from, 144), d4), 20),
    left(v128.xor(v128.load(from, 160), d0), 3),
    left(v128.xor(v128.load(from, 256), d1), 45),
    left(v128.xor(v128.load(from, 352), d2), 61),
  )
  writeRow(
    to + 160,
    left(v128.xor(v128.load(from, 16), d1), 1),
    left(v128.xor(v128.load(from, 112), d2), 6),
    left(v128.xor(v128.load(from, 208), d3), 25),
    left(v128.xor(v128.load(from, 304), d4), 8),
    left(v128.xor(v128.load(from, 320), d0), 18),
  )
  writeRow(
    to + 240,
    left(v128.xor(v128.load(from, 64), d4), 27),
    left(v128.xor(v128.load(from, 80), d0), 36),
    left(v128.xor(v128.load(from, 176), d1), 10),
    left(v128.xor(v128.load(from, 272), d2), 15),
    left(v128.xor(v128.load(from, 368), d3), 56),
  )
  writeRow(
    to + 320,
    left(v128.xor(v128.load(from, 32), d2), 62),
    left(v128.xor(v128.load(from, 128), d3), 55),
    left(v128.xor(v128.load(from, 224), d4), 39),
    left(v128.xor(v128.load(from, 240), d0), 41),
    left(v128.xor(v128.load(from, 336), d1), 2),
  )
}

function parity(column: usize): v128 {
  const upper = v128.xor(v128.load(column), v128.load(column, 80))
  const lower = v128.xor(v128.load(column, 160), v128.load(column, 240))
  return v128.xor(v128.xor(upper, lower), v128.load(column, 320))
}

function writeRow(to: usize, b0: v128, b1: v128, b2: v128, b3: v128, b4: v128): void {
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)))
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 16)
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 32)
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 48)
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 64)
}

function left(x: v128, bits: i32): v128 {
  return v128.or(i64x2.shl(x, bits), i64x2.shr_u(x, 64 - bits))
}
