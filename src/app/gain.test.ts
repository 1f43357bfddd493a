import { describe, expect, it } from 'vitest'
import { isWithinChance } from './gain.ts'

describe('isWithinChance', () => {
  it('takes two points on 89 patients for chance', () => {
    expect(isWithinChance(0.787, 0.764, 89)).toBe(true)
  })

  it('takes two points on 10,000 images for a difference', () => {
    expect(isWithinChance(0.97, 0.95, 10_000)).toBe(false)
  })

  it('takes no difference for chance, even where there is no variance', () => {
    expect(isWithinChance(1, 1, 16)).toBe(true)
  })
})
