import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../crypto/bytes.ts'
import type { Extension } from '../../field/extension.ts'
import { isElement } from '../../field/goldilocks.ts'

/** First bytes of what is hashed, so that no hash of one kind is one of another: leaves and nodes have 0 and 1. */
const ABSORB = 2
const SQUEEZE = 3
const GRIND = 4

/**
 * Fiat and Shamir's verifier: a chain of keccak256. All that the prover says goes in before the challenge that it may not know
 * beforehand comes out.
 *
 * absorb: state ← H(2 ‖ state ‖ bytes). squeeze: state ← H(3 ‖ state), which is also the output. Work: a nonce of 8 bytes
 * for which H(4 ‖ state ‖ nonce) begins with so many zero bits; then it is absorbed.
 */
export class Transcript {
  #state: Uint8Array

  /** @param state 32 bytes that it begins with; default zeros */
  constructor(state: Uint8Array = new Uint8Array(32)) {
    this.#state = state
  }

  absorb(bytes: Uint8Array): void {
    this.#state = keccak_256(concatBytes(Uint8Array.of(ABSORB), this.#state, bytes))
  }

  /** 32 bytes that depend on everything before. A copy: what a prover grinds against. */
  get state(): Uint8Array {
    return this.#state.slice()
  }

  /**
   * A uniform extension element: the first two of the words of as many outputs as it takes that are canonical. Words that are not are
   * left out, not reduced, which would favour small ones.
   */
  extension(): Extension {
    const elements: bigint[] = []
    while (elements.length < 2) {
      const words = new DataView(this.#squeeze().buffer)
      for (let at = 0; at < 32; at += 8) {
        const word = words.getBigUint64(at)
        if (isElement(word)) elements.push(word)
      }
    }
    return [elements[0]!, elements[1]!]
  }

  /** A uniform element that is not in the base field: outside of every domain. */
  outside(): Extension {
    for (;;) {
      const point = this.extension()
      if (point[1] !== 0n) return point
    }
  }

  /** Uniform numbers below 2^log2, log2 ≤ 32: eight from each output, its 32-bit words' low bits. */
  positions(count: number, log2: number): number[] {
    const positions: number[] = []
    while (positions.length < count) {
      const words = new DataView(this.#squeeze().buffer)
      for (let at = 0; at < 32 && positions.length < count; at += 4) positions.push(words.getUint32(at) % 2 ** log2)
    }
    return positions
  }

  /** Whether the nonce shows the work; absorbs it if so. */
  accepts(nonce: Uint8Array, bits: number): boolean {
    const hash = keccak_256(concatBytes(Uint8Array.of(GRIND), this.#state, nonce))
    if (leadingZeros(hash) < bits) return false
    this.absorb(nonce)
    return true
  }

  #squeeze(): Uint8Array<ArrayBuffer> {
    this.#state = keccak_256(concatBytes(Uint8Array.of(SQUEEZE), this.#state))
    return this.#state.slice()
  }
}

function leadingZeros(bytes: Uint8Array): number {
  let zeros = 0
  for (const byte of bytes) {
    zeros += byte === 0 ? 8 : Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return zeros
}
