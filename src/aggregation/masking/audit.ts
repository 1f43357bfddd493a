import { type Field, MODULUS } from '../../field/Field.ts'
import type { Address } from '../../study/types.ts'
import { type MaskedRound, maskKey, seededSeats } from './round.ts'

/** Directions of fingerprints: two, so that no two vectors share them but with a chance of about 2^−115. */
export const AUDIT_DIRECTIONS = 2

/** What a hospital says of its masks when it is audited: how much of each fingerprint each seat's masks are. */
export interface AuditClaims {
  /** Of the update before it was masked, by direction: proven. */
  readonly phi: readonly bigint[]
  /** ⟨PRG(s_ij), v⟩ by seat and direction; zeros for the hospital's own seat. */
  readonly products: readonly bigint[]
}

/**
 * ⟨PRG(s_ij), v⟩ for each direction v: what an audited hospital claims for a seat, and what whoever has the seed computes again.
 * @param seed of the hospital for the seat; null for the hospital's own, which has no masks
 */
export async function auditProducts(
  field: Field,
  round: MaskedRound,
  hospital: Address,
  seat: number,
  seed: Uint8Array | null,
  directions: readonly BigUint64Array[],
): Promise<bigint[]> {
  if (seed === null) return directions.map(() => 0n)
  const masks = field.expand(await maskKey(round, hospital, seat, seed), directions[0]?.length ?? 0)
  return directions.map(direction => field.inner(masks, direction))
}

/** What is claimed of one seat's masks. */
export function claimsOf({ products }: Pick<AuditClaims, 'products'>, seat: number): readonly bigint[] {
  return products.slice(AUDIT_DIRECTIONS * seat, AUDIT_DIRECTIONS * (seat + 1))
}

/**
 * Whether a masked vector is the proven update under the masks that are claimed: ⟨y, v⟩ = Φ + Σ_j ⟨PRG(s_ij), v⟩. Whether a claim is
 * what a seat's masks give is for that seat to say: see auditProducts.
 * @param claims.phi of the vector that was masked
 */
export function claimsAddUp(
  field: Field,
  round: Pick<MaskedRound, 'seats'>,
  hospital: Address,
  masked: BigUint64Array,
  claims: AuditClaims,
  directions: readonly BigUint64Array[],
): boolean {
  const { seats } = round
  const isElement = (value: bigint) => value >= 0n && value < MODULUS
  if (claims.products.length !== AUDIT_DIRECTIONS * seats.length || !claims.products.every(isElement)) return false
  const seeded = seededSeats(round, hospital)
  // Nobody has the masks of a hospital's own seat, so nobody could say that a claim about them is wrong.
  const isClaimed = (seat: number) => claimsOf(claims, seat).some(value => value !== 0n)
  if (seats.some((_, seat) => !seeded.includes(seat) && isClaimed(seat))) return false
  return directions.every((direction, i) => {
    const claimed = seats.reduce((sum, _, seat) => sum + claimsOf(claims, seat)[i]!, claims.phi[i]!)
    return field.inner(masked, direction) === claimed % MODULUS
  })
}
