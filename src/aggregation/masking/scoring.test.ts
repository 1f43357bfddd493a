import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import { decodeMean, type Encoding, maxElement, toElements } from './encoding.ts'
import {
  beaconDirections,
  directionsFor,
  isInRange,
  leastDirections,
  mostDirections,
  noDirections,
  openProducts,
  scores,
  scoringDirections,
} from './scoring.ts'
import { maskProducts } from './seat.ts'
import { randomElements, roundOf, submitAll } from './testing.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const field = await loadField()
const encoding: Encoding = { hospitals: 50, clip: 1, fractionBits: 24, maxWeight: 8 }
const protection = { differentialPrivacy: true }
const round = roundOf([0, 1, 2, 3, 4], 3)
const beacon = crypto.getRandomValues(new Uint8Array(32))
const dimension = 300

type Update = readonly bigint[]

/** About normal, of this standard deviation in steps: twelve uniform words added up. */
const noise = (deviation: number, length = dimension): number[] =>
  Array.from({ length }, () => {
    const words = Array.from(randomElements(12), word => Number(word % 2n ** 32n) / 2 ** 32)
    return deviation * (words.reduce((sum, word) => sum + word, 0) - 6)
  })
const rounded = (values: readonly number[]): Update => values.map(value => BigInt(Math.round(value)))
const plus = (a: readonly number[], b: readonly number[]) => a.map((value, k) => value + (b[k] as number))
const times = (a: readonly number[], by: number) => a.map(value => value * by)
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, k) => sum + value * (b[k] as number), 0)
const sumOf = (updates: readonly Update[], weights: readonly number[]) =>
  BigInt64Array.from({ length: updates[0]!.length }, (_, k) =>
    updates.reduce((sum, update, i) => sum + BigInt(weights[i]!) * update[k]!, 0n),
  )
/** In doubles, which these small integers' sums fit exactly. */
const along = (update: Update, directions: readonly Int8Array[]) => {
  const values = update.map(Number)
  return directions.map(direction => BigInt(dot(values, direction)))
}

/** The scores of updates that nobody hides. */
const scoresOf = async (updates: readonly Update[], weights: readonly number[] = updates.map(() => 1)) => {
  const sum = sumOf(updates, weights)
  const directions = await scoringDirections(field, sum)
  const list = updates.map((update, i) => ({ weight: weights[i]!, products: along(update, directions) }))
  return scores(list, sum, directions, encoding)
}

/**
 * The exact cosine of each update with the sum of the others, and how far its score may be from it. What lies along the
 * sum is exact, but for its 8 bits. Across it, 128 directions estimate squared lengths and inner products with a
 * standard deviation of an eighth of the lengths at most: the cosine's product is off by an eighth of both parts
 * across, its lengths by an eighth of theirs. Six of that.
 */
const exactScores = (updates: readonly Update[], weights: readonly number[] = updates.map(() => 1)) => {
  const sum = Array.from(sumOf(updates, weights), Number)
  const largest = Math.max(...sum.map(Math.abs))
  const v = sum.map(value => Math.round((127 * value) / largest))
  const across = (values: readonly number[]) =>
    1 - dot(values, v) ** 2 / Math.max(Number.MIN_VALUE, dot(v, v) * dot(values, values))
  return updates.map((update, i) => {
    const own = update.map(Number)
    const others = plus(sum, times(own, -weights[i]!))
    const cosine = dot(own, others) / Math.sqrt(dot(own, own) * dot(others, others))
    const [a, b] = [across(own), across(others)]
    const eighths = Math.sqrt(a * b) + (Math.abs(cosine) * (a + b)) / 2
    return { exact: 10_000 * cosine, slack: 1 + 10_000 * (6 / 8) * eighths }
  })
}
/** Root of the mean square. */
const deviationOf = (values: readonly number[]) => Math.sqrt(dot(values, values) / values.length)

describe('directionsFor', () => {
  it('is what sixteen megabytes hold, from 32 to 128', () => {
    expect([1, 60_000, 131_072, 262_144, 524_288, 1_000_000].map(directionsFor)).toEqual([128, 128, 128, 64, 32, 32])
    for (const size of [200_000, 300_001, 500_000]) expect(directionsFor(size) * size).toBeLessThanOrEqual(2 ** 24)
  })
})

describe('scoringDirections', () => {
  it('keep the direction of the sum in 8 bits', async () => {
    const directions = await scoringDirections(field, BigInt64Array.of(-1000n, 500n, 3n, 0n))
    expect([...directions[0]!]).toEqual([-127, 64, 0, 0])
    expect(directions).toHaveLength(1 + mostDirections)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), { minLength: 1 }), async sum => {
        const [v] = await scoringDirections(field, BigInt64Array.from(sum), leastDirections)
        const largest = Math.max(...sum.map(value => Math.abs(Number(value))))
        sum.forEach((value, k) => {
          const exact = largest === 0 ? 0 : (127 * Number(value)) / largest
          expect(Math.abs(v![k]! - exact)).toBeLessThanOrEqual(0.5 + 1e-9)
        })
      }),
    )
  })

  it('are zeros for a sum of zeros, as where there is none', async () => {
    const none = await scoringDirections(field, new BigInt64Array(5))
    expect(none).toEqual(noDirections(5))
    expect(none).toHaveLength(1 + mostDirections)
    expect(none.flatMap(direction => [...direction]).every(entry => entry === 0)).toBe(true)
  })

  it('follow from every bit of the sum, and from nothing else', async () => {
    const sum = BigInt64Array.from(randomElements(dimension), word => BigInt.asIntN(40, word))
    const first = await scoringDirections(field, sum)
    // From wherever it lies in memory.
    const moved = new BigInt64Array(dimension + 3).fill(9n)
    moved.set(sum, 3)
    expect(await scoringDirections(field, moved.subarray(3))).toEqual(first)
    sum[7]! ^= 1n
    const other = await scoringDirections(field, sum)
    expect(other[0]).toEqual(first[0])
    for (const [d, direction] of other.slice(1).entries()) {
      expect(direction).not.toEqual(first[d + 1])
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
    const updates = [1, 2, 3, 4].map(size => rounded(noise(size * 2 ** 18)))
    const all = await submitAll(field, round, updates.map(toElements), [1, 2, 3, 4])
    const directions = await scoringDirections(field, sumOf(updates, [1, 2, 3, 4]))
    for (const [i, { hospital, parcels, submission }] of all.entries()) {
      const answers = await Promise.all(
        parcels.flatMap(({ seed }, seat) =>
          seed === null ? [] : [maskProducts(field, round, protection, seat, { hospital, seed }, directions)],
        ),
      )
      const opened = openProducts(protection, encoding, submission.masked, answers, directions)
      expect(opened).toEqual(along(updates[i]!, directions))
    }
  })

  it('refuses studies whose honest products would not fit the field', () => {
    const wide = { ...encoding, fractionBits: 40, clip: 2 ** 13 }
    const run = () => openProducts(protection, wide, new BigUint64Array(9), [], [])
    expect(run).toThrow(expect.objectContaining({ code: 'masking.overflow' }))
    expect(() => openProducts(protection, encoding, new BigUint64Array(9), [], [])).not.toThrow()
  })

  it('refuses studies without differential privacy', () => {
    try {
      openProducts({ differentialPrivacy: false }, encoding, new BigUint64Array(9), [], [])
      expect.unreachable()
    } catch (error) {
      expect(isAppError(error, 'masking.noOpenings')).toBe(true)
    }
  })
})

describe('isInRange', () => {
  it('holds for what honest updates can have, and for nothing more', () => {
    const most = BigInt(dimension) * BigInt(maxElement(encoding))
    const isHonest = (products: readonly bigint[]) => isInRange(products, encoding, dimension)
    expect(isHonest([127n * most, most, -most])).toBe(true)
    expect(isHonest([-127n * most, 0n])).toBe(true)
    for (const wrong of [
      [127n * most + 1n, 0n],
      [-127n * most - 1n, 0n],
      [0n, most + 1n],
      [0n, 0n, -most - 1n],
    ]) {
      expect(isHonest(wrong)).toBe(false)
    }
  })
})

describe('scores', () => {
  it.each(isLong ? [3, 10, 50] : [3, 10])(
    'are the cosines with the sum of the %d − 1 others, as far as 128 directions tell',
    async count => {
      const common = noise(2 ** 16)
      // From nearly the same everywhere to nearly unrelated, and of different weights.
      const updates = Array.from({ length: count }, (_, i) =>
        rounded(plus(times(common, 1 - (2 * i) / count), noise(2 ** (14 + (i % 5))))),
      )
      const weights = updates.map((_, i) => 1 + (i % 8))
      const found = await scoresOf(updates, weights)
      for (const [i, { exact, slack }] of exactScores(updates, weights).entries()) {
        expect(found[i]).toSatisfy(Number.isInteger)
        expect(Math.abs(found[i]! - exact)).toBeLessThanOrEqual(slack)
      }
      expect(await scoresOf(updates, weights)).toEqual(found)
    },
  )

  it('are off by less the more hospitals there are: 380 basis points of ten, 180 of fifty', async () => {
    for (const [count, turns] of isLong
      ? ([
          [10, 5],
          [50, 1],
        ] as const)
      : ([
          [10, 3],
          [30, 1],
        ] as const)) {
      const off: number[] = []
      for (let turn = 0; turn < turns; turn++) {
        const updates = Array.from({ length: count }, () => rounded(noise(2 ** 18)))
        const found = await scoresOf(updates)
        off.push(...exactScores(updates).map(({ exact }, i) => found[i]! - exact))
      }
      // Of unrelated updates of one length, each is 1 of n of the sum's squared length: 1 − 1/n of its own is across.
      const across = 1 - 1 / count
      const expected = (10_000 * across) / Math.sqrt(count - 1) / 8
      // Four standard deviations of so many squares either way; a fourth of the directions would give twice as much.
      const slack = 4 / Math.sqrt(2 * off.length)
      expect(deviationOf(off)).toBeGreaterThan((1 - slack) * expected)
      expect(deviationOf(off)).toBeLessThan((1 + slack) * expected)
    }
  })

  it.each([0.1, 0.5, 2, 5, 100])(
    'of an update made %d times as long are the same, but for the estimate',
    async factor => {
      const off: number[] = []
      const turns = isLong ? 20 : 6
      for (let turn = 0; turn < turns; turn++) {
        const common = noise(2 ** 14)
        const updates = Array.from({ length: 4 }, () => plus(common, noise(2 ** 14)))
        const plain = exactScores(updates.map(rounded))[0]!
        const scaled = updates.map((update, i) => rounded(times(update, i === 0 ? factor : 1)))
        const { exact } = exactScores(scaled)[0]!
        expect(Math.abs(exact - plain.exact)).toBeLessThan(1)
        const [found] = await scoresOf(scaled)
        off.push(found! - exact)
      }
      // However long: an eighth and no more, 884 for unrelated ones. Four standard deviations of so many squares above.
      expect(deviationOf(off)).toBeLessThan((1 + 4 / Math.sqrt(2 * turns)) * 1250)
    },
  )

  it.each([4, 10])('put one that turns the sign of its update below every honest one of %d', async count => {
    for (let turn = 0; turn < 5; turn++) {
      const common = noise(2 ** 16, 1000)
      const updates = Array.from({ length: count }, () => plus(common, noise(2 ** 16, 1000)))
      const found = await scoresOf(updates.map((update, i) => rounded(times(update, i === 1 ? -1 : 1))))
      const honest = found.filter((_, i) => i !== 1)
      expect(found[1]).toBeLessThan(Math.min(...honest))
      expect(found[1]).toBeLessThan(-3000)
    }
  })

  it('do not count the own part: what goes nowhere the others go scores about nothing', async () => {
    const common = noise(2 ** 16)
    const updates = [...Array(4).keys()].map(() => plus(common, noise(2 ** 14)))
    const alone = rounded(noise(2 ** 16))
    const found = (await scoresOf([...updates.map(rounded), alone])).at(-1)!
    const own = alone.map(Number)
    const all = plus(own, updates.reduce(plus))
    // With its own part it would be praised.
    expect((10_000 * dot(own, all)) / Math.sqrt(dot(own, own) * dot(all, all))).toBeGreaterThan(1000)
    const { exact, slack } = exactScores([...updates.map(rounded), alone]).at(-1)!
    expect(Math.abs(found - exact)).toBeLessThanOrEqual(slack)
    expect(Math.abs(exact)).toBeLessThan(10_000 * 6 * Math.sqrt(1 / dimension))
  })

  it('are the lowest for products that no honest update can have', async () => {
    const updates = [1, 2, 3].map(() => rounded(noise(2 ** 18)))
    const sum = sumOf(updates, [1, 1, 1])
    const directions = await scoringDirections(field, sum)
    const products = updates.map(update => along(update, directions))
    // The first of weight 0: of another, what is subtracted of the sum would by itself turn it back.
    const scoresWith = (changed: readonly bigint[]) =>
      scores(
        [changed, ...products.slice(1)].map((list, i) => ({ weight: Math.min(i, 1), products: list })),
        sum,
        directions,
        encoding,
      )
    const honest = scoresWith(products[0]!)
    expect(honest.every(score => score > -9000)).toBe(true)
    for (const d of [0, 1, 128]) {
      const changed = products[0]!.map((product, k) => (k === d ? (MODULUS - 1n) / 2n : product))
      expect(scoresWith(changed)).toEqual([-10_000, ...honest.slice(1)])
    }
  })

  it('are 0 of nothing, and where nothing is left of the others', async () => {
    const update = rounded(noise(2 ** 18))
    const nothing = update.map(() => 0n)
    expect(await scoresOf([update, nothing, nothing])).toEqual([0, 0, 0])
    expect(await scoresOf([nothing, nothing, nothing])).toEqual([0, 0, 0])
    // Without a sign.
    expect(Object.is((await scoresOf([update, nothing]))[1], 0)).toBe(true)
  })

  it('are whole numbers from −10,000 to 10,000, whatever seats and hospitals made up', () => {
    const integers = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })
    const products = fc.array(fc.oneof(integers, fc.bigInt({ min: -(2n ** 24n), max: 2n ** 24n })), {
      minLength: 4,
      maxLength: 4,
    })
    const any = fc.record({
      sum: fc.array(integers, { minLength: 3, maxLength: 3 }),
      directions: fc.array(fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 3, maxLength: 3 }), {
        minLength: 4,
        maxLength: 4,
      }),
      products,
      weight: fc.integer({ min: 0, max: 8 }),
    })
    fc.assert(
      fc.property(any, ({ sum, directions, products: list, weight }) => {
        const entries = directions.map(direction => Int8Array.from(direction))
        const [score] = scores([{ weight, products: list }], BigInt64Array.from(sum), entries, encoding) as [number]
        expect(Number.isInteger(score) && !Object.is(score, -0) && Math.abs(score) <= 10_000).toBe(true)
      }),
    )
  })
})

it('a mean is decoded in the model’s units', () => {
  expect([...decodeMean(BigInt64Array.of(3n * 2n ** 24n, -(2n ** 24n)), encoding, 4)]).toEqual([0.75, -0.25])
})
