import type { Field } from '../../field/Field.ts'
import type { Address, Publishable } from '../../study/types.ts'
import { type Commitments, hashMasked, hashSeed, hashShares } from './commitments.ts'
import { checkMaskedRound, type MaskedRound, maskKey } from './round.ts'
import { type Backups, backUpSeeds, drawSeeds, packParcel, type Seeds, shareHashes } from './seeds.ts'

/** All that a hospital submits of one vector. It is journalled before any of it leaves, so that nothing is drawn twice. */
export interface Submission {
  /** y = u + Σ_j PRG(s_j). */
  readonly masked: Publishable<BigUint64Array<ArrayBuffer>>
  /** By seat. Secret: the caller seals each for its seat. */
  readonly parcels: readonly Uint8Array<ArrayBuffer>[]
  /** By seat. Secret: for the hospital itself, where it may be audited. */
  readonly seeds: Seeds
  readonly commitments: Commitments
}

/**
 * Masks an encoded vector with fresh seeds, backs the seeds up and commits to everything.
 * @param encoded field elements: see encodeUpdate
 * @throws RangeError for a round that protects nobody: see checkMaskedRound
 */
export async function submitMasked(
  field: Field,
  round: MaskedRound,
  hospital: Address,
  encoded: BigUint64Array,
): Promise<Submission> {
  checkMaskedRound(round)
  const seeds = drawSeeds(round, hospital)
  const backups = await backUpSeeds(round, seeds)
  const masked = await mask(field, round, hospital, encoded, seeds)
  const commitments = await commit(round, hospital, masked, seeds, backups)
  const parcels = round.seats.map((_, holder) => packParcel(seeds, backups, holder))
  // Uniform to whoever lacks one of the seeds: from here on it may be published.
  return { masked: masked as Publishable<typeof masked>, parcels, seeds, commitments }
}

/** u + Σ_j PRG(s_j): one stream of masks for each seat that has a seed. */
export async function mask(
  field: Field,
  round: MaskedRound,
  hospital: Address,
  encoded: BigUint64Array,
  seeds: Seeds,
): Promise<BigUint64Array<ArrayBuffer>> {
  const masked = BigUint64Array.from(encoded)
  for (const [seat, seed] of seeds.entries()) {
    if (seed !== null) field.addMask(masked, await maskKey(round, hospital, seat, seed), 1n)
  }
  return masked
}

/** The hashes of a submission's parts. */
export async function commit(
  round: MaskedRound,
  hospital: Address,
  masked: BigUint64Array<ArrayBuffer>,
  seeds: Seeds,
  backups: Backups,
): Promise<Commitments> {
  return {
    masked: await hashMasked(round, hospital, masked),
    seeds: await Promise.all(seeds.map((seed, seat) => (seed === null ? null : hashSeed(round, hospital, seat, seed)))),
    shares: await Promise.all(
      round.seats.map(async (_, holder) => {
        const shares = backups.map(row => row[holder] ?? null)
        return hashShares(round, hospital, holder, await shareHashes(round, hospital, holder, shares))
      }),
    ),
  }
}
