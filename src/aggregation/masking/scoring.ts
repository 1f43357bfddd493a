import { concatBytes, sha256 } from '../../crypto/bytes.ts'
import { AppError } from '../../errors/AppError.ts'
import { type Field, MODULUS } from '../../field/Field.ts'
import { maxWeight } from '../weights.ts'
import { checkInnerBound, type Encoding, maxElement, smallElements, stepsPerUnit, toIntegers } from './encoding.ts'
import type { Openings } from './openings.ts'
import { checkProtection, type Protection } from './seat.ts'

/** Largest entry of the scoring direction: 8 bits with their sign. */
export const largestEntry = 127
/** So many directions estimate a norm to about a quarter of its square (χ² with 32 degrees of freedom). */
export const leastDirections = 32
/** An honest update's estimate of its squared norm is above this multiple of the truth once in 10⁵ times. */
const normSlack = 2.5

/**
 * v: the consortium's own validation gradient in 8 bits. It is the opened sum over at least three hospitals, so that no single
 * one's validation set picks it, and it is known only when every update is in, so that nobody can submit a multiple of it.
 * Eight bits: entries 1, 2^16, 2^32, … would read several coordinates of an update out of one product.
 * @param updates the openings of the updates that v will score: their set must be frozen
 * @param gradientSum Σ g_i, opened
 * @throws AppError masking.notFinal where updates can still come
 */
export function scoringDirection(updates: Openings, gradientSum: BigInt64Array): Int8Array<ArrayBuffer> {
  if (updates.state !== 'frozen' || updates.scored) throw new AppError('masking.notFinal')
  let largest = 0
  for (const value of gradientSum) largest = Math.max(largest, Math.abs(Number(value)))
  const unit = largest === 0 ? 1 : largest
  return Int8Array.from(gradientSum, value => Math.round((Number(value) / unit) * largestEntry))
}

/**
 * Directions that estimate norms: entries 0, 1 and −1 with probabilities ½, ¼ and ¼. Two bits each of a public stream.
 * Directions of ±1 alone would not do: an even number of coordinates of (p + 1)/2 cancels to something small in every one.
 * @param beacon 32 bytes that nobody knew before the updates were in
 */
export async function beaconDirections(
  field: Field,
  beacon: Uint8Array,
  dimension: number,
  count = leastDirections,
): Promise<Int8Array<ArrayBuffer>[]> {
  if (beacon.length !== 32) throw new RangeError(`a beacon of ${beacon.length} bytes`)
  if (count < leastDirections) throw new RangeError(`at least ${leastDirections} directions`)
  const label = new TextEncoder().encode('wardround/1 norm direction')
  const directions: Int8Array<ArrayBuffer>[] = []
  for (let d = 0; d < count; d++) {
    const key = await sha256(concatBytes(label, beacon, Uint8Array.of(d >> 8, d & 0xff)))
    const words = new Uint32Array(field.expand(key, Math.ceil(dimension / 32)).buffer)
    directions.push(
      Int8Array.from({ length: dimension }, (_, k) => {
        const bits = ((words[k >> 4] as number) >>> (2 * (k & 15))) & 3
        return bits === 1 ? 1 : bits === 3 ? -1 : 0
      }),
    )
  }
  return directions
}

/**
 * ⟨u, v⟩ of one hospital's encoded update for each direction, from its masked vector and all seats' answers.
 * @param answers by seat that has a seed of the hospital, and direction: see maskProducts
 * @returns exact integers, nearest to 0; one that no honest update can have is left as it is for squaredNorm and scores to refuse
 * @throws AppError masking.noOpenings without differential privacy
 */
export function openProducts(
  field: Field,
  protection: Protection,
  encoding: Encoding,
  masked: BigUint64Array,
  answers: readonly (readonly bigint[])[],
  directions: readonly Int8Array[],
): bigint[] {
  checkProtection(protection)
  checkInnerBound(encoding, masked.length, largestEntry)
  const entries = new BigUint64Array(masked.length)
  const products = directions.map((direction, d) => {
    if (direction.length !== masked.length) throw new RangeError('a direction of another length')
    const masks = answers.reduce((sum, answer) => sum + (answer[d] as bigint), 0n)
    return (((field.inner(masked, smallElements(direction, entries)) - masks) % MODULUS) + MODULUS) % MODULUS
  })
  return [...toIntegers(BigUint64Array.from(products))]
}

/**
 * ‖u‖² in the model's units, estimated without bias as twice the mean square of the products with the beacon's directions.
 * Infinite where a product is larger than any honest update's: coordinates beyond the clip, or wrapped around p.
 * @param products with the beacon's directions
 * @param dimension coordinates of u
 */
export function squaredNorm(products: readonly bigint[], encoding: Encoding, dimension: number): number {
  const bound = BigInt(dimension) * BigInt(maxElement(encoding))
  if (products.some(product => product > bound || product < -bound)) return Number.POSITIVE_INFINITY
  const unit = stepsPerUnit(encoding)
  const squares = products.reduce((sum, product) => sum + (Number(product) / unit) * (Number(product) / unit), 0)
  return (2 * squares) / products.length
}

/** What was opened of one hospital for its score. */
export interface Contribution {
  /** As frozen. */
  readonly weight: number
  /** ⟨u, v⟩. */
  readonly alignment: bigint
  /** See squaredNorm. */
  readonly squaredNorm: number
}

/**
 * Contributions as parts of one: w_i·max(0, ⟨u_i, v⟩) over their sum; all 0 where nobody contributed. For reputation and
 * rewards.
 * @param normBound of an honest update, in the model's units; clearly more than that counts as nothing
 */
export function scores(contributions: readonly Contribution[], normBound: number): number[] {
  const raw = contributions.map(one => (isHonest(one, normBound) ? one.weight * positive(one.alignment) : 0))
  return normalised(raw)
}

/**
 * Weights in the sum after FLTrust (Cao et al. 2021): trust max(0, cos(u_i, v)), and every update as if it had v's length, so
 * that the weight is w_i·max(0, ⟨u_i, v⟩)/‖u_i‖² up to a common factor. In whole numbers up to 8, the best at 8; less
 * than a sixteenth of the best falls out. The freeze's rules hold for them again: see recordWeights.
 * @returns by hospital, 0 to 8
 */
export function trustWeights(contributions: readonly Contribution[], normBound: number): number[] {
  const trust = contributions.map(one =>
    isHonest(one, normBound) && one.squaredNorm > 0 ? (one.weight * positive(one.alignment)) / one.squaredNorm : 0,
  )
  const best = Math.max(0, ...trust)
  return trust.map(value => (best === 0 ? 0 : Math.round((maxWeight * value) / best)))
}

function isHonest({ squaredNorm }: Contribution, normBound: number): boolean {
  return squaredNorm <= normSlack * normBound * normBound
}

function positive(alignment: bigint): number {
  return alignment > 0n ? Number(alignment) : 0
}

function normalised(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0)
  return values.map(value => (total === 0 ? 0 : value / total))
}
