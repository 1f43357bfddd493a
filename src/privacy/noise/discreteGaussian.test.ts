import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactDiscreteGaussian, fractionOf } from './exactGaussian.ts'
import { decideExactly, discreteGaussianSampler, fixedExp } from './fastGaussian.ts'
import { RandomWords } from './randomWords.ts'
import { chiSquareExcess } from './testing.ts'

const long = process.env.WARDROUND_LONG === '1'
const draw = (count: number, sample: () => number) => Array.from({ length: count }, sample)

describe('exactDiscreteGaussian', () => {
  it.each([0.4, 1, 3.7, 50, 2 ** 12])('passes a χ² test at σ = %d', sigma => {
    const samples = draw(long ? 1_000_000 : 20_000, () => Number(exactDiscreteGaussian(sigma)))
    expect(chiSquareExcess(samples, sigma)).toBeLessThan(1)
  })

  it('refuses a deviation that is not positive and finite', () => {
    for (const sigma of [0, -1, Number.NaN, Infinity]) expect(() => exactDiscreteGaussian(sigma)).toThrow(RangeError)
  })
})

describe('discreteGaussianSampler', () => {
  it.each([0.4, 1, 3.7, 15.9, 100, 1000, 2 ** 20, 3 ** 20, 2 ** 37, 2 ** 44])('passes a χ² test at σ = %d', sigma => {
    const samples = draw(long ? 20_000_000 : 300_000, discreteGaussianSampler(sigma))
    expect(chiSquareExcess(samples, sigma)).toBeLessThan(1)
  })

  it('would fail the χ² test with a deviation of 3 % more or less, or a mean of a fiftieth of it', () => {
    for (const sigma of [3.7, 100]) {
      const samples = draw(300_000, discreteGaussianSampler(sigma))
      expect(chiSquareExcess(samples, sigma * 1.03)).toBeGreaterThan(1)
      expect(chiSquareExcess(samples, sigma / 1.03)).toBeGreaterThan(1)
    }
    const shifted = draw(300_000, discreteGaussianSampler(100)).map(z => z + 3)
    expect(chiSquareExcess(shifted, 100)).toBeGreaterThan(1)
  })

  it('would fail it as a continuous Gaussian that is cut to whole numbers', () => {
    const coarse = draw(300_000, discreteGaussianSampler(2 ** 20)).map(z => Math.round(z / 2 ** 20))
    expect(chiSquareExcess(coarse, 1)).toBeGreaterThan(1)
  })

  it('draws whole numbers, nothing but 0 where hardly anything else has a chance', () => {
    expect(draw(1000, discreteGaussianSampler(1e6)).every(Number.isSafeInteger)).toBe(true)
    expect(draw(1000, discreteGaussianSampler(0.01)).every(z => z === 0)).toBe(true)
  })

  it('uses every last bit of a wide range', () => {
    const samples = draw(1000, discreteGaussianSampler(2 ** 40))
    for (const bit of [1, 2, 2 ** 16, 2 ** 31, 2 ** 33]) {
      const odd = samples.filter(z => Math.floor(Math.abs(z) / bit) % 2 === 1).length
      // A fair coin leaves 250 to 750 of 1000 with a probability of 1 in 10⁵⁰.
      expect(odd).toBeGreaterThan(250)
      expect(odd).toBeLessThan(750)
    }
  })

  it('refuses a deviation out of range', () => {
    for (const sigma of [0, -1, Number.NaN, 2 ** 45]) expect(() => discreteGaussianSampler(sigma)).toThrow(RangeError)
  })
})

describe('the exact decision', () => {
  it('agrees with doubles wherever 32 bits decide', () => {
    const sigma = fc.double({ min: 0.5, max: 1e6, noNaN: true })
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(sigma, fc.double({ min: 0, max: 6, noNaN: true }), word, (sigma, deviations, coin) => {
        const z = Math.round(deviations * sigma)
        const bound = Math.exp(-(z * z) / (2 * sigma * sigma)) * 0.75 * 2 ** 32
        fc.pre(Math.abs(coin - bound) > 2)
        expect(decideExactly(coin, z, sigma, 3, 4)).toBe(coin < bound)
      }),
    )
  })

  it('is a coin of the right odds where they do not', () => {
    // exp(0)·top/weight = (2³¹ + ½)/2³²: the word 2³¹ is open, and half of what may follow it lies below.
    const kept = draw(2000, () => Number(decideExactly(2 ** 31, 0, 1, 2 ** 32 + 1, 2 ** 33)))
    const share = kept.reduce((sum, one) => sum + one, 0) / kept.length
    // 13 deviations of 2000 fair coins.
    expect(Math.abs(share - 0.5)).toBeLessThan(0.15)
  })
})

describe('fixedExp', () => {
  it('is exp(−x) to the last bit of a double', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 100, noNaN: true }), x => {
        const value = Number(fixedExp(fractionOf(x), 256)) / 2 ** 256
        // Math.exp rounds its argument's last bit: x parts in 2⁵³.
        expect(Math.abs(value / Math.exp(-x) - 1)).toBeLessThan(4e-16)
      }),
    )
  })

  it('knows 50 digits of 1/e', () => {
    const digits = (fixedExp({ numerator: 1n, denominator: 1n }, 256) * 10n ** 50n) >> 256n
    expect(digits).toBe(36787944117144232159552377016146086744581113103176n)
  })
})

describe('RandomWords', () => {
  it('draws below any bound, every value about as often', () => {
    const random = new RandomWords()
    for (const bound of [1n, 2n, 3n, 7n, 2n ** 32n + 1n, 10n ** 30n]) {
      const values = Array.from({ length: 600 }, () => random.below(bound))
      expect(values.every(value => value >= 0n && value < bound)).toBe(true)
      // Half the range has half the draws, give or take 8 deviations; a range of one has all.
      const low = values.filter(value => 2n * value < bound - 1n).length
      const share = Number((bound / 2n) * 1000n) / Number(bound) / 1000
      expect(Math.abs(low - 600 * share)).toBeLessThan(8 * Math.sqrt(600 / 4) + 1)
    }
  })

  it('gives as many bits as asked for', () => {
    const random = new RandomWords()
    for (const count of [1, 31, 32, 33, 64, 256]) {
      const values = Array.from({ length: 200 }, () => random.bits(count))
      expect(values.every(value => value < 2n ** BigInt(count))).toBe(true)
      // None of 200 has the top bit with a probability of 2⁻²⁰⁰.
      expect(values.some(value => value >= 2n ** BigInt(count - 1))).toBe(true)
    }
  })
})
