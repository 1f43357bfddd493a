import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { loadField } from '../../field/loadField.ts'
import { referenceField } from '../../field/referenceField.ts'
import { type Encoding, maxElement, toElements } from './encoding.ts'
import { openSum } from './open.ts'
import { noOpenings, recordFreeze, recordOpenedSeat, recordPost } from './openings.ts'
import { recoverSeat } from './recover.ts'
import { backupSeats, type MaskedRound } from './round.ts'
import { maskSum } from './seat.ts'
import { openShare } from './seeds.ts'
import { allSums, frozenOf, type Held, heldBy, randomIntegers, roundOf, submitAll } from './testing.ts'

const field = await loadField()
const long = process.env.WARDROUND_LONG === '1'
const encoding: Encoding = { hospitals: 50, clip: 1, fractionBits: 30, maxWeight: 8 }
const weightsFor = (count: number) => Array.from({ length: count }, (_, i) => 1 + ((i * 5) % 8))
const codeOf = async (run: () => unknown) => {
  try {
    await run()
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
  return undefined
}
/** Σ w_i u_i, as nobody in the protocol can compute it. */
const plainSum = (integers: readonly (readonly bigint[])[], weights: readonly number[]) =>
  (integers[0] as readonly bigint[]).map((_, k) =>
    integers.reduce((sum, one, i) => sum + (one[k] as bigint) * BigInt(weights[i] as number), 0n),
  )
const inputs = (all: readonly Held[]) => all.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
/** What the seats that are left open for one that vanished. */
const backupsFor = (round: MaskedRound, seat: number, present: readonly number[], all: readonly Held[]) =>
  Promise.all(
    all
      .filter(({ parcels }) => parcels[seat]?.seed !== null)
      .map(async ({ hospital, weight, parcels, submission }) => ({
        hospital,
        weight,
        commitments: submission.commitments,
        shares: await Promise.all(present.map(holder => openShare(round, hospital, holder, parcels[holder]!, seat))),
      })),
  )

describe('a masked sum', () => {
  it.each([3, 10, 50])('of %s hospitals is the plain sum to the last integer', async hospitals => {
    const dimension = long ? 5000 : 129
    const weights = weightsFor(hospitals)
    const integers = weights.map(() => randomIntegers(dimension, maxElement(encoding)))
    // Seats 0, 1, 2 are held by hospitals of the sum, the others by ones that sit out.
    const round = roundOf([0, 1, 2, 60, 61], 3)
    const all = await submitAll(field, round, integers.map(toElements), weights)
    const sum = await openSum(field, round, encoding, inputs(all), await allSums(field, round, all))
    expect([...sum]).toEqual(plainSum(integers, weights))
  })

  it('is exact where every hospital is at the bound', async () => {
    const most = BigInt(maxElement(encoding))
    const round = roundOf([0, 1, 2], 2)
    for (const extreme of [most, -most]) {
      const all = await submitAll(
        field,
        round,
        [0, 1, 2].map(() => toElements([extreme, extreme])),
        [8, 8, 8],
      )
      const sum = await openSum(field, round, encoding, inputs(all), await allSums(field, round, all))
      expect([...sum]).toEqual([24n * extreme, 24n * extreme])
    }
  })

  it('is out of range with one vector one past the bound', async () => {
    const most = BigInt(maxElement(encoding))
    const round = roundOf([0, 1, 2], 2)
    const vectors = [most, most, most + 1n].map(value => toElements([value]))
    const all = await submitAll(field, round, vectors, [8, 8, 1])
    const sums = await allSums(field, round, all)
    expect(await codeOf(() => openSum(field, round, encoding, inputs(all), sums))).toBe('masking.outOfRange')
  })

  it('leaves out whoever weighs nothing, and takes vectors as they arrive', async () => {
    const round = roundOf([0, 1, 2, 3], 2)
    const integers = [1n, 2n, 3n, 400n].map(value => [value])
    const weights = [1, 1, 1, 0]
    const all = await submitAll(field, round, integers.map(toElements), weights)
    const arriving = async function* () {
      yield* inputs(all)
    }
    expect([...(await openSum(field, round, encoding, arriving(), await allSums(field, round, all)))]).toEqual([6n])
  })

  it('is the same on the fast field and on the plain one', async () => {
    const round = roundOf([0, 1, 2, 3], 2)
    const integers = [0, 1, 2, 3].map(() => randomIntegers(21, 1000))
    const weights = [1, 8, 3, 2]
    const all = await submitAll(referenceField(), round, integers.map(toElements), weights)
    const sum = await openSum(field, round, encoding, inputs(all), await allSums(field, round, all))
    expect([...sum]).toEqual(plainSum(integers, weights))
  })
})

describe('seats that vanish', () => {
  // Seats of hospitals in the sum and, in the second, of hospitals that sit out.
  it.each([
    { seats: [0, 1, 2, 3, 4], threshold: 3 },
    { seats: [0, 1, 2, 70, 71, 72, 73], threshold: 3 },
    { seats: [0, 1, 2, 3], threshold: 2 },
  ])(
    '$seats with a threshold of $threshold: up to m − t − 1 of them and the sum opens, one more and nothing does',
    async one => {
      const round = roundOf(one.seats, one.threshold)
      const most = round.seats.length - round.threshold - 1
      const integers = Array.from({ length: 6 }, () => randomIntegers(9, maxElement(encoding)))
      const weights = weightsFor(6)
      const all = await submitAll(field, round, integers.map(toElements), weights)
      const posted = await allSums(field, round, all)
      const set = frozenOf(all)
      let openings = recordPost(recordFreeze(noOpenings, set), [set, set])
      const present = [...round.seats.keys()].slice(most)
      const sums: (BigUint64Array | undefined)[] = posted.map((sum, seat) => (present.includes(seat) ? sum : undefined))
      if (most > 0) {
        expect(await codeOf(() => openSum(field, round, encoding, inputs(all), sums))).toBe('masking.missingSeat')
      }
      for (let seat = 0; seat < most; seat++) {
        openings = recordOpenedSeat(openings, round, { seat, reason: 'vanished' })
        const holders = backupSeats(round, seat).filter(holder => present.includes(holder))
        const seeds = await recoverSeat(round, seat, await backupsFor(round, seat, holders, all))
        expect(seeds).toEqual(heldBy(seat, all))
        sums[seat] = await maskSum(field, round, seat, seeds, 9)
      }
      expect([...(await openSum(field, round, encoding, inputs(all), sums))]).toEqual(plainSum(integers, weights))

      expect(await codeOf(() => recordOpenedSeat(openings, round, { seat: most, reason: 'vanished' }))).toBe(
        'masking.tooManyOpened',
      )
      sums[most] = undefined
      expect(await codeOf(() => openSum(field, round, encoding, inputs(all), sums))).toBe('masking.missingSeat')
    },
  )

  it('opens to noise, out of range, when a seat’s masks are left out instead', async () => {
    const round = roundOf([0, 1, 2, 3, 4], 3)
    const all = await submitAll(
      field,
      round,
      [0, 1, 2].map(() => toElements(randomIntegers(32, 1000))),
      [1, 1, 1],
    )
    const sums = await allSums(field, round, all)
    sums[3] = new BigUint64Array(32)
    expect(await codeOf(() => openSum(field, round, encoding, inputs(all), sums))).toBe('masking.outOfRange')
  })
})
