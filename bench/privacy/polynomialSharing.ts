import { type Field, MODULUS } from '../../src/field/Field.ts'

/** What masking is compared with: Shamir's sharing (1979) of a whole vector, 3 of 5, over the same field with the same PRG. */
export interface SharedVector {
  /** Shares 1 and 2 are PRG outputs, so that a key of 32 bytes is all that their holders get. */
  readonly keys: readonly [Uint8Array, Uint8Array]
  /** Shares 3, 4 and 5, as long as the vector. */
  readonly vectors: readonly BigUint64Array[]
}

/** Five vectors to work in, so that fresh memory is not what is measured. */
export function sharingBuffers(length: number): BigUint64Array[] {
  return Array.from({ length: 5 }, () => new BigUint64Array(length))
}

/** Elements that are worked on at a time: what fits a processor's cache together. */
const PIECE = 4096

/**
 * The quadratic through the secret at 0 and two PRG outputs at 1 and 2, at 3, 4 and 5. Two expansions are the least that hide it
 * from two holders. Its values follow from each other by differences, so that no products are needed; piece by piece, so that
 * they stay in the cache.
 * @param keys 32 bytes each
 * @param buffers see sharingBuffers; the shares lie in them
 */
export function shareByDifferences(
  field: Field,
  secret: BigUint64Array,
  keys: readonly [Uint8Array, Uint8Array],
  buffers: readonly BigUint64Array[],
): SharedVector {
  const [first, second, ...vectors] = expandInto(field, keys, buffers)
  for (let at = 0; at < secret.length; at += PIECE) {
    const piece = (vector: BigUint64Array) => vector.subarray(at, at + PIECE)
    // f(2) − f(1), and what each difference grows by: f(2) − 2 f(1) + f(0).
    const step = second.slice(at, at + PIECE)
    field.subtract(step, piece(first))
    const growth = step.slice()
    field.subtract(growth, piece(first))
    field.add(growth, piece(secret))
    let last = piece(second)
    for (const vector of vectors) {
      field.add(step, growth)
      const next = piece(vector)
      next.set(last)
      field.add(next, step)
      last = next
    }
  }
  return { keys, vectors }
}

/** The same by Lagrange's products. */
export function shareByProducts(
  field: Field,
  secret: BigUint64Array,
  keys: readonly [Uint8Array, Uint8Array],
  buffers: readonly BigUint64Array[],
): SharedVector {
  const [first, second, ...vectors] = expandInto(field, keys, buffers)
  for (const [i, coefficients] of lagrange.entries()) {
    const share = vectors[i] as BigUint64Array
    share.set(secret)
    if (coefficients[0] !== 1n) field.addScaled(share, secret, coefficients[0] - 1n)
    field.addScaled(share, first, MODULUS + coefficients[1])
    field.addScaled(share, second, coefficients[2])
  }
  return { keys, vectors }
}

/** What f(0), f(1) and f(2) count in f(3), f(4) and f(5). */
const lagrange = [
  [1n, -3n, 3n],
  [3n, -8n, 6n],
  [6n, -15n, 10n],
] as const

/** The first two buffers become the PRG's outputs. */
function expandInto(
  field: Field,
  keys: readonly [Uint8Array, Uint8Array],
  [first, second, ...vectors]: readonly BigUint64Array[],
): [BigUint64Array, BigUint64Array, ...BigUint64Array[]] {
  if (first === undefined || second === undefined) throw new RangeError('five buffers')
  for (const [buffer, key] of [[first, keys[0]] as const, [second, keys[1]] as const]) {
    buffer.fill(0n)
    field.addMask(buffer, key, 1n)
  }
  return [first, second, ...vectors]
}
