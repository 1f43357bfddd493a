/**
 * A small generator of reproducible numbers, for what is public anyway: initial weights, the order of batches, splits.
 * xoshiro128** by Blackman and Vigna, seeded with splitmix32. Never for keys, salts, masks or noise.
 */
export interface PublicRandom {
  /** An integer from 0 to 2³² − 1. */
  uint32(): number
  /** A number from 0 (included) to 1 (excluded), with 24 random bits: exact in float32. */
  unit(): number
  /** An integer from 0 (included) to bound (excluded), unbiased. */
  below(bound: number): number
}

/**
 * The same seed gives the same numbers on every machine: integer arithmetic only.
 * @param seed an integer; its low 32 bits count
 */
export function publicRandom(seed: number): PublicRandom {
  let state = seed | 0
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) | 0
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix()

  const uint32 = (): number => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result
  }

  return {
    uint32,
    unit: () => (uint32() >>> 8) / 0x1000000,
    below(bound) {
      // Numbers past the last whole multiple of the bound would favour small results: draw again.
      const limit = 0x100000000 - (0x100000000 % bound)
      let value = uint32()
      while (value >= limit) value = uint32()
      return value % bound
    },
  }
}

/** The numbers 0 to count − 1 in an order drawn from the generator (Fisher-Yates). */
export function shuffled(random: PublicRandom, count: number): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const swap = order[i]!
    order[i] = order[j]!
    order[j] = swap
  }
  return order
}
