import { describe, expect, it } from 'vitest'
import { worstBurst } from './metrics.ts'

describe('worstBurst', () => {
  it('is nothing where nothing moved', () => {
    expect(worstBurst([])).toBe(0)
  })

  it('adds what follows within a second', () => {
    const shifts = [0, 900, 1800].map(at => ({ at, score: 0.25 }))
    expect(worstBurst(shifts)).toBe(0.75)
  })

  it('begins anew after a second of calm, and keeps the worst', () => {
    const shifts = [
      { at: 0, score: 0.25 },
      { at: 100, score: 0.25 },
      { at: 1100, score: 0.125 },
    ]
    expect(worstBurst(shifts)).toBe(0.5)
  })

  it('begins anew after five seconds of unrest', () => {
    const shifts = Array.from({ length: 11 }, (_, i) => ({ at: i * 500, score: 0.125 }))
    expect(worstBurst(shifts)).toBe(1.25)
  })
})
