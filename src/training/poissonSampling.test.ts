import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { publicRandom } from '../study/random.ts'
import { type Coins, poissonSample, secureCoins } from './poissonSampling.ts'

const seeded = (seed: number): Coins => {
  const random = publicRandom(seed)
  return count => Uint32Array.from({ length: count }, () => random.uint32())
}

describe('poissonSample', () => {
  it('draws exactly those whose coin falls below the rate', () => {
    const coins: Coins = () => Uint32Array.of(0, 2 ** 31, 2 ** 31 - 1, 2 ** 32 - 1, 5)
    expect([...poissonSample(5, 0.5, coins)]).toEqual([0, 2, 4])
  })

  it('draws everybody at a rate of 1, whatever the coins, and may draw nobody', () => {
    const none: Coins = count => new Uint32Array(count).fill(0xffffffff)
    expect([...poissonSample(4, 1, none)]).toEqual([0, 1, 2, 3])
    expect(poissonSample(4, 0.999, none)).toHaveLength(0)
  })

  it('never draws more often than the rate says', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1, minExcluded: true, noNaN: true }), rate => {
        const [lowest] = [Math.floor(rate * 2 ** 32)]
        fc.pre(lowest < 2 ** 32)
        expect(poissonSample(1, rate, () => Uint32Array.of(lowest))).toHaveLength(0)
      }),
    )
  })

  it('gives sizes with the mean and the variance of independent draws', () => {
    const coins = seeded(4)
    const [patients, rate, draws] = [500, 0.1, 2000]
    const sizes = Array.from({ length: draws }, () => poissonSample(patients, rate, coins).length)
    const mean = sizes.reduce((sum, size) => sum + size, 0) / draws
    const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / (draws - 1)
    // Four standard errors: the deviation of the mean is √(45/2000), that of the variance about 45·√(2/2000).
    expect(Math.abs(mean - 50)).toBeLessThan(0.6)
    expect(Math.abs(variance - 45)).toBeLessThan(5.7)
  })

  it.each([0, -0.1, 1.1, Number.NaN])('refuses a rate of %s', rate => {
    expect(() => poissonSample(3, rate)).toThrow(RangeError)
  })
})

it('secure coins are as many as asked for, beyond what the browser gives at once, and differ', () => {
  const coins = secureCoins(40_000)
  expect(coins).toHaveLength(40_000)
  // Two equal ones among 40,000 happen, many do not.
  expect(new Set(coins).size).toBeGreaterThan(39_900)
  expect(coins.slice(-1000).filter(coin => coin === 0).length).toBeLessThan(10)
})
