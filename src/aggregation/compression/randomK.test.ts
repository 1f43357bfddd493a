import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planRandomK, select, spread } from './randomK.ts'

const options = fc
  .record({ size: fc.integer({ min: 1, max: 200 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain(({ size, share }) =>
    fc.record({
      seed: fc.integer({ min: 0, max: 0xffffffff }),
      sent: fc.nat(2000),
      size: fc.constant(size),
      k: fc.constant(Math.max(1, Math.ceil(share * size))),
    }),
  )

describe('planRandomK', () => {
  it('has k different coordinates in ascending order, all within the vector', () => {
    fc.assert(
      fc.property(options, call => {
        const { size, coordinates } = planRandomK(call)
        expect(size).toBe(call.size)
        expect(coordinates.length).toBe(call.k)
        coordinates.forEach((coordinate, i) => {
          expect(coordinate).toBeGreaterThan(i === 0 ? -1 : coordinates[i - 1]!)
          expect(coordinate).toBeLessThan(size)
        })
      }),
    )
  })

  it('is the same from the same public numbers, and another for another seed or a later round', () => {
    const call = { seed: 7, sent: 300, size: 10_000, k: 100 }
    expect(planRandomK(call)).toEqual(planRandomK({ ...call }))
    expect(planRandomK({ ...call, seed: 8 })).not.toEqual(planRandomK(call))
    expect(planRandomK({ ...call, sent: 400 })).not.toEqual(planRandomK(call))
  })

  it('sends every coordinate before a second deck ends, in rounds of whatever k', () => {
    const rounds = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 120, maxLength: 120 })
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 60, max: 90 }), rounds, (seed, size, ks) => {
        const sentBefore = new Int32Array(size)
        let sent = 0
        for (const k of ks) {
          expect(sent - Math.min(...sentBefore)).toBeLessThan(2 * size)
          const { coordinates } = planRandomK({ seed, sent, size, k })
          sent += k
          for (const coordinate of coordinates) sentBefore[coordinate] = sent
        }
      }),
      { numRuns: 30 },
    )
  })

  it('shuffles every deck anew: the same part of another deck has other coordinates', () => {
    const call = { seed: 7, size: 1000, k: 100 }
    expect(planRandomK({ ...call, sent: 1000 })).not.toEqual(planRandomK({ ...call, sent: 0 }))
  })

  it('sends each coordinate equally often over whole decks', () => {
    const counts = new Int32Array(120)
    for (let round = 0; round < 40; round++) {
      for (const coordinate of planRandomK({ seed: 3, sent: round * 30, size: 120, k: 30 }).coordinates) {
        counts[coordinate]!++
      }
    }
    expect([...new Set(counts)]).toEqual([10])
  })

  it('favours no coordinate over many seeds', () => {
    const counts = new Int32Array(50)
    const draws = 4000
    for (let seed = 0; seed < draws; seed++) {
      for (const coordinate of planRandomK({ seed, sent: 45, size: 50, k: 10 }).coordinates) counts[coordinate]!++
    }
    // A chi-square test with 49 degrees of freedom; each draw leaves four of five out. 85.4 is passed once in a thousand.
    const expected = (draws * 10) / 50
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / (expected * 0.8), 0)
    expect(statistic).toBeLessThan(85.4)
  })

  it.each([
    { size: 10, k: 0, sent: 0 },
    { size: 10, k: 11, sent: 0 },
    { size: 10, k: 2.5, sent: 0 },
    { size: 0, k: 1, sent: 0 },
    { size: 10, k: 1, sent: -1 },
    { size: 10, k: 1, sent: 0.5 },
  ])('refuses $k of $size coordinates after $sent', call => {
    expect(() => planRandomK({ seed: 1, ...call })).toThrow(RangeError)
  })
})

describe('select and spread', () => {
  it('gives the selection of a sum as the sum of the selections, bit for bit on integers', () => {
    fc.assert(
      fc.property(options, fc.infiniteStream(fc.integer({ min: -1_000_000, max: 1_000_000 })), (call, numbers) => {
        const plan = planRandomK(call)
        const hospitals = [0, 1, 2].map(() => Float32Array.from({ length: call.size }, () => numbers.next().value))
        const sum = (vectors: readonly Float32Array[]) =>
          vectors[0]!.map((_, i) => vectors.reduce((total, vector) => total + vector[i]!, 0))
        expect(select(sum(hospitals), plan)).toEqual(sum(hospitals.map(vector => select(vector, plan))))
      }),
    )
  })

  it('spreads what was selected back to where it was and leaves zeros elsewhere', () => {
    fc.assert(
      fc.property(options, call => {
        const plan = planRandomK(call)
        const vector = Float32Array.from({ length: call.size }, (_, i) => i + 1)
        const back = spread(select(vector, plan), plan)
        const planned = new Set(plan.coordinates)
        expect([...back]).toEqual([...vector].map((value, i) => (planned.has(i) ? value : 0)))
        expect(select(back, plan)).toEqual(select(vector, plan))
      }),
    )
  })

  it('scales nothing: all coordinates of a plan with k = size are the vector itself', () => {
    const plan = planRandomK({ seed: 1, sent: 4, size: 9, k: 9 })
    const vector = Float32Array.from({ length: 9 }, (_, i) => i / 7)
    expect(select(vector, plan)).toEqual(vector)
  })

  it('refuses vectors one longer or shorter than the plan’s', () => {
    const plan = planRandomK({ seed: 1, sent: 0, size: 9, k: 4 })
    for (const length of [8, 10]) expect(() => select(new Float32Array(length), plan)).toThrow(RangeError)
    for (const length of [3, 5]) expect(() => spread(new Float32Array(length), plan)).toThrow(RangeError)
  })
})
