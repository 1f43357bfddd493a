import { deriveMaskKey, type MaskBinding } from '../../field/deriveMaskKey.ts'
import { type Address, sameAddress } from '../../study/types.ts'

/** One vector's masked aggregation in one round, as the contract fixes it. */
export interface MaskedRound extends Pick<MaskBinding, 'deployment' | 'chainId' | 'study' | 'round' | 'vector'> {
  /** Who holds seat j, by seat: m different hospitals. */
  readonly seats: readonly Address[]
  /** t: that many seats recover a seed from its backups, fewer learn nothing. */
  readonly threshold: number
}

/** How many of m seats recover a seed: half of them, rounded up, as the contract has it. */
export function thresholdOf(seats: number): number {
  return Math.ceil(seats / 2)
}

/**
 * Refuses a round that protects nobody: a seat held twice, or a threshold outside 2 to m − 1.
 * @throws RangeError
 */
export function checkMaskedRound({ seats, threshold }: MaskedRound): void {
  if (new Set(seats.map(seat => seat.toLowerCase())).size !== seats.length) throw new RangeError('a seat held twice')
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > seats.length - 1) {
    throw new RangeError(`${threshold} of ${seats.length} seats cannot recover a seed safely`)
  }
}

/** The seats that a hospital gives a seed: every seat but its own, as nobody vouches for its own masks. */
export function seededSeats({ seats }: Pick<MaskedRound, 'seats'>, hospital: Address): number[] {
  return seats.flatMap((holder, seat) => (sameAddress(holder, hospital) ? [] : [seat]))
}

/** Those of the hospitals that give a seat a seed: all but the one that holds it. */
export function seedingAt<T extends { readonly hospital: Address }>(
  round: Pick<MaskedRound, 'seats'>,
  seat: number,
  hospitals: readonly T[],
): T[] {
  return hospitals.filter(({ hospital }) => seededSeats(round, hospital).includes(seat))
}

/** The seats that hold a share of this seat's seeds: all others. */
export function backupSeats({ seats }: MaskedRound, seat: number): number[] {
  return seats.flatMap((_, holder) => (holder === seat ? [] : [holder]))
}

/**
 * How many of a hospital's seeds may ever be opened, for whatever reason. t − 1 curious seats know as many seeds, and one must
 * stay closed: of s seeds at most s − t open. That is m − t for a hospital without a seat. A hospital with a seat has one seed
 * less, and so one opening less.
 */
export function openableSeeds(round: Pick<MaskedRound, 'seats' | 'threshold'>, hospital: Address): number {
  return seededSeats(round, hospital).length - round.threshold
}

/** The key of a hospital's masks for a seat: bound to the round, the hospital, the seat and the vector. */
export function maskKey(
  { deployment, chainId, study, round, vector, seats }: MaskedRound,
  hospital: Address,
  seat: number,
  seed: Uint8Array,
): Promise<Uint8Array> {
  return deriveMaskKey(seed, { deployment, chainId, study, round, vector, hospital, seat: seats[seat] as Address })
}
