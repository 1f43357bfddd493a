import { expect, it } from 'vitest'
import { SIGMOID } from './sigmoid.ts'

it('is the sigmoid from −8 to 7.9375 in sixteenths, rounded to Q14, and nowhere near a tie', () => {
  const exact = SIGMOID.map((_, i) => 2 ** 14 / (1 + Math.exp((128 - i) / 16)))
  expect(SIGMOID).toEqual(exact.map(Math.round))
  expect(SIGMOID).toHaveLength(256)
  for (const value of exact) expect(Math.abs((value % 1) - 0.5)).toBeGreaterThan(0.005)
})
