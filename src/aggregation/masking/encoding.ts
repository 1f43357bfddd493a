import { AppError } from '../../errors/AppError.ts'
import { MODULUS } from '../../field/Field.ts'

/** How a study writes its updates as integers, so that no sum of them can leave the field. All of it is in the contract. */
export interface Encoding {
  /** n: at most so many hospitals in a sum. */
  readonly hospitals: number
  /** Largest absolute value of a coordinate; larger ones are clamped. */
  readonly clip: number
  /** A coordinate is a multiple of 2^−fractionBits. 0 to 40. */
  readonly fractionBits: number
  /** Largest weight of a hospital. */
  readonly maxWeight: number
}

/** Steps in a unit of the model: 2^fractionBits by a shift, as powers of floats may differ in their last bit between browsers. */
export function stepsPerUnit({ fractionBits }: Pick<Encoding, 'fractionBits'>): number {
  return Number(1n << BigInt(fractionBits))
}

/** Largest absolute value of an encoded coordinate. */
export function maxElement(encoding: Pick<Encoding, 'clip' | 'fractionBits'>): number {
  return Math.ceil(encoding.clip * stepsPerUnit(encoding))
}

/**
 * Σ w_i·max|û| < p/2, whatever the hospitals send within the rules: a sum's sign and size can always be read from it.
 * @throws AppError masking.overflow
 * @throws RangeError where a part is not a positive number (whole, but for the clip), or a coordinate is no safe integer
 */
export function checkBound(encoding: Encoding): void {
  const { hospitals, clip, fractionBits, maxWeight } = encoding
  if (![hospitals, maxWeight].every(part => Number.isSafeInteger(part) && part >= 1)) {
    throw new RangeError('an encoding needs a whole number of hospitals and a whole weight')
  }
  if (!Number.isInteger(fractionBits) || fractionBits < 0 || fractionBits > 40) {
    throw new RangeError(`${fractionBits} fractional bits`)
  }
  if (!(clip > 0) || !Number.isSafeInteger(maxElement(encoding))) throw new RangeError(`a clip of ${clip}`)
  if (!fits(BigInt(hospitals) * BigInt(maxWeight) * BigInt(maxElement(encoding)))) {
    throw new AppError('masking.overflow', { hospitals, clip, bits: fractionBits })
  }
}

/**
 * The same for inner products of an update with a vector of small integers.
 * @param dimension coordinates of the update
 * @param largest absolute value of the vector's entries
 * @throws AppError masking.overflow
 */
export function checkInnerBound(encoding: Encoding, dimension: number, largest: number): void {
  if (!fits(BigInt(dimension) * BigInt(largest) * BigInt(maxElement(encoding)))) {
    const { hospitals, clip, fractionBits } = encoding
    throw new AppError('masking.overflow', { hospitals, clip, bits: fractionBits })
  }
}

/**
 * Floats as field elements: clamped to ±clip, scaled by 2^fractionBits, rounded up or down by chance so that the mean is kept
 * (up to 2⁻³³ of a step). The chance is the CSPRNG's: rounding is not to be steered from outside.
 * @throws AppError masking.overflow, or aggregation.badUpdate for values that are no numbers
 */
export function encodeUpdate(values: Float32Array | Float64Array, encoding: Encoding): BigUint64Array<ArrayBuffer> {
  checkBound(encoding)
  const { clip } = encoding
  const scale = stepsPerUnit(encoding)
  const elements = new BigUint64Array(values.length)
  // Written as halves: a bigint for each of a million coordinates would take longer than their masks.
  const halves = new Uint32Array(elements.buffer)
  const coins = new Uint32Array(COINS)
  for (let k = 0; k < values.length; k++) {
    if (k % COINS === 0) crypto.getRandomValues(coins)
    const value = values[k] as number
    if (Number.isNaN(value)) throw new AppError('aggregation.badUpdate')
    // A power of two scales without rounding.
    const scaled = Math.min(clip, Math.max(-clip, value)) * scale
    const floor = Math.floor(scaled)
    const up = (coins[k % COINS] as number) < (scaled - floor) * 2 ** 32 ? 1 : 0
    writeSigned(halves, k, floor + up)
  }
  return elements
}

/** Signed integers as field elements. @throws RangeError where one is p/2 or more, either way */
export function toElements(values: readonly bigint[] | BigInt64Array): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from(values, value => {
    if (!fits(value < 0n ? -value : value)) throw new RangeError(`${value} does not fit the field`)
    return value < 0n ? value + MODULUS : value
  })
}

/**
 * Σ a_k b_k modulo p for a vector of small signed numbers.
 * @param elements canonical
 * @throws RangeError where the lengths differ
 */
export function innerSmall(elements: BigUint64Array, direction: Int8Array): bigint {
  if (direction.length !== elements.length) throw new RangeError('a direction of another length')
  const halves = new Uint32Array(elements.buffer, elements.byteOffset, 2 * elements.length)
  let sum = 0n
  // Halves are summed apart in doubles, which are exact for so many terms: several times as fast as products of
  // elements.
  for (let from = 0; from < direction.length; from += EXACT_TERMS) {
    const end = Math.min(direction.length, from + EXACT_TERMS)
    let [low, high] = [0, 0]
    for (let k = from; k < end; k++) {
      const factor = direction[k] as number
      low += (halves[2 * k] as number) * factor
      high += (halves[2 * k + 1] as number) * factor
    }
    sum += BigInt(low) + (BigInt(high) << 32n)
  }
  return ((sum % MODULUS) + MODULUS) % MODULUS
}

/** The signed integers nearest to 0 that field elements stand for. */
export function toIntegers(elements: BigUint64Array): BigInt64Array<ArrayBuffer> {
  const integers = new BigInt64Array(elements.length)
  elements.forEach((element, k) => {
    integers[k] = element > HALF ? element - MODULUS : element
  })
  return integers
}

/**
 * A sum of encoded updates as the weighted mean of the updates, in the model's units. Only exact steps and one division each:
 * the same bytes everywhere.
 * @param totalWeight Σ w_i, positive
 */
export function decodeMean(
  sum: BigInt64Array,
  encoding: Pick<Encoding, 'fractionBits'>,
  totalWeight: number,
): Float64Array<ArrayBuffer> {
  const unit = totalWeight * stepsPerUnit(encoding)
  return Float64Array.from(sum, value => Number(value) / unit)
}

/** A vector as bytes, its elements as little-endian words: what is stored and hashed. Shares the vector's memory. */
export function vectorBytes(vector: BigUint64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

/**
 * The vector that these bytes are. Whether its words are elements is for checkMasked to say.
 * @throws RangeError where they are no whole number of words
 */
export function vectorOf(bytes: Uint8Array): BigUint64Array<ArrayBuffer> {
  // A copy: words must lie at a multiple of eight.
  return new BigUint64Array(Uint8Array.from(bytes).buffer)
}

/** getRandomValues gives 65,536 bytes at most. */
const COINS = 16_384
/** 2^13 terms below 2^32 · 2^7 add up to less than 2^53. */
const EXACT_TERMS = 8192
/** The largest integer that reads as positive: (p − 1) / 2. */
const HALF = MODULUS >> 1n

function fits(magnitude: bigint): boolean {
  return magnitude <= HALF
}

/** p − |value| by halves for a negative value; a platform's words are little-endian wherever browsers run. */
function writeSigned(halves: Uint32Array, k: number, value: number): void {
  const magnitude = Math.abs(value)
  // Modulo 2³², for any safe integer.
  const low = magnitude >>> 0
  const high = (magnitude - low) / 0x100000000
  // p = 0xffffffff·2³² + 1; what is written is taken modulo 2³².
  halves[2 * k] = value < 0 ? 1 - low : low
  halves[2 * k + 1] = value < 0 ? 0xffffffff - high - (low > 1 ? 1 : 0) : high
}
