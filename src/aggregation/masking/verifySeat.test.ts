import { describe, expect, it } from 'vitest'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import { beaconDirections } from './scoring.ts'
import { maskProducts, maskSum } from './seat.ts'
import { heldBy, randomElements, roundOf, submitAll } from './testing.ts'
import { addsUp, leastStake, verifyProducts, verifySum } from './verifySeat.ts'

const field = await loadField()
const dimension = 50
const round = roundOf([0, 1, 2, 3, 4], 3)
const vectors = Array.from({ length: 4 }, () => randomElements(dimension))
const all = await submitAll(field, round, vectors, [1, 8, 3, 2])
const protection = { differentialPrivacy: true }
const directions = await beaconDirections(field, new Uint8Array(32).fill(7), dimension)
const answersOf = async (seat: number) => {
  const held = heldBy(seat, all)
  return {
    held,
    sum: await maskSum(field, round, seat, held, dimension),
    products: await Promise.all(held.map(one => maskProducts(field, round, protection, seat, one, directions))),
  }
}

const shifted = (products: readonly (readonly bigint[])[], hospital: number, direction: number, by = 1n) =>
  products.map((row, i) =>
    row.map((value, k) => (i === hospital && k === direction ? (value + by + MODULUS) % MODULUS : value)),
  )

describe('verifySum and verifyProducts', () => {
  it('find nothing at a seat that answered right, whether or not it sits in the sum itself', async () => {
    for (const seat of [1, 4]) {
      const { held, sum, products } = await answersOf(seat)
      expect(await verifySum(field, round, seat, held, sum)).toBeUndefined()
      expect(await verifyProducts(field, round, protection, seat, held, products, directions)).toBeUndefined()
    }
  })

  it('find a shift of any one coordinate by one unit', async () => {
    const { held, sum } = await answersOf(2)
    for (let coordinate = 0; coordinate < dimension; coordinate += 7) {
      const wrong = BigUint64Array.from(sum)
      wrong[coordinate]! += wrong[coordinate] === 0n ? 1n : -1n
      expect(await verifySum(field, round, 2, held, wrong)).toBe(coordinate)
    }
  })

  it('find one product that is off by one, for any hospital and direction', async () => {
    const { held, products } = await answersOf(2)
    for (const [hospital, direction] of [
      [0, 0],
      [2, 31],
    ] as const) {
      const wrong = shifted(products, hospital, direction)
      expect(await verifyProducts(field, round, protection, 2, held, wrong, directions)).toEqual({
        hospital,
        direction,
      })
    }
  })

  it('find answers for other weights than the frozen ones, and missing ones', async () => {
    const { held, sum } = await answersOf(2)
    const reweighed = held.map((one, i) => (i === 0 ? { ...one, weight: one.weight + 1 } : one))
    expect(await verifySum(field, round, 2, reweighed, sum)).toBeDefined()
    const none = await verifyProducts(field, round, protection, 2, held, [], directions)
    expect(none).toEqual({ hospital: 0, direction: 0 })
  })
})

describe('addsUp', () => {
  it('holds for an honest seat, and for none that shifts one hospital’s product, without any seed', async () => {
    for (const seat of [1, 4]) {
      const { held, sum, products } = await answersOf(seat)
      const weights = held.map(({ weight }) => weight)
      expect(addsUp(products, weights, sum, directions)).toBe(true)
      for (const [hospital, direction] of [
        [0, 0],
        [held.length - 1, 31],
      ] as const) {
        expect(addsUp(shifted(products, hospital, direction), weights, sum, directions)).toBe(false)
      }
      expect(addsUp(products, [...weights].reverse(), sum, directions)).toBe(false)
    }
  })

  it('does not see two shifts that cancel under the weights: those take a draw', async () => {
    const { held, sum, products } = await answersOf(4)
    const [first, second] = held.map(({ weight }) => BigInt(weight)) as [bigint, bigint]
    const wrong = shifted(shifted(products, 0, 3, second), 1, 3, -first)
    const weights = held.map(({ weight }) => weight)
    expect(addsUp(wrong, weights, sum, directions)).toBe(true)
    expect(await verifyProducts(field, round, protection, 4, held, wrong, directions)).toEqual({
      hospital: 0,
      direction: 3,
    })
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
