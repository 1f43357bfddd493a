import { describe, expect, it } from 'vitest'
import golden from '../golden/dp-accountant.json' with { type: 'json' }
import { gaussianAccountant } from './gaussian.ts'
import { pldAccountant } from './pld.ts'
import { type Convention, epsilonFromRenyi, rdpEpsilon, renyiDivergence } from './rdp.ts'
import { sigmaFor } from './sigmaFor.ts'

interface Golden {
  sigma: number
  q: number
  steps: number
  delta: number
  rdp?: number
  rdp_unsigned?: number
  order?: number
  convention?: string
  prv?: number
  pld?: number
  exact?: number
  tolerance?: number
}
const rows: Golden[] = golden.epsilon
const having = (key: keyof Golden) => rows.filter(row => row[key] !== undefined)
/** Where no tolerance is stated: half a unit of the last digit that is printed. */
const lastDigit = (value: number) => 0.5 * 10 ** -(String(value).split('.')[1]?.length ?? 0) * 1.001
/** 'either': the best order is whole or q = 1, and both conventions give it. */
const conventions = (row: { convention?: string }): Convention[] =>
  row.convention === 'either' ? ['signed', 'unsigned'] : [row.convention as Convention]

describe('the published budgets', () => {
  it.each(having('rdp').flatMap(row => conventions(row).map(convention => ({ ...row, convention }))))(
    'RDP, $convention: σ = $sigma, q = $q, $steps steps, δ = $delta give ε = $rdp at order $order',
    ({ convention, ...row }) => {
      const { epsilon, order } = rdpEpsilon([row], row.delta, { convention })
      const rdp = row.rdp as number
      const tolerance = row.tolerance ?? Math.max(1e-7, lastDigit(rdp))
      expect(Math.abs(epsilon - rdp)).toBeLessThan(tolerance)
      expect(order).toBe(row.order)
    },
  )

  it.each(having('rdp_unsigned'))('RDP, unsigned, gives ε = $rdp_unsigned where signed gives $rdp', row => {
    expect(rdpEpsilon([row], row.delta).epsilon).toBeCloseTo(row.rdp_unsigned as number, 7)
  })

  it.each(having('exact'))('exact Gaussian: σ = $sigma, $steps steps, δ = $delta give ε = $exact', row => {
    const tolerance = row.tolerance ?? lastDigit(row.exact as number)
    expect(Math.abs(gaussianAccountant().epsilon([row], row.delta) - (row.exact as number))).toBeLessThan(tolerance)
  })

  // Opacus' own value is an upper bound, up to 0.011 high.
  it.each(having('prv'))('PLD: σ = $sigma, q = $q, $steps steps, δ = $delta give at most ε = $prv', row => {
    const epsilon = pldAccountant().epsilon([row], row.delta)
    expect(epsilon).toBeLessThanOrEqual(row.prv as number)
    expect(epsilon).toBeGreaterThanOrEqual((row.prv as number) - 0.011)
  })

  it.each(having('pld'))('PLD: σ = $sigma, q = $q, $steps steps, δ = $delta give ε = $pld', row => {
    expect(Math.abs(pldAccountant({ precision: 1e-4 }).epsilon([row], row.delta) - (row.pld as number))).toBeLessThan(
      2e-4,
    )
  })

  it('RDP at single orders, by both conventions', () => {
    const { q, sigma, steps, orders, rho, ...rest } = golden.rdp_of_one_mechanism
    orders.forEach((order, i) => {
      const value = rho[i] as number
      expect(Math.abs((steps * renyiDivergence(q, sigma, order)) / value - 1)).toBeLessThan(1e-8)
    })
    const signed = rest['rho_signed_at_1.5_and_2.5']
    ;[1.5, 2.5].forEach((order, i) => {
      expect(Math.abs(steps * renyiDivergence(q, sigma, order, 'signed') - (signed[i] as number))).toBeLessThan(1e-12)
    })
  })

  it('the conversion from Rényi divergence', () => {
    const orders = Array.from({ length: 31 }, (_, i) => i + 2)
    const { rho_constant: rho, delta, epsilon, order } = golden.conversion
    const result = epsilonFromRenyi(
      orders,
      orders.map(() => rho),
      delta,
    )
    expect(result.epsilon).toBeCloseTo(epsilon, 10)
    expect(result.order).toBe(order)
  })

  it.each(golden.sigma_for_target)('the noise for ε = $epsilon', ({ epsilon, q, epochs, delta, ...row }) => {
    const target = { epsilon, q, delta, steps: Math.round(epochs / q) }
    expect(Math.abs(sigmaFor(target) - row.sigma_rdp)).toBeLessThan(row.tolerance)
    const accountant = pldAccountant({ precision: 1e-2 })
    expect(Math.abs(sigmaFor({ ...target, accountant }) - row.sigma_prv)).toBeLessThan(row.tolerance)
  })
})
