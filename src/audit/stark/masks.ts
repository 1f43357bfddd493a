import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../crypto/bytes.ts'
import type { Field } from '../../field/Field.ts'
import type { StarkField } from '../../field/starkField.ts'

/** First byte of what keys are derived from: no hash of the protocol begins so. */
const DERIVE = 5
/** Bytes hashed at a time. */
const PIECE = 8192

type Prg = Pick<Field, 'expand'>

/**
 * All that hides a trace: padding, salts, masks, each a stream of ChaCha20 under a key of its own.
 *
 * It follows from the hospital's secret key and from what is hidden. So a proof that is made again, after a reload say, opens the
 * same masks, and two traces never share any: what is opened of both would tell their difference.
 */
export class Masks {
  readonly #prg: Prg
  readonly #secret: Uint8Array
  readonly #binding: Uint8Array

  /**
   * @param prg the field's, as masked sums take it
   * @param secret 32 bytes that only this hospital knows
   * @param binding everything that is hidden and what it is hidden for, hashed
   */
  constructor(prg: Prg, secret: Uint8Array, binding: Uint8Array) {
    if (secret.length !== 32) throw new RangeError(`a mask key of ${secret.length} bytes`)
    this.#prg = prg
    this.#secret = secret
    this.#binding = binding
  }

  /** A key of 32 bytes. */
  key(label: string): Uint8Array {
    return keccak_256(concatBytes(Uint8Array.of(DERIVE), this.#secret, this.#binding, new TextEncoder().encode(label)))
  }

  /** So many uniform elements. */
  elements(label: string, count: number): BigUint64Array {
    return this.#prg.expand(this.key(label), count)
  }
}

/** A hash of so many words of the field's memory: keccak256 over the keccak256 of each 8 KiB. */
export function hashOfWords(field: StarkField, at: number, words: number): Uint8Array {
  const whole = keccak_256.create()
  const start = field.mark()
  const digest = field.allocate(4)
  for (let done = 0; done < 8 * words; done += PIECE) {
    field.hash(at + done, Math.min(PIECE, 8 * words - done), digest)
    whole.update(field.bytes(digest, 32))
  }
  field.release(start)
  return whole.digest()
}
