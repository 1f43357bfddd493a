import { describe, expect, it } from 'vitest'
import { chainNow, clockSkew } from './chainClock.ts'

describe('chainNow', () => {
  it('goes on from the block by the clock that nobody sets', () => {
    expect(chainNow({ time: 1000, at: 5000 }, 7500)).toBe(1002.5)
  })

  it('knows nothing before the first look', () => {
    expect(chainNow(null, 7500)).toBeNull()
  })
})

describe('clockSkew', () => {
  const clock = { time: 1_800_000_000, at: 0 }

  it('says that the computer is an hour ahead', () => {
    expect(clockSkew(clock, 10_000, (1_800_000_010 + 3600) * 1000)).toBe(3600)
  })

  it('says that it is an hour behind', () => {
    expect(clockSkew(clock, 0, (1_800_000_000 - 3600) * 1000)).toBe(-3600)
  })

  it('does not speak of seconds', () => {
    expect(clockSkew(clock, 0, 1_800_000_020 * 1000)).toBeNull()
  })
})
