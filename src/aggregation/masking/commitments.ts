import { encode } from '@ipld/dag-cbor'
import { sha256, sha256Hex } from '../../crypto/bytes.ts'
import { AppError } from '../../errors/AppError.ts'
import type { Address, Hex } from '../../study/types.ts'
import { vectorBytes } from './encoding.ts'
import { type MaskedRound, seededSeats } from './round.ts'

/** Hashes of what a hospital submitted. They are published whole; the transaction carries their root: see commitmentRoot. */
export interface Commitments {
  /** Of the masked vector. */
  readonly masked: Hex
  /** Of each seat's seed, by seat; null for the hospital's own. */
  readonly seeds: readonly (Hex | null)[]
  /** Of each holder's shares together, by holder: see hashShares. */
  readonly shares: readonly Hex[]
}

/** The hash of a masked vector, its elements as little-endian words. */
export async function hashMasked(
  round: MaskedRound,
  hospital: Address,
  masked: BigUint64Array<ArrayBuffer>,
): Promise<Hex> {
  return hash(round, hospital, 'masked', { length: masked.length, digest: await sha256(vectorBytes(masked)) })
}

/** The hash of a seat's seed. A seed has 256 random bits: its hash hides it. */
export function hashSeed(round: MaskedRound, hospital: Address, seat: number, seed: Uint8Array): Promise<Hex> {
  return hash(round, hospital, 'seed', { seat, seed })
}

/** The hash of a holder's share of a seat's seed. */
export function hashShare(
  round: MaskedRound,
  hospital: Address,
  seat: number,
  holder: number,
  share: Uint8Array,
): Promise<Hex> {
  return hash(round, hospital, 'share', { seat, holder, share })
}

/**
 * One hash for all shares that a holder has of a hospital: of their hashes, so that one can be opened without the others.
 * @param hashes by seat; null where the holder has no share
 */
export function hashShares(
  round: MaskedRound,
  hospital: Address,
  holder: number,
  hashes: readonly (Hex | null)[],
): Promise<Hex> {
  return hash(round, hospital, 'shares', { holder, hashes })
}

/** What the submitting transaction carries: one hash over all of them, the seats and the threshold. */
export function commitmentRoot(round: MaskedRound, hospital: Address, commitments: Commitments): Promise<Hex> {
  return hash(round, hospital, 'commitments', { ...commitments })
}

/**
 * Whether a list of hashes is what a hospital must commit to: one for every seat but its own, one for every holder of backups.
 * @throws AppError masking.badSubmission
 */
export function checkCommitments(round: MaskedRound, hospital: Address, { seeds, shares }: Commitments): void {
  const seeded = seededSeats(round, hospital)
  const complete =
    seeds.length === round.seats.length &&
    shares.length === round.seats.length &&
    seeds.every((hash, seat) => (hash !== null) === seeded.includes(seat))
  if (!complete) throw new AppError('masking.badSubmission', { hospital, what: 'commitments' })
}

/**
 * Checks a masked vector against its hash, size and field.
 * @throws AppError masking.badSubmission
 */
export async function checkMasked(
  round: MaskedRound,
  hospital: Address,
  masked: BigUint64Array<ArrayBuffer>,
  length: number,
  commitments: Commitments,
): Promise<void> {
  const sound =
    masked.length === length &&
    (await hashMasked(round, hospital, masked)) === commitments.masked &&
    isCanonical(masked)
  if (!sound) throw new AppError('masking.badSubmission', { hospital, what: 'masked vector' })
}

/** Whether every word is an element, by halves: p = 0xffffffff·2³² + 1. */
export function isCanonical(words: BigUint64Array): boolean {
  const halves = new Uint32Array(words.buffer, words.byteOffset, 2 * words.length)
  for (let k = 1; k < halves.length; k += 2) {
    if (halves[k] === 0xffffffff && halves[k - 1] !== 0) return false
  }
  return true
}

async function hash(round: MaskedRound, hospital: Address, of: string, content: object): Promise<Hex> {
  return sha256Hex(
    encode({
      protocol: 'wardround/1',
      kind: 'mask commitment',
      of,
      deployment: round.deployment.toLowerCase(),
      chainId: round.chainId,
      study: round.study.toLowerCase(),
      round: round.round,
      vector: round.vector,
      seats: round.seats.map(seat => seat.toLowerCase()),
      threshold: round.threshold,
      hospital: hospital.toLowerCase(),
      ...content,
    }),
  )
}
