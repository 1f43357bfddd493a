import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ByteBudget, compressionPays, nextK } from './adaptiveK.ts'

const losses = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 6 })
const budget: fc.Arbitrary<ByteBudget> = fc.record({
  size: fc.integer({ min: 1, max: 100_000 }),
  bytesLeft: fc.integer({ min: 0, max: 10_000_000 }),
  roundsLeft: fc.integer({ min: 1, max: 100 }),
  overhead: fc.integer({ min: 0, max: 3000 }),
  bytesPerCoordinate: fc.constant(8),
  losses,
})
const some: ByteBudget = {
  size: 10_000,
  bytesLeft: 100_000,
  roundsLeft: 10,
  overhead: 400,
  bytesPerCoordinate: 8,
  losses: [2, 1],
}

describe('nextK', () => {
  it('is a whole number from 0 to the vector’s length', () => {
    fc.assert(
      fc.property(budget, call => {
        const k = nextK(call)
        expect(Number.isInteger(k) && k >= 0 && k <= call.size).toBe(true)
      }),
    )
  })

  it('never overdraws the budget of a whole study, whatever the losses, and leaves less than a round’s rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60_000, max: 300_000 }),
        fc.integer({ min: 1, max: 30 }),
        losses,
        (bytes, rounds, to) => {
          let bytesLeft = bytes
          for (let round = 0; round < rounds; round++) {
            const k = nextK({ ...some, bytesLeft, roundsLeft: rounds - round, losses: to.slice(0, round) })
            bytesLeft -= some.overhead + 8 * k
            expect(bytesLeft).toBeGreaterThanOrEqual(0)
            if (k === some.size) return
          }
          expect(bytesLeft).toBeLessThan(8)
        },
      ),
    )
  })

  it('never falls with more bytes, nor rises with a higher last loss or more rounds', () => {
    fc.assert(
      fc.property(
        budget,
        fc.nat(100_000),
        fc.nat(50),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (call, bytes, rounds, loss) => {
          const k = nextK(call)
          expect(nextK({ ...call, bytesLeft: call.bytesLeft + bytes })).toBeGreaterThanOrEqual(k)
          expect(nextK({ ...call, roundsLeft: call.roundsLeft + rounds })).toBeLessThanOrEqual(k)
          if (call.losses.length < 2) return
          const higher = call.losses.with(-1, call.losses.at(-1)! + loss)
          expect(nextK({ ...call, losses: higher })).toBeLessThanOrEqual(k)
        },
      ),
    )
  })

  it('saves half for later while nothing is learned, and spends the even share when the loss is gone', () => {
    // (100,000 / 10 − 400) / 8 = 1200
    expect(nextK({ ...some, losses: [] })).toBe(600)
    expect(nextK({ ...some, losses: [2, 2] })).toBe(600)
    expect(nextK({ ...some, losses: [2, 1] })).toBe(900)
    expect(nextK({ ...some, losses: [2, 0] })).toBe(1200)
    expect(nextK({ ...some, losses: [2, 3] })).toBe(600)
  })

  it('spends all that is left in the last round', () => {
    expect(nextK({ ...some, roundsLeft: 1, bytesLeft: 10_000, losses: [2, 2] })).toBe(1200)
  })

  it('sends everything where the budget allows it, and nothing where it does not pay the overhead', () => {
    expect(nextK({ ...some, bytesLeft: 10 * (400 + 80_000) })).toBe(10_000)
    expect(nextK({ ...some, bytesLeft: 10 * (400 + 80_000) - 1 })).toBeLessThan(10_000)
    expect(nextK({ ...some, bytesLeft: 10 * 400 })).toBe(0)
  })

  it('sends a small model whole: its upload is mostly seeds and hashes', () => {
    expect(compressionPays(17, 900, 8)).toBe(false)
    expect(nextK({ ...some, size: 17, overhead: 900, bytesLeft: 500 })).toBe(17)
    // One coordinate of 114 takes 908 bytes of 1812, half at most: the first size that pays.
    expect(compressionPays(114, 900, 8)).toBe(false)
    expect(compressionPays(115, 900, 8)).toBe(true)
  })

  it.each([
    { size: 0 },
    { size: 1.5 },
    { roundsLeft: 0 },
    { bytesPerCoordinate: 0 },
    { bytesLeft: -1 },
    { bytesLeft: Number.NaN },
    { overhead: -1 },
    { losses: [1, Number.NaN] },
    { losses: [-1] },
  ])('refuses %o', wrong => {
    expect(() => nextK({ ...some, ...wrong })).toThrow(RangeError)
  })
})
