import { describe, expect, it } from 'vitest'
import { erfc, logErfc, logNormalCdf, normalCdf } from './normal.ts'

/** x, erfc(x), ln erfc(x) from mpmath with 30 digits. */
const table = [
  [-3, 1.9999779095030015, 0.6931361352504468],
  [-0.6, 1.6038560908479258, 0.4724107864966],
  [-0.3, 1.3286267594591274, 0.28414589714140825],
  [0, 1, 0],
  [0.2, 0.7772974107895215, -0.25193223378261664],
  [0.49, 0.4883317388114769, -0.7167603114368805],
  [0.51, 0.4707563801588296, -0.7534145583581111],
  [1, 0.15729920705028513, -1.8496055099332482],
  [2.5, 0.0004069520174449589, -7.806815272727264],
  [5, 1.537459794428035e-12, -27.200889545537436],
  [6.3, 5.124221687395704e-19, -42.1151381192692],
  [10, 2.088487583762545e-45, -102.87988902484489],
  [26, 5.663192408856143e-296, -679.8311997631943],
] as const
const relative = (value: number, expected: number) => Math.abs(value - expected) / Math.max(Math.abs(expected), 1e-300)

describe('the normal distribution', () => {
  it.each(table)('knows erfc(%d)', (x, value, log) => {
    expect(relative(erfc(x), value)).toBeLessThan(6e-14)
    expect(Math.abs(logErfc(x) - log)).toBeLessThan(2e-15 * Math.max(1, Math.abs(log)))
  })

  it.each([
    [40, -1604.2615566532736],
    [1000, -1000007.4801207219],
    [100000, -10000000012.08529],
  ])('knows ln erfc(%d), where erfc itself has no double', (x, log) => {
    expect(erfc(x)).toBe(0)
    expect(relative(logErfc(x), log)).toBeLessThan(2e-15)
  })

  it('has no step where its formulas meet', () => {
    for (const seam of [-0.5, 0.5, 2 * Math.PI]) {
      expect(relative(erfc(seam - 1e-15), erfc(seam + 1e-15))).toBeLessThan(1e-13)
    }
  })

  it('splits at the mean and knows the 95 % quantile', () => {
    expect(normalCdf(0)).toBe(0.5)
    expect(normalCdf(1.6448536269514722)).toBeCloseTo(0.95, 14)
    expect(Math.exp(logNormalCdf(-1.6448536269514722))).toBeCloseTo(0.05, 14)
  })
})
