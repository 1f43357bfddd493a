/** Goldilocks: 2^64 − 2^32 + 1. */
export const MODULUS = 0xffff_ffff_0000_0001n

/**
 * Vectors over the Goldilocks field. Every element is canonical, that is less than the modulus, and every function keeps
 * it so. The arrays are the caller's: a call holds on to none of them.
 *
 * Every function throws RangeError for an element or a weight that is not canonical (the target may then be changed in
 * part) and for a key that is not 32 bytes.
 */
export interface Field {
  /** target ← target + source. @throws RangeError where the lengths differ */
  add(target: BigUint64Array, source: BigUint64Array): void
  /** target ← target − source. @throws RangeError where the lengths differ */
  subtract(target: BigUint64Array, source: BigUint64Array): void
  /** target ← target + weight · source. @throws RangeError where the lengths differ */
  addScaled(target: BigUint64Array, source: BigUint64Array, weight: bigint): void
  /** Σ a_k b_k. @throws RangeError where the lengths differ */
  inner(a: BigUint64Array, b: BigUint64Array): bigint
  /**
   * The first so many elements of the PRG's stream: ChaCha20 (RFC 8439) under this key with a nonce of zeros and the
   * block counter from 0, read as little-endian 64-bit words of which those not less than the modulus are left out.
   * @param key 32 bytes, one for each vector: see deriveMaskKey
   */
  expand(key: Uint8Array, length: number): BigUint64Array<ArrayBuffer>
  /** target ← target + weight · PRG(key), without a copy of the stream. @param weight an element; −w as MODULUS − w */
  addMask(target: BigUint64Array, key: Uint8Array, weight: bigint): void
  /** Σ PRG(key)_k v_k for a vector of small signed numbers. */
  maskInner(key: Uint8Array, direction: Int8Array): bigint
  /** The same for several vectors, with one expansion of the key. @throws RangeError where the lengths differ */
  maskInners(key: Uint8Array, directions: readonly Int8Array[]): bigint[]
}
