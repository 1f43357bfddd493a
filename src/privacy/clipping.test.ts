import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussianAccountant } from './accountant/gaussian.ts'
import { rdpAccountant } from './accountant/rdp.ts'
import {
  allocateNoise,
  chargedSigma,
  counterGrid,
  counterSigma,
  effectiveSigma,
  gradientSigma,
  type LayerClip,
  nextClip,
  noisyShareWithin,
} from './clipping.ts'

const positive = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const layers = fc.array(fc.record({ clip: positive(0.01, 10), dimensions: fc.integer({ min: 1, max: 1_000_000 }) }), {
  minLength: 1,
  maxLength: 8,
})
const sigma = positive(0.3, 20)
const energy = (list: readonly LayerClip[], sigmas: readonly number[]) =>
  list.reduce((sum, { clip, dimensions }, l) => sum + dimensions * (clip * sigmas[l]!) ** 2, 0)

describe('allocateNoise', () => {
  it('costs, all layers together, exactly what one multiplier would', () => {
    fc.assert(
      fc.property(sigma, layers, (sigma, list) => {
        const sigmas = allocateNoise(sigma, list)
        expect(effectiveSigma(sigmas)).toBeCloseTo(sigma, 10)
        // And what the accountants say of the layers as mechanisms of their own is what they say of the one that is charged.
        const each = sigmas.map(one => ({ sigma: one, q: 1, steps: 3 }))
        const charged = [{ sigma, q: 1, steps: 3 }]
        for (const accountant of [gaussianAccountant(), rdpAccountant()]) {
          expect(accountant.epsilon(each, 1e-5)).toBeCloseTo(accountant.epsilon(charged, 1e-5), 7)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('adds the least noise of all allocations at that cost', () => {
    const shares = fc.array(positive(0.01, 1), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(sigma, layers, shares, (sigma, list, weights) => {
        const total = list.reduce((sum, _, l) => sum + weights[l]!, 0)
        const other = list.map((_, l) => sigma * Math.sqrt(total / weights[l]!))
        expect(effectiveSigma(other)).toBeCloseTo(sigma, 10)
        expect(energy(list, allocateNoise(sigma, list))).toBeLessThanOrEqual(energy(list, other) * (1 + 1e-9))
      }),
    )
  })

  it('gives a single layer all of it', () => {
    expect(allocateNoise(1.7, [{ clip: 3, dimensions: 10 }])).toEqual([1.7])
  })

  it('refuses what is not positive', () => {
    for (const bad of [{ clip: 0 }, { clip: Number.NaN }, { dimensions: 0 }, { dimensions: -1 }]) {
      expect(() => allocateNoise(1, [{ clip: 1, dimensions: 1, ...bad }])).toThrow(RangeError)
    }
    expect(() => allocateNoise(0, [{ clip: 1, dimensions: 1 }])).toThrow(RangeError)
    expect(() => effectiveSigma([])).toThrow(RangeError)
    expect(() => effectiveSigma([1, -1])).toThrow(RangeError)
  })
})

describe('the charge for adaptive clips', () => {
  it('is that of the gradients and of counters that a patient moves by a half', () => {
    fc.assert(
      fc.property(sigma, fc.array(positive(1, 50), { maxLength: 5 }), (sigma, counters) => {
        const apart = [sigma, ...counters.map(counter => counter / 0.5)].map(one => ({ sigma: one, q: 1, steps: 1 }))
        const charged = gaussianAccountant().epsilon([{ sigma: chargedSigma(sigma, counters), q: 1, steps: 1 }], 1e-5)
        expect(charged).toBeCloseTo(gaussianAccountant().epsilon(apart, 1e-5), 8)
      }),
    )
  })

  it('leaves the gradients what the counters do not take', () => {
    fc.assert(
      fc.property(sigma, fc.array(positive(1, 50), { maxLength: 5 }), (sigma, counters) => {
        expect(gradientSigma(chargedSigma(sigma, counters), counters)).toBeCloseTo(sigma, 6)
      }),
    )
    expect(() => gradientSigma(5, [1])).toThrow(RangeError)
    expect(() => gradientSigma(1, [0])).toThrow(RangeError)
  })
})

describe('the noise on counters', () => {
  it('takes a fiftieth of what the step is charged, however many there are', () => {
    fc.assert(
      fc.property(sigma, fc.integer({ min: 1, max: 30 }), (charged, count) => {
        const counters = Array.from({ length: count }, () => counterSigma(charged, count))
        const gradients = gradientSigma(charged, counters)
        expect((charged / gradients) ** 2).toBeCloseTo(0.98, 9)
        expect(chargedSigma(gradients, counters)).toBeCloseTo(charged, 9)
      }),
    )
    expect(counterSigma(2, 3)).toBeCloseTo(Math.sqrt(3 / 0.02), 12)
    for (const [charged, count] of [
      [0, 1],
      [1, 0],
      [1, 1.5],
    ] as const) {
      expect(() => counterSigma(charged, count)).toThrow(RangeError)
    }
  })
})

it('a counter’s grid holds every half, and is fine beside its noise', () => {
  for (const sigma of [1e-3, 0.1, 1, 4, 31, 33, 1e5]) {
    const grid = counterGrid(sigma)
    expect(Number.isInteger(0.5 / grid)).toBe(true)
    expect(Number.isInteger(Math.log2(grid))).toBe(true)
    expect(sigma / grid).toBeGreaterThanOrEqual(64)
  }
  expect(counterGrid(1e5)).toBe(0.5)
})

describe('an adaptive clip', () => {
  it('shrinks where most patients lie within it, grows where few do, and stays at half', () => {
    expect(nextClip(2, 1)).toBeCloseTo(2 * Math.exp(-0.1), 12)
    expect(nextClip(2, 0)).toBeCloseTo(2 * Math.exp(0.1), 12)
    expect(nextClip(2, 0.5)).toBe(2)
    for (const [clip, share] of [
      [0, 0.5],
      [1, Number.NaN],
      [Infinity, 0.5],
    ] as const) {
      expect(() => nextClip(clip, share)).toThrow(RangeError)
    }
  })

  it('finds the median of the norms from ten times too large and ten times too small', () => {
    const norms = Float64Array.from({ length: 401 }, (_, i) => Math.exp((i - 200) / 100))
    for (const start of [0.1, 10]) {
      let clip = start
      for (let step = 0; step < 200; step++) {
        clip = nextClip(clip, noisyShareWithin(norms, { clip, sigma: 10, expected: 401 }))
      }
      // Each step moves it by 0.2·10/401 of noise at most a few times: within 20 % is 10 deviations.
      expect(Math.abs(Math.log(clip))).toBeLessThan(0.2)
    }
  })

  it('counts with noise of the deviation that is charged, around the true share, also of nobody', () => {
    for (const { norms, share } of [
      { norms: [1, 2, 3, 4], share: 0.5 + (3 * 0.5 - 0.5) / 8 },
      { norms: [], share: 0.5 },
    ]) {
      const draws = Array.from({ length: 4000 }, () => noisyShareWithin(norms, { clip: 3, sigma: 4, expected: 8 }))
      const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
      const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length
      // Seven standard errors of either.
      expect(Math.abs(mean - share)).toBeLessThan((7 * 0.5) / Math.sqrt(4000))
      expect(Math.abs(variance / 0.25 - 1)).toBeLessThan(7 * Math.sqrt(2 / 4000))
    }
  })

  it('moves by half a patient of the expected batch for one patient, before the noise', () => {
    // The centred counter: half a unit a patient, of which the noise's multiplier of 2σ_b speaks.
    const draw = (norms: number[]) => noisyShareWithin(norms, { clip: 1, sigma: 1e-9, expected: 10 })
    expect(draw([0.5, 2, 2]) - draw([2, 2])).toBeCloseTo(0.05, 8)
    expect(draw([2, 2]) - draw([2, 2, 2])).toBeCloseTo(0.05, 8)
  })

  it('refuses noise or a batch that is not positive', () => {
    expect(() => noisyShareWithin([1], { clip: 1, sigma: 0, expected: 1 })).toThrow(RangeError)
    expect(() => noisyShareWithin([1], { clip: 1, sigma: 1, expected: 0 })).toThrow(RangeError)
  })
})
