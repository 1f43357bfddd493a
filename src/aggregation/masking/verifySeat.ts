import { type Field, MODULUS } from '../../field/Field.ts'
import { innerSmall } from './encoding.ts'
import type { MaskedRound } from './round.ts'
import { type HeldSeed, maskProducts, maskSum, type Protection } from './seat.ts'

/**
 * Recomputes a drawn seat's sum of masks from its opened seeds. Anybody can, and comes to the same result.
 * @param held its seeds with the frozen weights; each was checked against its hash (see openParcel, recoverSeed)
 * @param sum M_j, as it answered
 * @returns the first coordinate that is wrong; undefined for an honest seat
 */
export async function verifySum(
  field: Field,
  round: MaskedRound,
  seat: number,
  held: readonly HeldSeed[],
  sum: BigUint64Array,
): Promise<number | undefined> {
  const right = await maskSum(field, round, seat, held, sum.length)
  const coordinate = right.findIndex((element, k) => element !== sum[k])
  return coordinate === -1 ? undefined : coordinate
}

/** Where a seat's products are not what its seeds give: by the order of the seeds, and of the directions. */
export interface WrongProduct {
  readonly hospital: number
  readonly direction: number
}

/**
 * The same for what it answered of single hospitals.
 * @param products ⟨PRG(s_ij), v⟩ by hospital, in the order of the opened seeds, and direction
 * @throws AppError masking.noOpenings without differential privacy
 */
export async function verifyProducts(
  field: Field,
  round: MaskedRound,
  protection: Protection,
  seat: number,
  held: readonly HeldSeed[],
  products: readonly (readonly bigint[])[],
  directions: readonly Int8Array[],
): Promise<WrongProduct | undefined> {
  for (const [hospital, one] of held.entries()) {
    const due = await maskProducts(field, round, protection, seat, one, directions)
    const direction = due.findIndex((product, k) => product !== products[hospital]?.[k])
    if (direction !== -1) return { hospital, direction }
  }
  return undefined
}

/**
 * Whether a seat's products add up to what its sum of masks gives: Σ_i w_i ⟨PRG(s_ij), v⟩ = ⟨M_j, v⟩ for each
 * direction. It opens nothing, so it is asked of every seat, drawn or not: none can spoil one hospital's score alone.
 * @param products by hospital and direction
 * @param weights as frozen, by hospital
 */
export function addsUp(
  products: readonly (readonly bigint[])[],
  weights: readonly number[],
  sum: BigUint64Array,
  directions: readonly Int8Array[],
): boolean {
  return directions.every((direction, d) => {
    const total = products.reduce((to, row, i) => to + BigInt(weights[i] as number) * (row[d] as bigint), 0n)
    return total % MODULUS === innerSmall(sum, direction)
  })
}

/**
 * The stake at which lying does not pay: of m seats one is drawn, so that a lie goes through (m − 1) times for each time it is
 * caught. stake ≥ gain·(m − 1).
 * @param gain of a lie that goes through, in the stake's unit
 */
export function leastStake(gain: bigint, seats: number): bigint {
  return gain * BigInt(seats - 1)
}
