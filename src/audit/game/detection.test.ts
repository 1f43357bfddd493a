import { describe, expect, it } from 'vitest'
import { caughtOnce, caughtOver, caughtWithBad, cheats } from './detection.ts'

/** All sets of so many of the numbers 0 to n − 1, as bits. */
function subsets(n: number, size: number): number[] {
  const all = Array.from({ length: 2 ** n }, (_, set) => set)
  return all.filter(set => set.toString(2).replaceAll('0', '').length === size)
}

/** The share of all draws that look at one of the segments in `bad`, a set as bits. */
function enumerated(segments: number, audited: number, bad: number): number {
  const draws = subsets(segments - 1, audited - 1).map(set => set | (1 << (segments - 1)))
  return draws.filter(set => (set & bad) !== 0).length / draws.length
}

describe('The chance to be caught', () => {
  it('is what counting all draws gives, however many segments are wrong', () => {
    for (let segments = 1; segments <= 7; segments++) {
      for (let audited = 1; audited <= segments; audited++) {
        const odds = { drawn: 0.5, segments, audited, returned: 0 }
        for (let bad = 0; bad < segments; bad++) {
          const set = 2 ** bad - 1
          expect(caughtWithBad(odds, bad, false)).toBeCloseTo(0.5 * enumerated(segments, audited, set), 12)
          const withLast = set | (1 << (segments - 1))
          expect(caughtWithBad(odds, bad, true)).toBeCloseTo(0.5 * enumerated(segments, audited, withLast), 12)
        }
      }
    }
  })

  it('of one wrong step is h(k − 1)/(m − 1), of all else h', () => {
    const odds = { drawn: 0.5, segments: 8, audited: 4, returned: 0.25 }
    expect(caughtOnce(odds, 'badStep')).toBeCloseTo((0.5 * 3) / 7, 12)
    expect(caughtOnce(odds, 'replay')).toBe(0.5)
    expect(caughtOnce(odds, 'jump')).toBe(0.5)
    expect(caughtOnce(odds, 'silence')).toBe(0.5)
  })

  it('is none for a wrong step where the last segment alone is looked at, and h where all are', () => {
    expect(caughtOnce({ drawn: 1, segments: 8, audited: 1, returned: 0 }, 'badStep')).toBe(0)
    expect(caughtOnce({ drawn: 0.3, segments: 8, audited: 8, returned: 0 }, 'badStep')).toBe(0.3)
  })

  it.each(cheats)('is h for %s where whole rounds are proven', cheat => {
    expect(caughtOnce({ drawn: 0.3, segments: 1, audited: 1, returned: 0 }, cheat)).toBe(0.3)
  })

  it('adds up over rounds', () => {
    expect(caughtOver([])).toBe(0)
    expect(caughtOver([0.5, 0.5])).toBe(0.75)
    expect(caughtOver([0.2, 1, 0.1])).toBe(1)
    // Caught in the first, or in the second alone: all four cases, counted.
    expect(caughtOver([0.2, 0.3])).toBeCloseTo(0.2 * 0.3 + 0.2 * 0.7 + 0.8 * 0.3, 12)
  })

  it('is of nothing that makes no sense', () => {
    const odds = { drawn: 0.5, segments: 8, audited: 4, returned: 0.25 }
    expect(() => caughtOnce({ ...odds, drawn: 1.1 }, 'silence')).toThrow(RangeError)
    expect(() => caughtOnce({ ...odds, drawn: Number.NaN }, 'badStep')).toThrow(RangeError)
    expect(() => caughtOnce({ ...odds, audited: 9 }, 'badStep')).toThrow(RangeError)
    expect(() => caughtOnce({ ...odds, segments: 0 }, 'jump')).toThrow(RangeError)
    expect(() => caughtOnce({ ...odds, returned: 1.1 }, 'replay')).toThrow(RangeError)
    expect(() => caughtWithBad(odds, 8, false)).toThrow(RangeError)
  })
})
