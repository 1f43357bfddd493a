import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../errors/AppError.ts'
import { gaussianAccountant, gaussianEpsilon } from './gaussian.ts'
import { rdpAccountant } from './rdp.ts'
import { sigmaFor } from './sigmaFor.ts'

const accountant = rdpAccountant()

describe('sigmaFor', () => {
  it('keeps the promise, and a thousandth less noise would not', () => {
    const epsilon = fc.double({ min: 0.2, max: 20, noNaN: true })
    const q = fc.double({ min: 0.001, max: 1, noNaN: true })
    fc.assert(
      fc.property(epsilon, q, fc.integer({ min: 1, max: 3000 }), (epsilon, q, steps) => {
        const sigma = sigmaFor({ epsilon, delta: 1e-5, q, steps })
        expect(accountant.epsilon([{ sigma, q, steps }], 1e-5)).toBeLessThanOrEqual(epsilon)
        expect(accountant.epsilon([{ sigma: sigma * 0.999, q, steps }], 1e-5)).toBeGreaterThan(epsilon)
      }),
      { numRuns: process.env.WARDROUND_LONG === '1' ? 300 : 6 },
    )
  })

  it('asks for more noise where something else is paid out of the same ε', () => {
    const target = { epsilon: 1, delta: 1e-5, q: 0.1, steps: 100 }
    const also = [{ sigma: 10, q: 1, steps: 4 }]
    const sigma = sigmaFor({ ...target, also })
    expect(sigma).toBeGreaterThan(sigmaFor(target) * 1.01)
    expect(accountant.epsilon([...also, { ...target, sigma }], 1e-5)).toBeLessThanOrEqual(1)
  })

  it('is the exact Gaussian’s by the exact accountant', () => {
    const sigma = sigmaFor({ epsilon: 2, delta: 1e-6, q: 1, steps: 9, accountant: gaussianAccountant() })
    expect(gaussianEpsilon(3 / sigma, 1e-6)).toBeCloseTo(2, 4)
  })

  it('says so where the rest takes all of ε', () => {
    const also = [{ sigma: 1, q: 1, steps: 1 }]
    expect(() => sigmaFor({ epsilon: 1, delta: 1e-5, q: 1, steps: 1, also })).toThrow(
      new AppError('privacy.noNoiseSuffices', { epsilon: 1 }),
    )
  })

  it('needs next to none for no steps at all', () => {
    expect(sigmaFor({ epsilon: 1, delta: 1e-5, q: 1, steps: 0 })).toBeLessThan(1e-5)
  })

  it('refuses an ε, δ, rate or number of steps out of range', () => {
    const good = { epsilon: 1, delta: 1e-5, q: 0.1, steps: 10 }
    for (const bad of [{ epsilon: 0 }, { epsilon: Number.NaN }, { delta: 1 }, { q: 0 }, { steps: 0.5 }]) {
      expect(() => sigmaFor({ ...good, ...bad })).toThrow(RangeError)
    }
  })
})
