import { concatBytes, sha256 } from '../../crypto/bytes.ts'
import { type Field, MODULUS } from '../../field/Field.ts'
import { checkInnerBound, type Encoding, innerSmall, maxElement, toIntegers } from './encoding.ts'
import { checkProtection, type Protection } from './seat.ts'

/** Largest entry of the direction of the sum: 8 bits with their sign. */
export const largestEntry = 127
/** So many directions estimate what is not known exactly to about a quarter of it (χ² with 32 degrees of freedom). */
export const leastDirections = 32
/** So many estimate it to an eighth. */
export const mostDirections = 128
/** Bytes of directions that a seat holds at once. */
const directionBytes = 2 ** 24
/** Of a hospital whose update cannot be an honest one's, and of one that goes straight back. In basis points. */
const lowestScore = -10_000

/**
 * How many random directions updates of this size are sampled along: as many as sixteen megabytes hold, so that a
 * browser's tab can, within what estimates well enough and what more would hardly better.
 */
export function directionsFor(dimension: number): number {
  return Math.max(leastDirections, Math.min(mostDirections, Math.floor(directionBytes / dimension)))
}

/**
 * What hospitals are scored by, from the opened sum: v, which is the sum in 8 bits, and random directions from a beacon
 * that is the sum's hash. The sum opens when every update is in and the set is frozen, so that nobody can submit for
 * the directions, and it is of three hospitals at least, so that no single one picks them. Eight bits: entries 1, 2^16,
 * 2^32, … would read several coordinates of an update out of one product.
 * @param sum Σ w_i u_i, opened; of zeros the directions are zeros
 * @param count of the random directions
 * @returns v first
 */
export async function scoringDirections(
  field: Field,
  sum: BigInt64Array<ArrayBuffer>,
  count = directionsFor(sum.length),
): Promise<Int8Array[]> {
  const largest = sum.reduce((most, value) => Math.max(most, Math.abs(Number(value))), 0)
  if (largest === 0) return noDirections(sum.length, count)
  // A loop: Int8Array.from with a function takes ten times as long.
  const v = new Int8Array(sum.length)
  for (let k = 0; k < sum.length; k++) v[k] = Math.round((Number(sum[k]) / largest) * largestEntry)
  const label = new TextEncoder().encode('wardround/1 scoring beacon')
  const bytes = new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength)
  const beacon = await sha256(concatBytes(label, bytes))
  return [v, ...(await beaconDirections(field, beacon, sum.length, count))]
}

/** Where there is no sum to take directions from: zeros, with which all products are 0. */
export function noDirections(dimension: number, count = directionsFor(dimension)): Int8Array[] {
  return Array<Int8Array>(1 + count).fill(new Int8Array(dimension))
}

/**
 * Random directions: entries 0, 1 and −1 with probabilities ½, ¼ and ¼. Two bits each of a public stream.
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
  const label = new TextEncoder().encode('wardround/1 random direction')
  const directions: Int8Array<ArrayBuffer>[] = []
  for (let d = 0; d < count; d++) {
    const key = await sha256(concatBytes(label, beacon, Uint8Array.of(d >> 8, d & 0xff)))
    const words = new Uint32Array(field.expand(key, Math.ceil(dimension / 32)).buffer)
    const direction = new Int8Array(dimension)
    for (let k = 0; k < dimension; k++) {
      const bits = ((words[k >> 4] as number) >>> (2 * (k & 15))) & 3
      direction[k] = bits === 1 ? 1 : bits === 3 ? -1 : 0
    }
    directions.push(direction)
  }
  return directions
}

/**
 * ⟨u, v⟩ of one hospital's encoded update for each direction, from its masked vector and all seats' answers.
 * @param answers by seat that has a seed of the hospital, and direction: see maskProducts
 * @returns exact integers, nearest to 0; one that no honest update can have is left as it is: see isInRange
 * @throws AppError masking.noOpenings without differential privacy
 * @throws AppError masking.overflow where honest products would not fit the field
 */
export function openProducts(
  protection: Protection,
  encoding: Encoding,
  masked: BigUint64Array,
  answers: readonly (readonly bigint[])[],
  directions: readonly Int8Array[],
): bigint[] {
  checkProtection(protection)
  checkInnerBound(encoding, masked.length, largestEntry)
  const products = directions.map((direction, d) => {
    const masks = answers.reduce((sum, answer) => sum + (answer[d] as bigint), 0n)
    return (((innerSmall(masked, direction) - masks) % MODULUS) + MODULUS) % MODULUS
  })
  return [...toIntegers(BigUint64Array.from(products))]
}

/** What was opened of one hospital for its score. */
export interface Contribution {
  /** As frozen. */
  readonly weight: number
  /** With each of the scoring directions. */
  readonly products: readonly bigint[]
}

/**
 * How much each hospital's update goes where the others' go: its cosine with the sum of all others, cos(u_i, S − w_i
 * u_i), in basis points. Its own part is left out, so that nobody praises itself, and a longer update gets no higher
 * score. −10,000 for one that no honest hospital can have sent, 0 where nothing can be told.
 *
 * It is told from products alone: what lies along v exactly, what lies across it by the random directions, twice the
 * mean of whose products' products is an inner product without bias. Of 128 directions that is off by a standard
 * deviation of an eighth of what lies across: some 600 basis points at most, and less the more hospitals there are.
 *
 * Only + − × ÷ and sqrt on doubles in a fixed order: every honest seat computes the same scores.
 * @param sum Σ w_i u_i, opened
 * @param directions see scoringDirections
 * @returns by contribution, whole numbers from −10,000 to 10,000
 */
export function scores(
  contributions: readonly Contribution[],
  sum: BigInt64Array,
  [v = new Int8Array(), ...random]: readonly Int8Array[],
  encoding: Encoding,
): number[] {
  const length = innerOf(v, v)
  const along = (product: number) => (length > 0 ? product / length : 0)
  const values = Float64Array.from(sum, Number)
  const sumAlong = along(innerOf(values, v))
  const samples = random.map(direction => {
    const ofV = innerOf(v, direction)
    return { ofV, sumAcross: innerOf(values, direction) - sumAlong * ofV }
  })
  return contributions.map(({ weight, products }) => {
    if (!isInRange(products, encoding, sum.length)) return lowestScore
    const [alignment = 0, ...own] = products.map(Number)
    const ownAlong = along(alignment)
    const othersAlong = sumAlong - weight * ownAlong
    let [ownSquared, othersSquared, inner] = [0, 0, 0]
    for (const [d, { ofV, sumAcross }] of samples.entries()) {
      const ownAcross = (own[d] as number) - ownAlong * ofV
      const othersAcross = sumAcross - weight * ownAcross
      ownSquared += ownAcross * ownAcross
      othersSquared += othersAcross * othersAcross
      inner += ownAcross * othersAcross
    }
    const sampled = 2 / samples.length
    ownSquared = ownAlong * ownAlong * length + sampled * ownSquared
    othersSquared = othersAlong * othersAlong * length + sampled * othersSquared
    if (!(ownSquared > 0 && othersSquared > 0)) return 0
    inner = ownAlong * othersAlong * length + sampled * inner
    return basisPoints(inner / (Math.sqrt(ownSquared) * Math.sqrt(othersSquared)))
  })
}

/**
 * Whether an honest update can have these products: none has coordinates beyond the clip, or wrapped around p.
 * @param products with v, then with random directions
 * @param dimension coordinates of the update
 */
export function isInRange([alignment = 0n, ...own]: readonly bigint[], encoding: Encoding, dimension: number): boolean {
  const most = BigInt(dimension) * BigInt(maxElement(encoding))
  const isWithin = (product: bigint, bound: bigint) => product <= bound && product >= -bound
  return isWithin(alignment, most * BigInt(largestEntry)) && own.every(product => isWithin(product, most))
}

function innerOf(values: Float64Array | Int8Array, direction: Int8Array): number {
  let sum = 0
  for (let k = 0; k < values.length; k++) sum += (values[k] as number) * (direction[k] as number)
  return sum
}

/** Rounding may leave a cosine beyond 1 by a hair. Zero comes without a sign, as a transaction has it. */
function basisPoints(cosine: number): number {
  return Math.round(-lowestScore * Math.max(-1, Math.min(1, cosine))) + 0
}
