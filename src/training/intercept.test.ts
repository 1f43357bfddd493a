import { describe, expect, it } from 'vitest'
import { fitIntercept } from './intercept.ts'

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

describe('fitIntercept', () => {
  it('makes the expected number of cases the number there are', () => {
    const logits = [-2, -1, 0, 0.5, 1, 3, -4, 2]
    const labels = Int32Array.of(1, 1, 1, 1, 1, 1, 0, 1)
    const [intercept] = fitIntercept(Float32Array.from(logits, sigmoid), labels, 1)
    const expected = logits.reduce((sum, z) => sum + sigmoid(z + (intercept as number)), 0)
    expect(expected).toBeCloseTo(7, 1)
  })

  it('stays moderate where all patients have the same outcome', () => {
    const [intercept] = fitIntercept(new Float32Array(20).fill(0.5), new Int32Array(20).fill(1), 1)
    expect(intercept).toBeGreaterThan(2)
    expect(intercept).toBeLessThan(10)
  })

  it('fits one number a class for more than two', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : i < 90 ? 1 : 2))
    const fitted = fitIntercept(new Float32Array(300).fill(1 / 3), labels, 3)
    const exp = [...fitted].map(Math.exp)
    const total = exp.reduce((a, b) => a + b)
    expect(exp.map(e => Math.round((100 * e) / total))).toEqual([60, 30, 10])
  })
})
