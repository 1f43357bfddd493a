import { AppError } from '../../errors/AppError.ts'
import type { Field } from '../../field/Field.ts'
import type { Address } from '../../study/types.ts'
import { type MaskedRound, maskKey } from './round.ts'

/** A seed that a seat answers for. */
export interface HeldSeed {
  readonly hospital: Address
  /** As frozen; 0 leaves the hospital out. */
  readonly weight: number
  readonly seed: Uint8Array
}

/**
 * M_j = Σ_i w_i PRG(s_ij): what a seat posts, once, when the frozen set is final; and what anybody recomputes from opened seeds.
 * @param held the frozen hospitals' seeds for this seat; one that holds this very seat has none
 */
export async function maskSum(
  field: Field,
  round: MaskedRound,
  seat: number,
  held: readonly HeldSeed[],
  length: number,
): Promise<BigUint64Array<ArrayBuffer>> {
  const sum = new BigUint64Array(length)
  for (const { hospital, weight, seed } of held) {
    if (weight !== 0) field.addMask(sum, await maskKey(round, hospital, seat, seed), BigInt(weight))
  }
  return sum
}

/** What a study must have for anything to be opened of a single hospital. */
export interface Protection {
  /** Whether updates carry their own noise before they are masked: see docs/privacy.md. */
  readonly differentialPrivacy: boolean
}

/**
 * ⟨PRG(s_ij), v⟩ for each direction v: a seat's part in opening a hospital's inner products.
 * @throws AppError masking.noOpenings where updates have no differential privacy: there, a handful of such numbers gives away
 * coordinates, by lattice reduction
 */
export async function maskProducts(
  field: Field,
  round: MaskedRound,
  protection: Protection,
  seat: number,
  { hospital, seed }: Pick<HeldSeed, 'hospital' | 'seed'>,
  directions: readonly Int8Array[],
): Promise<bigint[]> {
  checkProtection(protection)
  const key = await maskKey(round, hospital, seat, seed)
  return field.maskInners(key, directions)
}

/** @throws AppError masking.noOpenings */
export function checkProtection({ differentialPrivacy }: Protection): void {
  if (!differentialPrivacy) throw new AppError('masking.noOpenings')
}
