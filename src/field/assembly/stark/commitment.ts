import { hashPair, hashWord, pad } from './keccak'

/** Bytes of a leaf's or a node's digest. */
const digestBytes: usize = 24
/** What hashes begin with, so that none of one kind is one of another. */
const leafTag: u8 = 0
const nodeTag: u8 = 1
const grindTag: u8 = 4

/** Messages made at a time: as many rows share a cache line of a column. */
const group: i32 = 8
/**
 * No power of two, so that the messages' beginnings do not fight for one place in the cache. A multiple of the rate.
 */
const messageBytes: usize = 8296
const messages: usize = memory.data(8 * 8296, 16)
/** Bytes that may be hashed at once. */
export const longest: i32 = 8295

/** keccak256 of so many bytes: 32 bytes at the target. */
export function hash(at: usize, length: i32, target: usize): void {
  memory.copy(messages, at, length)
  pad(messages, length)
  hashPair(messages, messages, length)
  for (let word: usize = 0; word < 4; word++) store<u64>(target + 8 * word, hashWord(0, word))
}

/**
 * Leaf first + step · r for row r: the digest of the tag, the leaf's salt (16 bytes, from salts + 16 · leaf on) and the
 * row's values, big-endian.
 * @param stride bytes from one column to the next
 * @param salts 0 for none
 */
export function hashRows(
  values: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  salts: usize,
  leaves: usize,
  first: i32,
  step: i32,
): void {
  const head: usize = salts === 0 ? 1 : 17
  padMessages(head + <usize>columns * 8)
  for (let row = 0; row < rows; row += group) {
    const count = min(group, rows - row)
    const leaf = <usize>(first + step * row)
    for (let k = 0; k < count; k++) {
      store<u8>(message(k), leafTag)
      if (salts !== 0) v128.store(message(k) + 1, v128.load(salts + 16 * (leaf + <usize>(step * k))))
    }
    let column = values + <usize>row * 8
    for (let at = head; at < head + <usize>columns * 8; at += 8, column += stride)
      for (let k = 0; k < count; k++) store<u64>(message(k) + at, bswap(load<u64>(column + <usize>k * 8)))
    digest(count, head + <usize>columns * 8, leaves + digestBytes * leaf, digestBytes * <usize>step)
  }
}

/**
 * Leaf j holds what a fold by 8 joins: the values at j + t · M / 8, t < 8, of M = 2^log2Size over the extension, whose
 * halves lie at `re` and at `im`.
 */
export function hashCosets(re: usize, im: usize, log2Size: i32, leaves: usize): void {
  const leafCount = 1 << (log2Size - 3)
  const apart = <usize>leafCount * 8
  padMessages(129)
  for (let leaf = 0; leaf < leafCount; leaf += group) {
    const count = min(group, leafCount - leaf)
    for (let k = 0; k < count; k++) {
      let at = message(k)
      store<u8>(at++, leafTag)
      const first = <usize>(leaf + k) * 8
      for (let place = first; place < first + 8 * apart; place += apart, at += 16) {
        store<u64>(at, bswap(load<u64>(re + place)))
        store<u64>(at, bswap(load<u64>(im + place)), 8)
      }
    }
    digest(count, 129, leaves + digestBytes * <usize>leaf, digestBytes)
  }
}

/**
 * Fills in a tree's inner nodes, in the order of a heap: the root is digest 1, the leaves begin at digest
 * 2^log2Leaves.
 */
export function merkle(tree: usize, log2Leaves: i32): void {
  padMessages(1 + 2 * digestBytes)
  for (let level = log2Leaves - 1; level >= 0; level--) {
    const end = 2 << level
    for (let node = 1 << level; node < end; node += group) {
      const count = min(group, end - node)
      for (let k = 0; k < count; k++) {
        store<u8>(message(k), nodeTag)
        const children = tree + 2 * digestBytes * <usize>(node + k)
        for (let at: usize = 0; at < 2 * digestBytes; at += 16)
          v128.store(message(k) + 1 + at, v128.load(children + at))
      }
      digest(count, 1 + 2 * digestBytes, tree + digestBytes * <usize>node, digestBytes)
    }
  }
}

/**
 * The smallest of so many nonces from `start` on for which keccak256(tag ‖ state ‖ nonce) begins with so many zero
 * bits, or −1. @param grindState 32 bytes
 */
export function grind(grindState: usize, start: u64, count: u64, bits: i32): i64 {
  const length: usize = 41
  for (let k = 0; k < 2; k++) {
    store<u8>(message(k), grindTag)
    memory.copy(message(k) + 1, grindState, 32)
    pad(message(k), length)
  }
  const end = start + count
  for (let nonce = start; nonce < end; nonce += 2) {
    store<u64>(message(0) + 33, bswap(nonce))
    store<u64>(message(1) + 33, bswap(nonce + 1))
    hashPair(message(0), message(1), length)
    for (let k: usize = 0; k < 2; k++)
      if (<i32>clz(bswap(hashWord(k, 0))) >= bits && nonce + k < end) return <i64>(nonce + k)
  }
  return -1
}

function message(k: i32): usize {
  return messages + <usize>k * messageBytes
}

/** Pads all messages, whose contents, of one length, are written afterwards. */
function padMessages(length: usize): void {
  for (let k = 0; k < group; k++) pad(message(k), length)
}

/** Digests of the first so many padded messages of one length, `step` bytes from one to the next. */
function digest(count: i32, length: usize, target: usize, step: usize): void {
  for (let k = 0; k < count; k += 2) {
    // An odd count's last is hashed with itself.
    const pair = min(2, count - k)
    hashPair(message(k), message(k + pair - 1), length)
    for (let which = 0; which < pair; which++, target += step)
      for (let word: usize = 0; word < 3; word++) store<u64>(target + 8 * word, hashWord(which, word))
  }
}
