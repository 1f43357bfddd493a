import { describe, expect, it } from 'vitest'
import { chunkMask, finalLength, foldings, paddingRows } from './parameters.ts'
import { tinyParameters } from './testing.ts'

describe('parameters', () => {
  it('fold every polynomial by eight, at least once, down to 64 coefficients at most', () => {
    for (let log2Rows = 6; log2Rows <= 20; log2Rows++) {
      const rounds = foldings(log2Rows)
      expect(finalLength(log2Rows) * 8 ** rounds).toBe(2 ** log2Rows)
      expect(finalLength(log2Rows)).toBeLessThanOrEqual(64)
      expect(rounds === 1 || finalLength(log2Rows) * 8 > 64).toBe(true)
    }
    expect([6, 9, 10, 12, 13].map(foldings)).toEqual([1, 1, 2, 2, 3])
  })

  it('count what a proof opens of a column and of a chunk', () => {
    expect(paddingRows(tinyParameters, 1)).toBe(2 * tinyParameters.queries + 4)
    expect(paddingRows(tinyParameters, 3)).toBe(3 * paddingRows(tinyParameters, 1))
    expect(chunkMask(tinyParameters)).toBe(tinyParameters.queries + 1)
  })
})
