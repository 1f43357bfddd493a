import { describe, expect, it } from 'vitest'
import { shareRange } from './shareRange.ts'

describe('shareRange', () => {
  it.each([
    [
      [0.95, 0.9],
      [0.9, 1],
    ],
    [
      [0.95, 0.89],
      [0.5, 1],
    ],
    [
      [0.95, 0.49],
      [0, 1],
    ],
    [[], [0.9, 1]],
  ])('begins below the lowest of %s', (lows, range) => {
    expect(shareRange([...lows.map(low => ({ value: 1, low, high: 1 })), null])).toEqual(range)
  })
})
