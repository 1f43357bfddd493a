import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../crypto/bytes.ts'
import { MOST_HOSPITALS, MOST_SEGMENTS } from './plan.ts'

/**
 * Who is audited and in what, from a beacon of 32 bytes, to the byte, so that a contract can draw the same.
 *
 * Words. A chain of keccak256: word₀ = H(tag ‖ beacon) for hospitals, H(tag ‖ beacon ‖ uint8 member) for a hospital's
 * segments, wordᵢ₊₁ = H(wordᵢ). The tags are the ASCII bytes below, without a length. In Solidity:
 * `keccak256(abi.encodePacked("wardround/audit/segments/1", beacon, uint8(member)))`, then
 * `keccak256(abi.encodePacked(word))`.
 *
 * Numbers below n. A word is a big-endian integer w. Where w ≥ 2^256 − (2^256 mod n) the word is left out and the next
 * is taken; otherwise the number is w mod n.
 *
 * Sets without replacement. Of a list of n, for i = 0, 1, …, count − 1: j = i + a number below n − i; swap the entries
 * i and j. The first count entries are drawn. (One word for each, the last too, where n − i is 1.)
 */
const HOSPITALS = new TextEncoder().encode('wardround/audit/hospitals/1')
const SEGMENTS = new TextEncoder().encode('wardround/audit/segments/1')

/**
 * The hospitals to audit: those that are due in any case, and so many of the others.
 * @param beacon 32 bytes
 * @param members indices in the study of all that submitted, in rising order
 * @param count how many are drawn beside those that are due; all, where fewer are left
 * @returns indices in rising order
 * @throws RangeError for a beacon of another length, members out of order, and a count below 1
 */
export function drawHospitals(
  beacon: Uint8Array,
  members: readonly number[],
  count: number,
  due: readonly number[] = [],
): number[] {
  checkMembers(members)
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`${count} hospitals cannot be drawn`)
  const certain = members.filter(member => due.includes(member))
  const others = members.filter(member => !due.includes(member))
  const drawn = drawnOf(others, Math.min(count, others.length), wordsOf(HOSPITALS, beaconOf(beacon)))
  return rising([...certain, ...drawn])
}

/**
 * The segments that a drawn hospital has to prove, the last always among them.
 * @param beacon 32 bytes
 * @param member the hospital's index in the study
 * @returns indices from 0 in rising order
 * @throws RangeError for a beacon of another length, and for numbers that make no sense
 */
export function drawSegments(beacon: Uint8Array, member: number, segments: number, audited: number): number[] {
  checkMembers([member])
  if (!Number.isInteger(segments) || segments < 1 || segments > MOST_SEGMENTS)
    throw new RangeError(`${segments} segments`)
  if (!Number.isInteger(audited) || audited < 1 || audited > segments) {
    throw new RangeError(`${audited} of ${segments} segments cannot be drawn`)
  }
  const others = Array.from({ length: segments - 1 }, (_, segment) => segment)
  const words = wordsOf(SEGMENTS, beaconOf(beacon), Uint8Array.of(member))
  return [...rising(drawnOf(others, audited - 1, words)), segments - 1]
}

/** A number below the bound from a word; undefined: the word has to be left out. */
export function reduced(word: bigint, bound: number): number | undefined {
  const size = BigInt(bound)
  return word < WORDS - (WORDS % size) ? Number(word % size) : undefined
}

/** How many words there are. */
const WORDS = 1n << 256n

/** So many of a list, without replacement, in the order in which they are drawn. */
export function drawnOf(list: readonly number[], count: number, words: Iterator<bigint, never>): number[] {
  const order = [...list]
  for (let i = 0; i < count; i++) {
    const j = i + numberBelow(order.length - i, words)
    const swap = order[i]!
    order[i] = order[j]!
    order[j] = swap
  }
  return order.slice(0, count)
}

function numberBelow(bound: number, words: Iterator<bigint, never>): number {
  for (;;) {
    const number = reduced(words.next().value, bound)
    if (number !== undefined) return number
  }
}

/** The chain of words from a seed's bytes on. */
export function* wordsOf(...seed: readonly Uint8Array[]): Generator<bigint, never> {
  for (let word = keccak_256(concatBytes(...seed)); ; word = keccak_256(word)) yield integerOf(word)
}

function integerOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  for (let at = 0; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at)
  return value
}

function beaconOf(beacon: Uint8Array): Uint8Array {
  if (beacon.length !== 32) throw new RangeError(`a beacon of ${beacon.length} bytes`)
  return beacon
}

/** @throws RangeError where they are not indices in a study in rising order */
export function checkMembers(members: readonly number[]): void {
  members.forEach((member, i) => {
    const isIndex = Number.isInteger(member) && member >= 0 && member < MOST_HOSPITALS
    if (!isIndex || (i > 0 && member <= members[i - 1]!)) throw new RangeError(`${member} is no next member`)
  })
}

function rising(list: readonly number[]): number[] {
  return [...list].sort((a, b) => a - b)
}
