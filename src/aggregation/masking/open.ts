import { AppError } from '../../errors/AppError.ts'
import type { Field } from '../../field/Field.ts'
import { type Encoding, maxElement, toIntegers } from './encoding.ts'
import type { MaskedRound } from './round.ts'

/** A frozen hospital's masked vector. */
export interface WeightedMasked {
  readonly weight: number
  readonly masked: BigUint64Array
}

/**
 * Σ_i w_i y_i − Σ_j M_j: the weighted sum of the encoded updates, and nothing else.
 * @param hospitals the frozen set, one at a time: fifty vectors of a million parameters do not fit a browser's memory together
 * @param seatSums M_j by seat: posted, or recomputed from the seeds of a seat that vanished
 * @returns exact integers; see decodeMean
 * @throws AppError masking.missingSeat: without each seat's sum there is only noise
 * @throws AppError masking.outOfRange: some seat or hospital lied, see verifySum
 */
export async function openSum(
  field: Field,
  { seats }: Pick<MaskedRound, 'seats'>,
  encoding: Encoding,
  hospitals: Iterable<WeightedMasked> | AsyncIterable<WeightedMasked>,
  seatSums: readonly (BigUint64Array | undefined)[],
): Promise<BigInt64Array<ArrayBuffer>> {
  const masks = seats.map((holder, seat) => {
    const sum = seatSums[seat]
    if (sum === undefined) throw new AppError('masking.missingSeat', { seat: holder })
    return sum
  })
  const sum = new BigUint64Array(masks[0]?.length ?? 0)
  let total = 0
  for await (const { masked, weight } of hospitals) {
    field.addScaled(sum, masked, BigInt(weight))
    total += weight
  }
  for (const one of masks) field.subtract(sum, one)
  const integers = toIntegers(sum)
  const bound = BigInt(total) * BigInt(maxElement(encoding))
  if (!integers.every(value => value <= bound && value >= -bound)) throw new AppError('masking.outOfRange')
  return integers
}
