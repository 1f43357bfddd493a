/** The key: eight little-endian 32-bit words. */
export const key: usize = memory.data(32, 16)

const constant0: i32 = 0x6170_7865
const constant1: i32 = 0x3320_646e
const constant2: i32 = 0x7962_2d32
const constant3: i32 = 0x6b20_6574

/** Four blocks at a time, one in each lane of the state's words. */
const groupBytes: usize = 256

/**
 * Writes the keystream of ChaCha20 (RFC 8439, section 2.4) under `key`, from the block of this counter on.
 * @param target where, groups · 256 bytes
 * @param counter the first block's
 */
export function keystream(target: usize, counter: i32, groups: i32, nonce0: i32, nonce1: i32, nonce2: i32): void {
  const end = target + <usize>groups * groupBytes
  let counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3))
  for (let at = target; at < end; at += groupBytes) {
    let x0 = i32x4.splat(constant0)
    let x1 = i32x4.splat(constant1)
    let x2 = i32x4.splat(constant2)
    let x3 = i32x4.splat(constant3)
    let x4 = v128.load32_splat(key, 0)
    let x5 = v128.load32_splat(key, 4)
    let x6 = v128.load32_splat(key, 8)
    let x7 = v128.load32_splat(key, 12)
    let x8 = v128.load32_splat(key, 16)
    let x9 = v128.load32_splat(key, 20)
    let x10 = v128.load32_splat(key, 24)
    let x11 = v128.load32_splat(key, 28)
    let x12 = counters
    let x13 = i32x4.splat(nonce0)
    let x14 = i32x4.splat(nonce1)
    let x15 = i32x4.splat(nonce2)
    for (let round = 0; round < 20; round += 2) {
      // The columns.
      x0 = i32x4.add(x0, x4)
      x1 = i32x4.add(x1, x5)
      x2 = i32x4.add(x2, x6)
      x3 = i32x4.add(x3, x7)
      x12 = left16(v128.xor(x12, x0))
      x13 = left16(v128.xor(x13, x1))
      x14 = left16(v128.xor(x14, x2))
      x15 = left16(v128.xor(x15, x3))
      x8 = i32x4.add(x8, x12)
      x9 = i32x4.add(x9, x13)
      x10 = i32x4.add(x10, x14)
      x11 = i32x4.add(x11, x15)
      x4 = left12(v128.xor(x4, x8))
      x5 = left12(v128.xor(x5, x9))
      x6 = left12(v128.xor(x6, x10))
      x7 = left12(v128.xor(x7, x11))
      x0 = i32x4.add(x0, x4)
      x1 = i32x4.add(x1, x5)
      x2 = i32x4.add(x2, x6)
      x3 = i32x4.add(x3, x7)
      x12 = left8(v128.xor(x12, x0))
      x13 = left8(v128.xor(x13, x1))
      x14 = left8(v128.xor(x14, x2))
      x15 = left8(v128.xor(x15, x3))
      x8 = i32x4.add(x8, x12)
      x9 = i32x4.add(x9, x13)
      x10 = i32x4.add(x10, x14)
      x11 = i32x4.add(x11, x15)
      x4 = left7(v128.xor(x4, x8))
      x5 = left7(v128.xor(x5, x9))
      x6 = left7(v128.xor(x6, x10))
      x7 = left7(v128.xor(x7, x11))
      // The diagonals.
      x0 = i32x4.add(x0, x5)
      x1 = i32x4.add(x1, x6)
      x2 = i32x4.add(x2, x7)
      x3 = i32x4.add(x3, x4)
      x15 = left16(v128.xor(x15, x0))
      x12 = left16(v128.xor(x12, x1))
      x13 = left16(v128.xor(x13, x2))
      x14 = left16(v128.xor(x14, x3))
      x10 = i32x4.add(x10, x15)
      x11 = i32x4.add(x11, x12)
      x8 = i32x4.add(x8, x13)
      x9 = i32x4.add(x9, x14)
      x5 = left12(v128.xor(x5, x10))
      x6 = left12(v128.xor(x6, x11))
      x7 = left12(v128.xor(x7, x8))
      x4 = left12(v128.xor(x4, x9))
      x0 = i32x4.add(x0, x5)
      x1 = i32x4.add(x1, x6)
      x2 = i32x4.add(x2, x7)
      x3 = i32x4.add(x3, x4)
      x15 = left8(v128.xor(x15, x0))
      x12 = left8(v128.xor(x12, x1))
      x13 = left8(v128.xor(x13, x2))
      x14 = left8(v128.xor(x14, x3))
      x10 = i32x4.add(x10, x15)
      x11 = i32x4.add(x11, x12)
      x8 = i32x4.add(x8, x13)
      x9 = i32x4.add(x9, x14)
      x5 = left7(v128.xor(x5, x10))
      x6 = left7(v128.xor(x6, x11))
      x7 = left7(v128.xor(x7, x8))
      x4 = left7(v128.xor(x4, x9))
    }
    writeWords(
      at + 0,
      i32x4.add(x0, i32x4.splat(constant0)),
      i32x4.add(x1, i32x4.splat(constant1)),
      i32x4.add(x2, i32x4.splat(constant2)),
      i32x4.add(x3, i32x4.splat(constant3)),
    )
    writeWords(
      at + 16,
      i32x4.add(x4, v128.load32_splat(key, 0)),
      i32x4.add(x5, v128.load32_splat(key, 4)),
      i32x4.add(x6, v128.load32_splat(key, 8)),
      i32x4.add(x7, v128.load32_splat(key, 12)),
    )
    writeWords(
      at + 32,
      i32x4.add(x8, v128.load32_splat(key, 16)),
      i32x4.add(x9, v128.load32_splat(key, 20)),
      i32x4.add(x10, v128.load32_splat(key, 24)),
      i32x4.add(x11, v128.load32_splat(key, 28)),
    )
    writeWords(
      at + 48,
      i32x4.add(x12, counters),
      i32x4.add(x13, i32x4.splat(nonce0)),
      i32x4.add(x14, i32x4.splat(nonce1)),
      i32x4.add(x15, i32x4.splat(nonce2)),
    )
    counters = i32x4.add(counters, i32x4.splat(4))
  }
}

/** Four words of four blocks, a word's lanes being the blocks, to their places in the blocks, 64 bytes apart. */
function writeWords(at: usize, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const low01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5)
  const low23 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5)
  const high01 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7)
  const high23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7)
  v128.store(at, v128.shuffle<i64>(low01, low23, 0, 2))
  v128.store(at, v128.shuffle<i64>(low01, low23, 1, 3), 64)
  v128.store(at, v128.shuffle<i64>(high01, high23, 0, 2), 128)
  v128.store(at, v128.shuffle<i64>(high01, high23, 1, 3), 192)
}

function left16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
}

function left12(x: v128): v128 {
  return v128.or(i32x4.shl(x, 12), i32x4.shr_u(x, 20))
}

function left8(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)
}

function left7(x: v128): v128 {
  return v128.or(i32x4.shl(x, 7), i32x4.shr_u(x, 25))
}
