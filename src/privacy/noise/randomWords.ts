/** Words that are fetched at once: 16 KiB, of the 64 KiB that getRandomValues gives at most. */
const words = 4096

/** Random bits for noise, from crypto.getRandomValues and nowhere else, fetched in blocks as a call for each word is slow. */
export class RandomWords {
  readonly #block = new Uint32Array(words)
  #next = words

  /** A uniform integer from 0 to 2³² − 1. */
  uint32(): number {
    if (this.#next === words) {
      crypto.getRandomValues(this.#block)
      this.#next = 0
    }
    return this.#block[this.#next++]!
  }

  /** So many uniform bits as one integer. */
  bits(count: number): bigint {
    let value = 0n
    for (let left = count; left > 0; left -= 32) value = (value << 32n) | BigInt(this.uint32())
    return value >> BigInt(Math.ceil(count / 32) * 32 - count)
  }

  /** A uniform integer from 0 (included) to bound (excluded), without bias: what is too large is drawn again. */
  below(bound: bigint): bigint {
    const count = (bound - 1n).toString(2).length
    for (;;) {
      const value = this.bits(count)
      if (value < bound) return value
    }
  }
}
