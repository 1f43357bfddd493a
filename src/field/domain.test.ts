import { describe, expect, it } from 'vitest'
import { GENERATOR, rootOfUnity, TWO_ADICITY } from './domain.ts'
import { MODULUS } from './Field.ts'
import { power } from './goldilocks.ts'

describe('the domains of the Goldilocks field', () => {
  it('come from a generator of all elements but 0', () => {
    const order = MODULUS - 1n
    const primes = [2n, 3n, 5n, 17n, 257n, 65_537n]
    // 2^32 · 3 · 5 · 17 · 257 · 65537: a generator's power to the order over each of the primes is not 1.
    expect(2n ** 31n * primes.reduce((product, prime) => product * prime)).toBe(order)
    for (const prime of primes) expect(power(GENERATOR, order / prime)).not.toBe(1n)
  })

  it('have roots of unity of every power of two up to 2^32', () => {
    expect(rootOfUnity(0)).toBe(1n)
    for (let log = 1; log <= TWO_ADICITY; log++) {
      expect(power(rootOfUnity(log), 2n ** BigInt(log - 1))).toBe(MODULUS - 1n)
      expect(power(rootOfUnity(log), 2n)).toBe(rootOfUnity(log - 1))
    }
  })

  it.each([-1, 0.5, 33])('have none of order 2^%s', log => {
    expect(() => rootOfUnity(log)).toThrow(RangeError)
  })
})
