import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { loadField } from '../../field/loadField.ts'
import { decodeMean, type Encoding, encodeUpdate, toIntegers } from './encoding.ts'
import { noOpenings, recordFreeze, recordWeights } from './openings.ts'
import {
  beaconDirections,
  type Contribution,
  leastDirections,
  openProducts,
  scores,
  scoringDirection,
  squaredNorm,
  trustWeights,
} from './scoring.ts'
import { maskProducts } from './seat.ts'
import { frozenOf, randomElements, roundOf, submitAll } from './testing.ts'

const field = await loadField()
const encoding: Encoding = { hospitals: 50, clip: 1, fractionBits: 24, maxWeight: 8 }
const protection = { differentialPrivacy: true }
const round = roundOf([0, 1, 2, 3, 4], 3)
const beacon = crypto.getRandomValues(new Uint8Array(32))
const dimension = 300
const unit = 2 ** encoding.fractionBits
const updates = Array.from({ length: 4 }, (_, i) =>
  Float64Array.from(randomElements(dimension), word => ((i + 1) * (Number(word % 2001n) - 1000)) / 2 ** 13),
)
const all = await submitAll(
  field,
  round,
  updates.map(update => encodeUpdate(update, encoding)),
  [1, 2, 3, 4],
)
const frozen = recordFreeze(noOpenings, frozenOf(all))
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, k) => sum + value * (b[k] as number), 0)
/** What all seats that have a seed of this hospital answer, opened. */
const opened = async (hospital: number, directions: readonly Int8Array[]) => {
  const { hospital: address, parcels, submission } = all[hospital]!
  const answers = await Promise.all(
    parcels.flatMap(({ seed }, seat) =>
      seed === null ? [] : [maskProducts(field, round, protection, seat, { hospital: address, seed }, directions)],
    ),
  )
  return openProducts(field, protection, encoding, submission.masked, answers, directions)
}

describe('scoringDirection', () => {
  it('keeps the direction of the sum in 8 bits', () => {
    expect([...scoringDirection(frozen, BigInt64Array.of(-1000n, 500n, 3n, 0n))]).toEqual([-127, 64, 0, 0])
    expect([...scoringDirection(frozen, BigInt64Array.of(0n, 0n))]).toEqual([0, 0])
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), { minLength: 1 }), sum => {
        const largest = Number(
          sum.reduce(
            (most, value) => ((value < 0n ? -value : value) > most ? (value < 0n ? -value : value) : most),
            0n,
          ),
        )
        const direction = scoringDirection(frozen, BigInt64Array.from(sum))
        direction.forEach((entry, k) => {
          const exact = largest === 0 ? 0 : (127 * Number(sum[k])) / largest
          expect(Math.abs(entry - exact)).toBeLessThanOrEqual(0.5 + 1e-9)
        })
      }),
    )
  })

  it('is not known while updates can come, nor after the weights are fixed', () => {
    for (const state of [noOpenings, recordWeights(frozen, [1, 1, 1, 1])]) {
      try {
        scoringDirection(state, BigInt64Array.of(1n))
        expect.unreachable()
      } catch (error) {
        expect(isAppError(error, 'masking.notFinal')).toBe(true)
      }
    }
  })
})

describe('beaconDirections', () => {
  it('have entries 0, 1 and −1, half, a quarter and a quarter of them', async () => {
    const directions = await beaconDirections(field, beacon, 20_000)
    expect(directions).toHaveLength(leastDirections)
    const entries = directions.flatMap(direction => [...direction])
    const count = (wanted: number) => entries.filter(entry => entry === wanted).length
    // Seven standard deviations of 640,000 draws.
    for (const [wanted, chance] of [
      [0, 0.5],
      [1, 0.25],
      [-1, 0.25],
    ] as const) {
      const deviation = Math.sqrt(entries.length * chance * (1 - chance))
      expect(Math.abs(count(wanted) - entries.length * chance)).toBeLessThan(7 * deviation)
    }
    expect(count(0) + count(1) + count(-1)).toBe(entries.length)
  })

  it('are the same for the same beacon and others for another', async () => {
    const again = await beaconDirections(field, beacon, 100)
    expect(again).toEqual(await beaconDirections(field, beacon, 100))
    expect(new Set(again.map(String)).size).toBe(leastDirections)
    expect(again).not.toEqual(await beaconDirections(field, new Uint8Array(32), 100))
    await expect(beaconDirections(field, beacon, 10, 31)).rejects.toThrow(RangeError)
    await expect(beaconDirections(field, beacon.slice(1), 10)).rejects.toThrow(RangeError)
  })
})

describe('openProducts', () => {
  it('gives the exact inner products of the encoded update, from masked data alone', async () => {
    const directions = [
      scoringDirection(
        frozen,
        BigInt64Array.from(randomElements(dimension), word => BigInt.asIntN(40, word)),
      ),
      ...(await beaconDirections(field, beacon, dimension)),
    ]
    for (const [i, update] of updates.entries()) {
      const encoded = toIntegers(encodeUpdate(update, encoding))
      const exact = directions.map(direction =>
        direction.reduce((sum, entry, k) => sum + BigInt(entry) * (encoded[k] as bigint), 0n),
      )
      expect(await opened(i, directions)).toEqual(exact)
    }
  })
})

describe('squaredNorm', () => {
  it('estimates the norm without bias', async () => {
    const [update] = updates as [Float64Array]
    const truth = dot(update, update)
    const directions = await beaconDirections(field, beacon, dimension, 4096)
    const exact = directions.map(direction => BigInt(Math.round(dot(direction, update) * unit)))
    // 4096 directions: a relative deviation of about √(2/4096) = 2.2 %; six of them.
    expect(Math.abs(squaredNorm(exact, encoding, dimension) / truth - 1)).toBeLessThan(0.14)
  })

  it('opens to what the direct computation gives', async () => {
    const directions = await beaconDirections(field, beacon, dimension)
    const [update] = updates as [Float64Array]
    const direct = (2 * directions.reduce((sum, direction) => sum + dot(direction, update) ** 2, 0)) / leastDirections
    expect(squaredNorm(await opened(0, directions), encoding, dimension)).toBeCloseTo(direct, 8)
  })

  it('is infinite where a product is beyond what an honest update can have, and only there', () => {
    const bound = BigInt(dimension) * 2n ** 24n
    expect(squaredNorm([bound, -bound], encoding, dimension)).toBe(2 * dimension ** 2)
    expect(squaredNorm([0n, bound + 1n], encoding, dimension)).toBe(Number.POSITIVE_INFINITY)
    expect(squaredNorm([0n, -bound - 1n], encoding, dimension)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('scores and trustWeights', () => {
  const contribution = (change: Partial<Contribution>): Contribution => ({
    weight: 1,
    alignment: 100n,
    squaredNorm: 1,
    ...change,
  })

  it('score by weight and alignment, as parts of one; nothing for who pulls the other way', () => {
    const list = [contribution({}), contribution({ weight: 2 }), contribution({ alignment: -50n }), contribution({})]
    expect(scores(list, 1)).toEqual([0.25, 0.5, 0, 0.25])
    expect(scores([contribution({ alignment: -1n })], 1)).toEqual([0])
  })

  it('give nothing to an update that is clearly longer than the clip, or out of range', () => {
    const list = [
      contribution({}),
      contribution({ squaredNorm: 2.6 }),
      contribution({ squaredNorm: Number.POSITIVE_INFINITY }),
    ]
    expect(scores(list, 1)).toEqual([1, 0, 0])
    expect(trustWeights(list, 1)).toEqual([8, 0, 0])
  })

  it('weigh by trust, whole numbers up to 8: an update made longer gains nothing', () => {
    const list = [1, 2, 4].map(c => contribution({ alignment: 100n * BigInt(c), squaredNorm: c * c }))
    expect(trustWeights(list, 10)).toEqual([8, 4, 2])
    expect(
      trustWeights([contribution({}), contribution({ alignment: 6n }), contribution({ alignment: 7n })], 1),
    ).toEqual([8, 0, 1])
    expect(trustWeights([contribution({ alignment: -1n })], 1)).toEqual([0])
  })
})

it('a mean is decoded in the model’s units', () => {
  expect([...decodeMean(BigInt64Array.of(3n * 2n ** 24n, -(2n ** 24n)), encoding, 4)]).toEqual([0.75, -0.25])
})
