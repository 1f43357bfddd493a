import { split } from 'shamir-secret-sharing'
import { concatBytes } from '../../crypto/bytes.ts'
import { AppError } from '../../errors/AppError.ts'
import type { Address, Hex } from '../../study/types.ts'
import { type Commitments, checkCommitments, hashSeed, hashShare, hashShares } from './commitments.ts'
import { backupSeats, type MaskedRound, seededSeats } from './round.ts'

export const SEED_BYTES = 32
/** A seed's 32 bytes over GF(2⁸) and the share's own coordinate. */
export const SHARE_BYTES = SEED_BYTES + 1

/** By seat; null for the hospital's own. Secret: each is for its seat alone. */
export type Seeds = readonly (Uint8Array | null)[]
/** By seat and holder; null where there is none. Secret: each is for its holder alone. */
export type Backups = readonly (readonly (Uint8Array | null)[])[]

/** What a hospital sends one seat, sealed: its seed, and its shares of the other seats' seeds. */
export interface Parcel {
  /** Null at the hospital's own seat. */
  readonly seed: Uint8Array | null
  /** By seat; null for the holder itself and for the hospital's own seat. */
  readonly shares: readonly (Uint8Array | null)[]
}

/** A seed for every seat but the hospital's own, from the CSPRNG. For one vector of one round, never again. */
export function drawSeeds(round: MaskedRound, hospital: Address): Seeds {
  const seeded = seededSeats(round, hospital)
  return round.seats.map((_, seat) =>
    seeded.includes(seat) ? crypto.getRandomValues(new Uint8Array(SEED_BYTES)) : null,
  )
}

/**
 * Shamir shares (1979) of each seed for all seats but the one it is for: t of them recover it, t − 1 say nothing about it.
 * By shamir-secret-sharing, an audited library, bytewise over GF(2⁸).
 */
export async function backUpSeeds(round: MaskedRound, seeds: Seeds): Promise<Backups> {
  return Promise.all(
    seeds.map(async (seed, seat) => {
      const row: (Uint8Array | null)[] = round.seats.map(() => null)
      if (seed === null) return row
      const holders = backupSeats(round, seat)
      const shares = await split(seed, holders.length, round.threshold)
      holders.forEach((holder, i) => {
        row[holder] = shares[i] as Uint8Array
      })
      return row
    }),
  )
}

/** A seat's parcel as bytes: the seed, then the shares by seat. Their number follows from the round and the hospital. */
export function packParcel(seeds: Seeds, backups: Backups, holder: number): Uint8Array<ArrayBuffer> {
  const parts = [seeds[holder] ?? null, ...backups.map(row => row[holder] ?? null)]
  return concatBytes(...parts.filter(part => part !== null))
}

/**
 * Opens a parcel and checks every part against the hospital's commitments: what is wrong here is the hospital's doing, and it
 * stays out of the round.
 * @param holder the seat that the parcel is for
 * @throws AppError masking.badSubmission, with the hospital's name
 */
export async function openParcel(
  round: MaskedRound,
  hospital: Address,
  holder: number,
  bytes: Uint8Array,
  commitments: Commitments,
): Promise<Parcel> {
  checkCommitments(round, hospital, commitments)
  const bad = (what: string) => new AppError('masking.badSubmission', { hospital, what })
  const seeded = seededSeats(round, hospital)
  const own = seeded.includes(holder)
  const others = seeded.filter(seat => seat !== holder)
  if (bytes.length !== (own ? SEED_BYTES : 0) + others.length * SHARE_BYTES) throw bad('parcel')
  const seed = own ? bytes.slice(0, SEED_BYTES) : null
  if (seed !== null && (await hashSeed(round, hospital, holder, seed)) !== commitments.seeds[holder]) throw bad('seed')
  const shares: (Uint8Array | null)[] = round.seats.map(() => null)
  for (const [i, seat] of others.entries()) {
    const at = (own ? SEED_BYTES : 0) + i * SHARE_BYTES
    shares[seat] = bytes.slice(at, at + SHARE_BYTES)
  }
  const hashes = await shareHashes(round, hospital, holder, shares)
  if ((await hashShares(round, hospital, holder, hashes)) !== commitments.shares[holder]) throw bad('shares')
  return { seed, shares }
}

/** A share as its holder opens it: with the hashes of its other shares of that hospital, by which it is known to be the right one. */
export interface OpenedShare {
  readonly holder: number
  readonly share: Uint8Array
  /** By seat; null where the holder has no share. */
  readonly hashes: readonly (Hex | null)[]
}

/**
 * What a seat opens of its shares for another seat that vanished. Its other shares stay closed.
 * @throws RangeError where it has none for that seat
 */
export async function openShare(
  round: MaskedRound,
  hospital: Address,
  holder: number,
  { shares }: Pick<Parcel, 'shares'>,
  seat: number,
): Promise<OpenedShare> {
  const share = shares[seat] ?? null
  if (share === null) throw new RangeError(`seat ${holder} has no share for seat ${seat}`)
  return { holder, share, hashes: await shareHashes(round, hospital, holder, shares) }
}

/** The hashes of a holder's shares, by seat. */
export function shareHashes(
  round: MaskedRound,
  hospital: Address,
  holder: number,
  shares: Parcel['shares'],
): Promise<(Hex | null)[]> {
  return Promise.all(
    shares.map((share, seat) => (share === null ? null : hashShare(round, hospital, seat, holder, share))),
  )
}
