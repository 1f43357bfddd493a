import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chargedSensitivity, gridFor, noisyOnGrid, summationError } from './grid.ts'
import { chiSquareExcess } from './testing.ts'

const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0))
const vector = (size: number) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: size, maxLength: size })
const clipped = (values: number[], clip: number) => values.map(value => (value * clip) / Math.max(clip, norm(values)))

describe('noisyOnGrid', () => {
  it('adds a discrete Gaussian of its own to each rounded value', () => {
    const values = Float64Array.from({ length: 200_000 }, (_, i) => (i % 1000) / 7 - 60)
    const grid = 2 ** -6
    const noisy = noisyOnGrid(values, { sigma: 2, grid })
    const noise = Array.from(noisy, (value, i) => value / grid - Math.round(values[i]! / grid))
    expect(noise.every(Number.isInteger)).toBe(true)
    expect(chiSquareExcess(noise, 2 / grid)).toBeLessThan(1)
    // One noise for several coordinates would go with the next; 7 deviations of the mean of that many products.
    const products = noise.slice(1).reduce((sum, value, i) => sum + value * noise[i]!, 0) / (2 / grid) ** 2
    expect(Math.abs(products) / Math.sqrt(noise.length)).toBeLessThan(7)
  })

  it('leaves the values as they are and answers in their type', () => {
    const single = Float32Array.of(1.25, -3)
    const double = Float64Array.of(1e6 + 0.1)
    expect(noisyOnGrid(single, { sigma: 1, grid: 2 ** -10 })).toBeInstanceOf(Float32Array)
    expect(noisyOnGrid(double, { sigma: 1, grid: 2 ** -10 })).toBeInstanceOf(Float64Array)
    expect([...single, ...double]).toEqual([1.25, -3, 1e6 + 0.1])
  })

  it('never draws the same noise twice', () => {
    const zeros = new Float64Array(20)
    const options = { sigma: 1, grid: 2 ** -30 }
    expect(noisyOnGrid(zeros, options)).not.toEqual(noisyOnGrid(zeros, options))
  })

  it.each([
    ['a grid that is no power of two', [1], 1, 0.1],
    ['a grid of nothing', [1], 1, 0],
    ['a grid of more than an eighth of the noise', [1], 1, 0.25],
    ['no noise', [1], 0, 2 ** -20],
    ['noise that is no number', [1], Number.NaN, 2 ** -20],
    ['noise finer than doubles can hold', [1], 1, 2 ** -50],
    ['a value that is no number', [Number.NaN], 1, 2 ** -10],
    ['an infinite value', [Infinity], 1, 2 ** -10],
    ['a value beyond the grid’s reach', [2 ** 50], 1, 2 ** -10],
  ])('refuses %s', (_, values, sigma, grid) => {
    expect(() => noisyOnGrid(Float64Array.from(values), { sigma, grid })).toThrow(RangeError)
  })
})

describe('the charged sensitivity', () => {
  it('covers what a clipped patient and rounding to the grid do together', () => {
    const sizes = fc.record({
      sum: vector(12),
      patient: vector(12),
      clip: fc.double({ min: 0.01, max: 2, noNaN: true }),
      exponent: fc.integer({ min: -8, max: 0 }),
    })
    fc.assert(
      fc.property(sizes, ({ sum, patient, clip, exponent }) => {
        const grid = 2 ** exponent
        const rounded = (values: number[]) => values.map(value => Math.round(value / grid) * grid)
        const contribution = clipped(patient, clip)
        const neighbour = rounded(sum.map((value, i) => value + contribution[i]!))
        const apart = norm(rounded(sum).map((value, i) => neighbour[i]! - value))
        const charged = chargedSensitivity({ clip, grid, dimensions: 12, floatError: 1e-12 })
        expect(apart).toBeLessThanOrEqual(charged)
      }),
    )
  })

  it('is reached: it could not be smaller', () => {
    // A contribution of 3·2⁻¹⁰ in each of 4 coordinates moves values just below a half up by one whole step.
    const rounded = [0, 1].map(times => Array.from({ length: 4 }, () => Math.round(0.498 + times * 0.003)))
    expect(norm(rounded[1]!.map((value, i) => value - rounded[0]![i]!))).toBe(2)
    expect(chargedSensitivity({ clip: 0.006, grid: 1, dimensions: 4, floatError: 0 })).toBeCloseTo(2.006, 12)
  })

  it('refuses what is negative or no number', () => {
    const good = { clip: 1, grid: 2 ** -10, dimensions: 10, floatError: 0 }
    for (const bad of [{ clip: -1 }, { grid: -1 }, { floatError: -1 }, { dimensions: 0.5 }, { clip: Number.NaN }]) {
      expect(() => chargedSensitivity({ ...good, ...bad })).toThrow(RangeError)
    }
  })
})

describe('summationError', () => {
  it('covers what float32 sums of two neighbouring sets lose', () => {
    const patients = fc.array(vector(5), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(patients, patients => {
        const contributions = patients.map(patient => clipped(patient, 1).map(Math.fround))
        const sums = (list: number[][]) => {
          const single = new Float32Array(5)
          const double = new Float64Array(5)
          for (const values of list) {
            values.forEach((value, i) => {
              single[i] = single[i]! + value
              double[i] = double[i]! + value
            })
          }
          return Array.from(single, (value, i) => value - double[i]!)
        }
        const all = sums(contributions)
        const without = sums(contributions.slice(1))
        const apart = norm(all.map((value, i) => value - without[i]!))
        // Clipping in float32 itself may leave a norm one unit in the last place above 1.
        expect(apart).toBeLessThanOrEqual(summationError({ clip: 1 + 2 ** -22, terms: contributions.length }))
      }),
    )
  })

  it('is nothing for a single contribution and refuses more than float32 can add', () => {
    expect(summationError({ clip: 1, terms: 1 })).toBe(0)
    expect(() => summationError({ clip: 1, terms: 2 ** 23 + 2 })).toThrow(RangeError)
    expect(() => summationError({ clip: 1, terms: 0 })).toThrow(RangeError)
  })
})

describe('gridFor', () => {
  it('is a power of two that adds at most a 4096th to the clip, and twice it would be more', () => {
    const clip = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(clip, fc.integer({ min: 1, max: 1e7 }), (clip, dimensions) => {
        const grid = gridFor({ clip, dimensions })
        const added = chargedSensitivity({ clip, grid, dimensions, floatError: 0 }) - clip
        expect(Number.isInteger(Math.log2(grid))).toBe(true)
        expect(added).toBeLessThanOrEqual((clip / 4096) * (1 + 1e-9))
        expect(2 * added).toBeGreaterThan((clip / 4096) * (1 - 1e-9))
      }),
    )
  })

  it('refuses a clip or dimensions out of range', () => {
    expect(() => gridFor({ clip: 0, dimensions: 1 })).toThrow(RangeError)
    expect(() => gridFor({ clip: 1, dimensions: 0 })).toThrow(RangeError)
  })
})
