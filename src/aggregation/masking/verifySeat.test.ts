import { describe, expect, it } from 'vitest'
import { loadField } from '../../field/loadField.ts'
import { beaconDirections } from './scoring.ts'
import { maskProducts, maskSum } from './seat.ts'
import { heldBy, randomElements, roundOf, submitAll } from './testing.ts'
import { leastStake, verifySeat } from './verifySeat.ts'

const field = await loadField()
const dimension = 50
const round = roundOf([0, 1, 2, 3, 4], 3)
const vectors = Array.from({ length: 4 }, () => randomElements(dimension))
const all = await submitAll(field, round, vectors, [1, 8, 3, 2])
const protection = { differentialPrivacy: true }
const directions = await beaconDirections(field, new Uint8Array(32).fill(7), dimension)
const scoring = { protection, directions }
const answersOf = async (seat: number) => {
  const held = heldBy(seat, all)
  return {
    held,
    sum: await maskSum(field, round, seat, held, dimension),
    products: await Promise.all(held.map(one => maskProducts(field, round, protection, seat, one, directions))),
  }
}

describe('verifySeat', () => {
  it('finds nothing at a seat that answered right, whether or not it sits in the sum itself', async () => {
    for (const seat of [1, 4]) {
      const { held, ...answers } = await answersOf(seat)
      expect(await verifySeat(field, round, seat, held, answers, scoring)).toBeUndefined()
    }
  })

  it('finds a shift of any one coordinate by one unit', async () => {
    const { held, sum, products } = await answersOf(2)
    for (let coordinate = 0; coordinate < dimension; coordinate += 7) {
      const shifted = BigUint64Array.from(sum)
      shifted[coordinate]! += shifted[coordinate] === 0n ? 1n : -1n
      expect(await verifySeat(field, round, 2, held, { sum: shifted, products })).toEqual({ kind: 'sum', coordinate })
    }
  })

  it('finds one product that is off by one, for any hospital and direction', async () => {
    const { held, sum, products } = await answersOf(2)
    for (const [hospital, direction] of [
      [0, 0],
      [2, 31],
    ] as const) {
      const wrong = products.map((row, i) =>
        row.map((value, k) => (i === hospital && k === direction ? value ^ 1n : value)),
      )
      expect(await verifySeat(field, round, 2, held, { sum, products: wrong }, scoring)).toEqual({
        kind: 'product',
        hospital,
        direction,
      })
    }
  })

  it('finds answers for other weights than the frozen ones, and missing ones', async () => {
    const { held, sum, products } = await answersOf(2)
    const reweighed = held.map((one, i) => (i === 0 ? { ...one, weight: one.weight + 1 } : one))
    expect(await verifySeat(field, round, 2, reweighed, { sum, products })).toMatchObject({ kind: 'sum' })
    expect(await verifySeat(field, round, 2, held, { sum, products: [] }, scoring)).toMatchObject({ kind: 'product' })
  })
})

describe('leastStake', () => {
  it('is what a liar loses when drawn, against what it gains when not: nothing is left at m seats', () => {
    for (const seats of [3, 5, 7]) {
      const gain = 40n
      // Drawn once in m rounds on average.
      expect(gain * BigInt(seats - 1) - leastStake(gain, seats)).toBe(0n)
      expect(gain * BigInt(seats - 1) - leastStake(gain + 1n, seats)).toBeLessThan(0n)
    }
  })
})
