import { expect, it } from 'vitest'
import { pairedInterval } from './interval.ts'

it('is Student’s interval of the paired differences', () => {
  // Differences 1 … 20: mean 10.5, deviation 5.9161, t(19) = 2.0930.
  const a = Array.from({ length: 20 }, (_, i) => 100 + i + 1)
  const b = Array.from({ length: 20 }, () => 100)
  const { mean, low, high } = pairedInterval(a, b)
  expect(mean).toBeCloseTo(10.5, 10)
  expect(high - mean).toBeCloseTo((2.093 * 5.91608) / Math.sqrt(20), 2)
  expect(mean - low).toBeCloseTo(high - mean, 10)
})
