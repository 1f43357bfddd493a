import type { Field } from '../../field/Field.ts'
import type { MaskedRound } from './round.ts'
import { type HeldSeed, maskProducts, maskSum, type Protection } from './seat.ts'

/** What a seat answered in a round. */
export interface SeatAnswers {
  /** M_j. */
  readonly sum: BigUint64Array
  /** ⟨PRG(s_ij), v⟩ by hospital, in the order of the opened seeds, and direction. None in studies that do not score. */
  readonly products: readonly (readonly bigint[])[]
}

/** Where a seat's answers are not what its seeds give. */
export type Fraud =
  | { readonly kind: 'sum'; readonly coordinate: number }
  | { readonly kind: 'product'; readonly hospital: number; readonly direction: number }

/**
 * Recomputes everything that a drawn seat answered from its opened seeds. Anybody can, and comes to the same result.
 * @param held its seeds with the frozen weights; each was checked against its hash (see openParcel, recoverSeed)
 * @param scoring what was asked for where the study scores
 * @returns the first answer that is wrong; undefined for an honest seat
 */
export async function verifySeat(
  field: Field,
  round: MaskedRound,
  seat: number,
  held: readonly HeldSeed[],
  { sum, products }: SeatAnswers,
  scoring?: { readonly protection: Protection; readonly directions: readonly Int8Array[] },
): Promise<Fraud | undefined> {
  const right = await maskSum(field, round, seat, held, sum.length)
  const coordinate = right.findIndex((element, k) => element !== sum[k])
  if (coordinate !== -1) return { kind: 'sum', coordinate }
  if (scoring === undefined) return undefined
  for (const [hospital, one] of held.entries()) {
    const due = await maskProducts(field, round, scoring.protection, seat, one, scoring.directions)
    const direction = due.findIndex((product, k) => product !== products[hospital]?.[k])
    if (direction !== -1) return { kind: 'product', hospital, direction }
  }
  return undefined
}

/**
 * The stake at which lying does not pay: of m seats one is drawn, so that a lie goes through (m − 1) times for each time it is
 * caught. stake ≥ gain·(m − 1).
 * @param gain of a lie that goes through, in the stake's unit
 */
export function leastStake(gain: bigint, seats: number): bigint {
  return gain * BigInt(seats - 1)
}
