import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussianAccountant, logGaussianDelta } from './gaussian.ts'
import type { Accountant, Mechanism } from './mechanism.ts'
import { pldAccountant } from './pld.ts'
import { rdpAccountant } from './rdp.ts'

const long = process.env.WARDROUND_LONG === '1'
const precision = 1e-3
const rdp = rdpAccountant()
const pld = pldAccountant({ precision })
const gaussian = gaussianAccountant()

const logUniform = (min: number, max: number) =>
  fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp)
const sigma = logUniform(0.4, 20)
const rate = fc.oneof({ weight: 4, arbitrary: logUniform(1e-4, 0.999) }, { weight: 1, arbitrary: fc.constant(1) })
const steps = logUniform(1, 5000).map(Math.round)
const mechanism: fc.Arbitrary<Mechanism> = fc.record({ sigma, q: rate, steps })
const delta = logUniform(1e-8, 1e-3)
/** A grid grows with the steps and with how little noise there is; the long run takes all. */
const numericalMechanism = long
  ? mechanism
  : fc.record({ sigma: logUniform(0.8, 20), q: rate, steps: logUniform(1, 500).map(Math.round) })

// The grid of the numerical one may differ between two questions; the RDP of fractional orders is rounded.
const accountants: [string, Accountant, fc.Arbitrary<Mechanism>, number, number][] = [
  ['RDP', rdp, mechanism, long ? 2000 : 100, 1e-9],
  ['PLD', pld, numericalMechanism, long ? 300 : 5, 3 * precision],
  ['exact Gaussian', gaussian, mechanism.map(one => ({ ...one, q: 1 })), long ? 2000 : 200, 1e-9],
]

describe.each(accountants)('%s', (_, accountant, mechanism, numRuns, slack) => {
  const noMore = (less: readonly Mechanism[], more: readonly Mechanism[], delta: number) => {
    const cheap = accountant.epsilon(less, delta)
    const dear = accountant.epsilon(more, delta)
    expect(cheap).toBeLessThanOrEqual(dear + slack + 1e-9 * dear)
  }

  it('never charges less for more steps', () => {
    fc.assert(
      fc.property(mechanism, steps, delta, (one, more, delta) => {
        noMore([one], [{ ...one, steps: one.steps + more }], delta)
      }),
      { numRuns },
    )
  })

  it('never charges more for more noise', () => {
    fc.assert(
      fc.property(mechanism, logUniform(1, 3), delta, (one, factor, delta) => {
        noMore([{ ...one, sigma: one.sigma * factor }], [one], delta)
      }),
      { numRuns },
    )
  })

  it('never charges more where δ is larger', () => {
    fc.assert(
      fc.property(mechanism, delta, delta, (one, a, b) => {
        const strict = accountant.epsilon([one], Math.min(a, b))
        expect(accountant.epsilon([one], Math.max(a, b))).toBeLessThanOrEqual(strict + slack + 1e-9 * strict)
      }),
      { numRuns },
    )
  })

  it('charges for several at least what the dearest costs alone', () => {
    fc.assert(
      fc.property(fc.array(mechanism, { minLength: 2, maxLength: 3 }), delta, (list, delta) => {
        for (const one of list) noMore([one], list, delta)
      }),
      { numRuns: Math.ceil(numRuns / 2) },
    )
  })

  it('charges the same in whatever order and portions the steps came', () => {
    fc.assert(
      fc.property(mechanism, mechanism, delta, (a, b, delta) => {
        const at = Math.floor(a.steps / 2)
        const whole = accountant.epsilon([a, b], delta)
        const portions = accountant.epsilon([{ ...a, steps: a.steps - at }, b, { ...a, steps: at }], delta)
        expect(Math.abs(whole - portions)).toBeLessThanOrEqual(slack + 1e-9 * whole)
      }),
      { numRuns: Math.ceil(numRuns / 2) },
    )
  })

  it('charges nothing where nothing is done', () => {
    expect(accountant.epsilon([], 1e-5)).toBe(0)
    expect(accountant.epsilon([{ sigma: 1, q: 1, steps: 0 }], 1e-5)).toBe(0)
  })

  it.each([
    [{ sigma: 0, q: 1, steps: 1 }, 1e-5],
    [{ sigma: Number.NaN, q: 1, steps: 1 }, 1e-5],
    [{ sigma: Infinity, q: 1, steps: 1 }, 1e-5],
    [{ sigma: 1, q: 0, steps: 1 }, 1e-5],
    [{ sigma: 1, q: 1.1, steps: 1 }, 1e-5],
    [{ sigma: 1, q: 1, steps: -1 }, 1e-5],
    [{ sigma: 1, q: 1, steps: 1.5 }, 1e-5],
    [{ sigma: 1, q: 1, steps: 1 }, 0],
    [{ sigma: 1, q: 1, steps: 1 }, 1],
  ])('refuses %o at δ = %d', (one, delta) => {
    expect(() => accountant.epsilon([one], delta)).toThrow(RangeError)
  })
})

describe.each(accountants.slice(0, 2))('%s of samples', (_, accountant, mechanism, numRuns, slack) => {
  it('never charges less for a larger rate', () => {
    fc.assert(
      fc.property(mechanism, rate, delta, (one, other, delta) => {
        const small = accountant.epsilon([{ ...one, q: Math.min(one.q, other) }], delta)
        const large = accountant.epsilon([{ ...one, q: Math.max(one.q, other) }], delta)
        expect(small).toBeLessThanOrEqual(large + slack + 1e-9 * large)
      }),
      { numRuns },
    )
  })
})

describe('the accountants together', () => {
  it('agree at q = 1: exact ≤ PLD ≤ exact and three times its precision, exact ≤ RDP', () => {
    fc.assert(
      fc.property(sigma, steps, delta, (sigma, steps, delta) => {
        const all = [{ sigma, q: 1, steps }]
        const exact = gaussian.epsilon(all, delta)
        const numerical = pld.epsilon(all, delta)
        expect(numerical).toBeGreaterThanOrEqual(exact - 1e-9)
        expect(numerical).toBeLessThanOrEqual(exact + 3 * precision + 1e-3 * exact)
        expect(exact).toBeLessThanOrEqual(rdp.epsilon(all, delta) + 1e-9)
      }),
      { numRuns: long ? 1000 : 40 },
    )
  })

  it('have PLD no dearer than RDP, by more than its precision', () => {
    fc.assert(
      fc.property(fc.array(numericalMechanism, { minLength: 1, maxLength: 2 }), delta, (list, delta) => {
        expect(pld.epsilon(list, delta)).toBeLessThanOrEqual(rdp.epsilon(list, delta) + precision)
      }),
      { numRuns: long ? 500 : 6 },
    )
  })

  it('have a PLD on a coarse grid that is an upper bound of the one on a fine grid, and near it', () => {
    const fine = pldAccountant({ precision: precision / 10 })
    fc.assert(
      fc.property(mechanism, delta, (one, delta) => {
        const close = fine.epsilon([one], delta)
        const coarse = pld.epsilon([one], delta)
        // What is charged to δ for truncation may differ in its last part.
        expect(coarse).toBeGreaterThanOrEqual(close - precision / 10)
        expect(coarse).toBeLessThanOrEqual(close + 3 * precision)
      }),
      { numRuns: long ? 100 : 3 },
    )
  })

  it('know the δ of a Gaussian: half the l1 distance at ε = 0, 2Φ(μ/2) − 1', () => {
    expect(Math.exp(logGaussianDelta(1, 0))).toBeCloseTo(0.38292492254802624, 14)
  })
})
