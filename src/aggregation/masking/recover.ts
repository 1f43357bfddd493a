import { combine } from 'shamir-secret-sharing'
import { AppError } from '../../errors/AppError.ts'
import type { Address } from '../../study/types.ts'
import { type Commitments, hashSeed, hashShare, hashShares } from './commitments.ts'
import type { MaskedRound } from './round.ts'
import type { HeldSeed } from './seat.ts'
import type { OpenedShare } from './seeds.ts'

/**
 * A hospital's seed for a seat from its backups.
 * @param opened shares of at least t different holders
 * @throws AppError masking.badShare: a holder opened something else than it was given
 * @throws AppError masking.badSubmission: the hospital backed up something else than the seed
 * @throws AppError masking.tooFewShares
 */
export async function recoverSeed(
  round: MaskedRound,
  hospital: Address,
  seat: number,
  opened: readonly OpenedShare[],
  commitments: Commitments,
): Promise<Uint8Array> {
  const holders = new Set(opened.map(({ holder }) => holder))
  if (holders.size < round.threshold || holders.size !== opened.length) {
    throw new AppError('masking.tooFewShares', { shares: holders.size, needed: round.threshold })
  }
  for (const one of opened) {
    if (!(await isShareAsGiven(round, hospital, seat, one, commitments))) {
      throw new AppError('masking.badShare', { seat: round.seats[one.holder] ?? one.holder })
    }
  }
  let seed: Uint8Array
  try {
    // The library wants plain arrays of bytes on buffers of their own.
    seed = await combine(opened.map(({ share }) => Uint8Array.from(share)))
  } catch (cause) {
    // Shares that are as committed to and yet do not combine were made so.
    throw new AppError('masking.badSubmission', { hospital, what: 'backup' }, cause)
  }
  if ((await hashSeed(round, hospital, seat, seed)) !== commitments.seeds[seat]) {
    throw new AppError('masking.badSubmission', { hospital, what: 'backup' })
  }
  return seed
}

/** Whether a holder opened the share that it was given, by what the hospital committed to. */
export async function isShareAsGiven(
  round: MaskedRound,
  hospital: Address,
  seat: number,
  { holder, share, hashes }: OpenedShare,
  commitments: Commitments,
): Promise<boolean> {
  const own = await hashShare(round, hospital, seat, holder, share)
  const row = hashes.map((hash, of) => (of === seat ? own : hash))
  return (await hashShares(round, hospital, holder, row)) === commitments.shares[holder]
}

/** What the remaining seats opened of one hospital for a seat that vanished. */
export interface OpenedBackup {
  readonly hospital: Address
  /** As frozen. */
  readonly weight: number
  readonly shares: readonly OpenedShare[]
  readonly commitments: Commitments
}

/**
 * The seeds of a seat that vanished, from the backups: with them anybody computes its sum (maskSum). Whether it may be opened is
 * for recordOpenedSeat to say, first.
 * @param backups of every frozen hospital that gave the seat a seed
 * @throws AppError as recoverSeed
 */
export async function recoverSeat(
  round: MaskedRound,
  seat: number,
  backups: readonly OpenedBackup[],
): Promise<HeldSeed[]> {
  return Promise.all(
    backups.map(async ({ hospital, weight, shares, commitments }) => ({
      hospital,
      weight,
      seed: await recoverSeed(round, hospital, seat, shares, commitments),
    })),
  )
}
