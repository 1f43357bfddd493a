import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes, hexToBytes, sameBytes } from '../../crypto/bytes.ts'
import type { Address } from '../../study/types.ts'

/**
 * A round's beacon: random bytes that nobody chooses. Every hospital commits to 32 random bytes of its own with its
 * update. K blocks after the last commitment comes the seed block; only once K more are on top of it may anybody
 * reveal. So whoever makes the seed block does not know the reveals, nor does who would replace it by a short fork, and
 * whoever reveals cannot change them.
 *
 * where      = chain id ‖ contract ‖ study ‖ round
 * commitment = H("wardround/beacon/reveal/1" ‖ where ‖ hospital ‖ reveal)
 * beacon     = H("wardround/beacon/1" ‖ hash of the seed block ‖ parts, in the order of members ‖ where)
 *
 * H is keccak256 of the packed bytes: chain id and round as uint256, addresses in 20 bytes, all else in 32. A part is
 * the hospital's reveal. Where one is missing after the last block for reveals, the hash is that of the fallback block
 * instead, and the missing part is the hospital's commitment: one more draw that nobody knew when deciding not to
 * reveal, by more audits (withMoreAudits).
 */
export interface BeaconRound {
  readonly chainId: number
  /** The contract that keeps commitments and draws. */
  readonly contract: Address
  readonly study: Address
  readonly round: number
}

/** Fewest blocks from the last commitment to the seed block. */
export const LEAST_DELAY = 4
/** Hashes of so many blocks can be looked up (EIP-2935). */
export const HASHES_KEPT = 8191

const REVEAL = new TextEncoder().encode('wardround/beacon/reveal/1')
const BEACON = new TextEncoder().encode('wardround/beacon/1')

/**
 * What a hospital puts on the chain with its update.
 * @param reveal 32 random bytes, used once
 * @throws RangeError for a reveal of another length, and for a round that makes no sense
 */
export function revealCommitment(round: BeaconRound, hospital: Address, reveal: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(REVEAL, roundBytes(round), hexToBytes(hospital), wordOf(reveal, 'reveal')))
}

/** Whether the reveal is what the hospital committed to in this round. @throws RangeError as revealCommitment */
export function isRevealOf(commitment: Uint8Array, round: BeaconRound, hospital: Address, reveal: Uint8Array): boolean {
  return sameBytes(commitment, revealCommitment(round, hospital, reveal))
}

/** A participant's part in the beacon. */
export interface BeaconPart {
  readonly commitment: Uint8Array
  /** null: it did not reveal in time. */
  readonly reveal: Uint8Array | null
}

/** When what happens, in block numbers. */
export interface BeaconSchedule {
  /** Its hash is the beacon's. */
  readonly seedBlock: number
  /** The first and the last block that take reveals. */
  readonly revealsFrom: number
  readonly revealsUntil: number
  /** Its hash is the beacon's where a reveal is missing: fixed before anybody can know the hash. */
  readonly fallbackBlock: number
}

/**
 * @param commitBlock the last that took a commitment
 * @param delay K, in blocks: before the seed block, on top of it before reveals, and before the fallback block
 * @param window blocks in which reveals are taken
 * @throws RangeError for a delay below 4 and no window
 */
export function beaconSchedule(commitBlock: number, delay: number, window: number): BeaconSchedule {
  if (!Number.isInteger(delay) || delay < LEAST_DELAY)
    throw new RangeError(`K is at least ${LEAST_DELAY}, not ${delay}`)
  if (!Number.isInteger(window) || window < 1) throw new RangeError(`${window} blocks to reveal in`)
  const seedBlock = commitBlock + delay
  const revealsFrom = seedBlock + delay + 1
  const revealsUntil = revealsFrom + window - 1
  return { seedBlock, revealsFrom, revealsUntil, fallbackBlock: revealsUntil + delay }
}

/** The block whose hash the beacon takes. @throws RangeError where nobody takes part */
export function beaconBlock(schedule: BeaconSchedule, parts: readonly BeaconPart[]): number {
  if (parts.length === 0) throw new RangeError('a beacon of nobody')
  return isWhole(parts) ? schedule.seedBlock : schedule.fallbackBlock
}

/**
 * The block that stands in for one whose hash the chain has forgotten, because nobody captured it: the latest at a
 * distance of a multiple of 8,191. At any time one block alone draws, so nobody gains by waiting.
 * @param block the one that should have been captured
 * @param now the current block, whose own hash is not known yet
 * @throws RangeError while there is no hash yet
 */
export function capturedBlock(block: number, now: number): number {
  if (now <= block) throw new RangeError(`the hash of block ${block} is not known in block ${now}`)
  const age = now - 1 - block
  return block + age - (age % HASHES_KEPT)
}

/**
 * The beacon.
 * @param blockHash of the block that beaconBlock names
 * @param parts of all participants, in the order of members
 * @returns 32 bytes
 * @throws RangeError where nobody takes part, for bytes of another length and for a round that makes no sense
 */
export function beaconOf(round: BeaconRound, blockHash: Uint8Array, parts: readonly BeaconPart[]): Uint8Array {
  if (parts.length === 0) throw new RangeError('a beacon of nobody')
  const words = parts.map(({ reveal, commitment }) => wordOf(reveal ?? commitment, 'part'))
  return keccak_256(concatBytes(BEACON, wordOf(blockHash, 'hash'), ...words, roundBytes(round)))
}

/** Whether everybody revealed. */
export function isWhole(parts: readonly BeaconPart[]): boolean {
  return parts.every(({ reveal }) => reveal !== null)
}

function roundBytes({ chainId, contract, study, round }: BeaconRound): Uint8Array {
  return concatBytes(uint256(chainId), hexToBytes(contract), hexToBytes(study), uint256(round))
}

function uint256(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no number of a chain or a round`)
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setBigUint64(24, BigInt(value))
  return bytes
}

function wordOf(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length !== 32) throw new RangeError(`a ${name} of ${bytes.length} bytes, not 32`)
  return bytes
}
