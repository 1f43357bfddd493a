import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import { setOf } from '../../rounds/sets.ts'
import { checkMasked, hashSeed } from './commitments.ts'
import { type Encoding, maxElement, toElements } from './encoding.ts'
import { freezeSet } from './freeze.ts'
import { openSum } from './open.ts'
import { noOpenings, type Openings, recordFreeze, recordOpenedSeat, recordPost, recordVoid } from './openings.ts'
import { recoverSeed } from './recover.ts'
import { type MaskedRound, maskKey, seededSeats } from './round.ts'
import { beaconDirections, isInRange, openProducts, scores, scoringDirections } from './scoring.ts'
import { maskProducts } from './seat.ts'
import { openParcel, openShare } from './seeds.ts'
import { mask, submitMasked } from './submit.ts'
import { addressOf, allSums, frozenOf, heldBy, randomElements, randomIntegers, roundOf, submitAll } from './testing.ts'
import { addsUp, verifyProducts, verifySum } from './verifySeat.ts'

// Each attack broke an earlier draft of the protocol. Each test names the line that stops it now, and fails without that line.

const field = await loadField()
const encoding: Encoding = { hospitals: 50, clip: 1, fractionBits: 20, maxWeight: 8 }
const withDp = { differentialPrivacy: true }
const withoutDp = { differentialPrivacy: false }
const beacon = crypto.getRandomValues(new Uint8Array(32))
const codeOf = async (run: () => unknown) => {
  try {
    await run()
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
  return undefined
}
/** One hospital's products with the directions, by all seats' answers. */
const productsOf = async (
  round: MaskedRound,
  one: Awaited<ReturnType<typeof submitAll>>[number],
  directions: readonly Int8Array[],
  protection: typeof withDp,
) => {
  const { hospital, parcels, submission } = one
  const answers = await Promise.all(
    parcels.flatMap(({ seed }, seat) =>
      seed === null ? [] : [maskProducts(field, round, protection, seat, { hospital, seed }, directions)],
    ),
  )
  return openProducts(protection, encoding, submission.masked, answers, directions)
}

describe('a public functional of each update used as a check', () => {
  const dimension = 14
  const round = roundOf([0, 1, 2, 3, 4], 3)

  it('would give the update away, as the norm directions do where there is no noise in it', async () => {
    const integers = randomIntegers(dimension, maxElement(encoding))
    const [one] = await submitAll(field, round, [toElements(integers)], [1])
    const directions = await beaconDirections(field, beacon, dimension, 64)
    const products = await productsOf(round, one!, directions, withDp)
    expect(solve(directions, products)).toEqual(integers)
  })

  // Defence: checkProtection in maskProducts and in openProducts.
  it('is refused in a study without differential privacy, by each seat and by who would open', async () => {
    const [one] = await submitAll(field, round, [randomElements(dimension)], [1])
    const directions = await beaconDirections(field, beacon, dimension)
    const { hospital, parcels, submission } = one!
    const seed = parcels[1]!.seed!
    expect(await codeOf(() => maskProducts(field, round, withoutDp, 1, { hospital, seed }, directions))).toBe(
      'masking.noOpenings',
    )
    expect(await codeOf(() => openProducts(withoutDp, encoding, submission.masked, [], directions))).toBe(
      'masking.noOpenings',
    )
  })
})

describe('knocking a hospital offline so that backups answer for it', () => {
  // Defence: the limit of openableSeeds in recordOpenedSeat; for a hospital with a seat, that it counts its seeds and not the seats.
  it.each([
    { seats: [0, 1, 2, 3, 4], threshold: 3 },
    { seats: [0, 1, 2, 3], threshold: 2 },
    { seats: [0, 20, 21, 22, 23, 24, 25], threshold: 3 },
    { seats: [20, 21, 22, 23, 24], threshold: 3 },
  ])('opens too little of it, with $threshold − 1 curious seats of $seats helping', async ({ seats, threshold }) => {
    const round = roundOf(seats, threshold)
    const vectors = Array.from({ length: 5 }, () => randomElements(4))
    const all = await submitAll(field, round, vectors, [1, 1, 1, 1, 1])
    for (const [victim, { hospital, parcels, submission }] of all.entries()) {
      let openings: Openings = recordFreeze(noOpenings, frozenOf(all))
      // Whatever the reason given, seat by seat, those first that have a seed of the victim.
      const seeded = seededSeats(round, hospital)
      for (const seat of seeded) {
        try {
          openings = recordOpenedSeat(openings, round, { seat, reason: 'checked' })
        } catch (error) {
          if (!isAppError(error, 'masking.tooManyOpened')) throw error
        }
      }
      const opened = openings.openedSeats.map(({ seat }) => seat)
      const curious = seeded.filter(seat => !opened.includes(seat)).slice(0, threshold - 1)
      const rest = BigUint64Array.from(submission.masked)
      for (const seat of [...opened, ...curious]) {
        const seed = parcels[seat]!.seed
        if (seed !== null) field.addMask(rest, await maskKey(round, hospital, seat, seed), MODULUS - 1n)
      }
      expect(rest).not.toEqual(vectors[victim])
      expect(opened.length).toBeLessThanOrEqual(seeded.length - threshold)
    }
  })
})

describe('a hospital that is also a seat', () => {
  const round = roundOf([0, 1, 2, 3, 4], 3)

  // Defence: seededSeats leaves out the own seat; checkCommitments refuses a seed for it.
  it('gives its own seat no seed, and is out with one', async () => {
    const seated = addressOf(2)
    const { parcels, commitments } = await submitMasked(field, round, seated, randomElements(3))
    expect(commitments.seeds[2]).toBeNull()
    expect((await openParcel(round, seated, 2, parcels[2]!, commitments)).seed).toBeNull()
    const own = new Uint8Array(32)
    const seeds = await Promise.all(commitments.seeds.map(hash => hash ?? hashSeed(round, seated, 2, own)))
    expect(await codeOf(() => openParcel(round, seated, 0, parcels[0]!, { ...commitments, seeds }))).toBe(
      'masking.badSubmission',
    )
  })

  // Defence: verifySum recomputes the whole sum.
  it('cannot balance its lie: what its update gained, its seat’s sum lost, and a draw finds it', async () => {
    const honest = [1, 2, 3].map(value => toElements([BigInt(value), 0n]))
    // Hospital 2 sits on seat 2. It submits an update far out of range and takes that out again as a seat.
    const lie = toElements([2n ** 40n, 0n])
    const vectors = honest.map((vector, i) => (i === 2 ? lie : vector))
    const all = await submitAll(field, round, vectors, [1, 1, 1])
    const sums = await allSums(field, round, all)
    field.add(sums[2]!, lie)
    const inputs = all.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
    expect([...(await openSum(field, round, encoding, inputs, sums))]).toEqual([3n, 0n])
    expect(await verifySum(field, round, 2, heldBy(2, all), sums[2]!)).toBe(0)
  })
})

describe('a direction made to read coordinates', () => {
  const members = [0, 1, 2].map(index => ({ index, hospital: addressOf(index), weight: 1 }))

  // Defence: sumsHide in freezeSet.
  it('of one hospital alone does not come about: its update never opens by itself', () => {
    const attested = Array(5).fill(setOf([0]))
    expect(freezeSet(members, attested)).toBeUndefined()
    expect(recordFreeze(noOpenings, members.slice(0, 1)).state).toBe('void')
  })

  // Defence: the quantisation to largestEntry in scoringDirections, and checkInnerBound with it.
  it('of digits 1, 2^16, 2^32 comes down to 8 bits: updates that it would have read share one product', async () => {
    const digits = [1n, 2n ** 16n, 2n ** 32n]
    const directions = await scoringDirections(field, BigInt64Array.from(digits))
    const direction = directions[0]!
    expect([...direction]).toEqual([0, 0, 127])
    const round = roundOf([0, 1, 2, 3, 4], 3)
    const vectors = [
      [5n, 6n, 7n],
      [50n, 60n, 7n],
    ].map(toElements)
    const all = await submitAll(field, round, vectors, [1, 1])
    const products = await Promise.all(all.map(one => productsOf(round, one, [direction], withDp)))
    expect(products[0]).toEqual(products[1])
  })
})

describe('submitting a multiple of the direction for the top score', () => {
  const members = [0, 1, 2, 3].map(index => ({ index, hospital: addressOf(index), weight: 1 }))
  const set = members.slice(0, 3)
  const dimension = 200
  const updates = [0, 1, 2].map(() => randomIntegers(dimension, 2 ** 12))
  /** Scores of updates that nobody hides; the last is the attacker's. */
  const scoresOf = async (list: readonly (readonly bigint[])[]) => {
    const sum = BigInt64Array.from({ length: dimension }, (_, k) => list.reduce((to, update) => to + update[k]!, 0n))
    const directions = await scoringDirections(field, sum)
    const contributions = list.map(update => ({
      weight: 1,
      products: directions.map(direction => update.reduce((to, value, k) => to + BigInt(direction[k]!) * value, 0n)),
    }))
    return scores(contributions, sum, directions, encoding)
  }

  // Defence: the state that recordPost asks for. The direction follows from the sum, which no masks open before.
  it('comes too early: no seat posts its masks until the set of updates is frozen', async () => {
    expect(await codeOf(() => recordPost(noOpenings, [set, set]))).toBe('masking.notFinal')
    expect(recordPost(recordFreeze(noOpenings, set), [set, set]).state).toBe('posted')
  })

  // Defence: freezeSet counts what was attested, recordFreeze freezes once.
  it('comes too late: who submits after the freeze is not in the set, and cannot join it', () => {
    const attested = Array(5).fill(setOf([0, 1, 2]))
    const frozen = freezeSet(members, attested)!
    expect(frozen.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(recordFreeze(recordFreeze(noOpenings, frozen), members).state).toBe('void')
  })

  // Defence: scores leaves the own part out of the sum, what lies along it exactly.
  it('does not make an own direction of a long update: it is compared with the others’ alone', async () => {
    const attacker = randomIntegers(dimension, 2 ** 12)
    for (const factor of [4n, 64n]) {
      const long = attacker.map(value => factor * value)
      const sum = long.map((value, k) => value + updates.reduce((to, update) => to + update[k]!, 0n))
      const inner = long.reduce((to, value, k) => to + Number(value) * Number(sum[k]!), 0)
      const norm = (list: readonly bigint[]) => Math.sqrt(list.reduce((to, value) => to + Number(value) ** 2, 0))
      // What a cosine with the whole sum would give it.
      expect((10_000 * inner) / (norm(long) * norm(sum))).toBeGreaterThan(8000)
      // Its own is 0 up to a sixteenth for the estimate and √(1/200) for two random vectors: six standard deviations.
      expect(Math.abs((await scoresOf([...updates, long])).at(-1)!)).toBeLessThan(5700)
    }
  })
})

describe('a seat that lies of one hospital for its score', () => {
  const dimension = 30
  const round = roundOf([0, 1, 2, 3, 4], 3)

  // Defence: addsUp, asked of every seat; verifyProducts, of the one that is drawn.
  it('is found without a draw, and one that lies of two to hide it when it is drawn', async () => {
    const all = await submitAll(
      field,
      round,
      [0, 1, 2].map(() => toElements(randomIntegers(dimension, 2 ** 12))),
      [1, 2, 3],
    )
    const directions = await scoringDirections(field, BigInt64Array.from(randomIntegers(dimension, 2 ** 14)))
    const held = heldBy(4, all)
    const weights = held.map(({ weight }) => weight)
    const sum = (await allSums(field, round, all))[4]!
    const honest = await Promise.all(held.map(one => maskProducts(field, round, withDp, 4, one, directions)))
    expect(addsUp(honest, weights, sum, directions)).toBe(true)
    const shift = (lies: readonly bigint[]) =>
      honest.map((row, i) => row.map((value, d) => (d === 5 ? (value + lies[i]! + MODULUS) % MODULUS : value)))
    expect(addsUp(shift([0n, 2n ** 50n, 0n]), weights, sum, directions)).toBe(false)
    const hidden = shift([0n, 3n, -2n])
    expect(addsUp(hidden, weights, sum, directions)).toBe(true)
    expect(await verifyProducts(field, round, withDp, 4, held, hidden, directions)).toEqual({
      hospital: 1,
      direction: 5,
    })
  })
})

describe('coordinates that wrap around p', () => {
  const dimension = 400
  const round = roundOf([0, 1, 2, 3, 4], 3)
  // (p + 1)/2 is a half: any two of them add to a small integer.
  const halves = BigUint64Array.from({ length: dimension }, (_, k) => (k < 200 ? (MODULUS + 1n) / 2n : 0n))

  it('would look small in directions of ±1', async () => {
    const [one] = await submitAll(field, round, [halves], [1])
    const signs = (await beaconDirections(field, beacon, dimension)).map(direction =>
      direction.map((entry, k) => (entry === 0 ? (k % 2 === 0 ? 1 : -1) : entry)),
    )
    expect(isInRange([0n, ...(await productsOf(round, one!, signs, withDp))], encoding, dimension)).toBe(true)
  })

  // Defence: directions with zeros, and the bound in isInRange.
  it('are seen in directions with zeros, and score lowest', async () => {
    const [one] = await submitAll(field, round, [halves], [1])
    const directions = await beaconDirections(field, beacon, dimension)
    const products = await productsOf(round, one!, directions, withDp)
    const sum = new BigInt64Array(dimension).fill(1n)
    const contribution = { weight: 1, products: [0n, ...products] }
    expect(scores([contribution], sum, [new Int8Array(dimension), ...directions], encoding)).toEqual([-10_000])
  })

  // Defence: the bound in openSum.
  it('are out of range in the sum', async () => {
    const all = await submitAll(field, round, [halves, halves, toElements(Array(dimension).fill(1n))], [1, 8, 1])
    const inputs = all.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
    const sums = await allSums(field, round, all)
    expect(await codeOf(() => openSum(field, round, encoding, inputs, sums))).toBe('masking.outOfRange')
  })
})

describe('weights that do not hide', () => {
  const packed = [1, 2 ** 20, 2 ** 40]
  const members = packed.map((weight, index) => ({ index, hospital: addressOf(index), weight }))
  const attested = Array(5).fill(setOf([0, 1, 2]))

  it('would pack updates as digits of one number', async () => {
    const round = roundOf([0, 1, 2, 3, 4], 3)
    const integers = [123n, 4567n, 89n]
    const all = await submitAll(
      field,
      round,
      integers.map(value => toElements([value])),
      packed,
    )
    const wide = { ...encoding, clip: 1 / 2 ** 6 }
    const inputs = all.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
    const [sum] = await openSum(field, round, wide, inputs, await allSums(field, round, all))
    expect([sum! % 2n ** 20n, (sum! >> 20n) % 2n ** 20n, sum! >> 40n]).toEqual(integers)
  })

  // Defence: the ratio in sumsHide, which freezeSet and recordFreeze ask.
  it('are refused at the freeze', () => {
    expect(freezeSet(members, attested)).toBeUndefined()
    expect(recordFreeze(noOpenings, members).state).toBe('void')
  })

  // Defence: leastHospitals in sumsHide.
  it('are refused where they leave one hospital in, or one against another', () => {
    for (const weights of [
      [1, 0, 0],
      [1, 1, 0],
    ]) {
      const few = members.map((one, i) => ({ ...one, weight: weights[i]! }))
      expect(freezeSet(few, attested)).toBeUndefined()
      expect(recordFreeze(noOpenings, few).state).toBe('void')
    }
  })
})

describe('a second opening over another set', () => {
  const round = roundOf([0, 1, 2, 3, 4], 3)
  const vectors = [1n, 2n, 3n, 40n].map(value => toElements([value]))

  it('would open the difference, one hospital’s update', async () => {
    const all = await submitAll(field, round, vectors, [1, 1, 1, 1])
    const opened = await Promise.all(
      [all, all.slice(0, 3)].map(async list => {
        const inputs = list.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
        return openSum(field, round, encoding, inputs, await allSums(field, round, list))
      }),
    )
    expect(opened[0]![0]! - opened[1]![0]!).toBe(40n)
  })

  const set = [0, 1, 2, 3].map(index => ({ index, hospital: addressOf(index), weight: 1 }))
  const smaller = set.slice(0, 3)
  const frozen = recordFreeze(noOpenings, set)
  const posted = recordPost(frozen, [set, set])

  // Defence: the comparison in recordPost where the state is posted.
  it('is refused as a retry', async () => {
    expect(await codeOf(() => recordPost(posted, [smaller, smaller]))).toBe('masking.openedBefore')
  })

  // Defence: sameSet in recordFreeze, and void as the end.
  it('is void after a reorg, before or after the first, and stays so', async () => {
    for (const before of [frozen, posted]) {
      const after = recordFreeze(before, smaller)
      expect(after.state).toBe('void')
      expect(await codeOf(() => recordPost(after, [smaller, smaller]))).toBe('masking.openedBefore')
      expect(await codeOf(() => recordPost(recordFreeze(after, set), [set, set]))).toBe('masking.openedBefore')
    }
    expect(recordFreeze(recordVoid(noOpenings), set).state).toBe('void')
  })

  // Defence: in recordPost, two views and each compared.
  it('cannot be had from one lying RPC', async () => {
    for (const views of [[smaller], [smaller, set], [smaller, smaller], [set]]) {
      expect(await codeOf(() => recordPost(frozen, views))).toBe('masking.notFinal')
    }
  })
})

describe('one stream of masks for several vectors', () => {
  const round = roundOf([0, 1, 2, 3, 4], 3)
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const hospital = addressOf(7)

  // Defence: maskKey binds hospital, seat, vector and round.
  it('does not exist, even where a seed is used again: the difference of two vectors stays masked', async () => {
    const seeds = round.seats.map(() => seed)
    const [update, gradient] = [randomElements(3), randomElements(3)]
    const difference = await mask(field, round, hospital, update, seeds)
    field.subtract(difference, await mask(field, { ...round, vector: 'gradient' }, hospital, gradient, seeds))
    const plain = BigUint64Array.from(update)
    field.subtract(plain, gradient)
    expect(difference).not.toEqual(plain)
    const keys = await Promise.all([
      maskKey(round, hospital, 0, seed),
      maskKey(round, hospital, 1, seed),
      maskKey(round, addressOf(8), 0, seed),
      maskKey({ ...round, vector: 'gradient' }, hospital, 0, seed),
      maskKey({ ...round, round: 4 }, hospital, 0, seed),
      maskKey({ ...round, study: `0x${'33'.repeat(20)}` }, hospital, 0, seed),
      maskKey({ ...round, deployment: `0x${'33'.repeat(32)}` }, hospital, 0, seed),
    ])
    expect(new Set(keys.map(String)).size).toBe(keys.length)
  })
})

describe('a wrong seed to one seat', () => {
  const round = roundOf([0, 1, 2, 3, 4], 3)

  // Defence: the seed's hash in openParcel.
  const tamper = async (seats: number) => {
    const vectors = Array.from({ length: 4 }, (_, i) => toElements([BigInt(i + 1)]))
    const all = await submitAll(field, round, vectors, [1, 1, 1, 1])
    const liar = all[3]!
    const attested = await Promise.all(
      round.seats.map(async (_, seat) => {
        const bytes = Uint8Array.from(liar.submission.parcels[seat]!)
        if (seat < seats) bytes[0]! ^= 1
        const refused = await codeOf(() => openParcel(round, liar.hospital, seat, bytes, liar.submission.commitments))
        return setOf(refused === undefined ? [0, 1, 2, 3] : [0, 1, 2])
      }),
    )
    return { all, liar, attested }
  }

  it('is found by each seat that got one, which does not attest the hospital: without a quorum it is out before the freeze', async () => {
    const { all, attested } = await tamper(2)
    expect(freezeSet(frozenOf(all), attested)?.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  // Defence: the seed's hash in recoverSeed.
  it('does not stop the round where a quorum attests the others: that seat gets the one committed to from the backups', async () => {
    const { all, liar, attested } = await tamper(1)
    expect(attested[0]).toBe(setOf([0, 1, 2]))
    expect(freezeSet(frozenOf(all), attested)?.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    const { commitments } = liar.submission
    const shares = await Promise.all(
      [1, 2, 4].map(holder => openShare(round, liar.hospital, holder, liar.parcels[holder]!, 0)),
    )
    const seed = await recoverSeed(round, liar.hospital, 0, shares, commitments)
    expect(seed).toEqual(liar.parcels[0]!.seed)
    const other = {
      ...commitments,
      seeds: commitments.seeds.map((hash, seat) => (seat === 0 ? commitments.seeds[1]! : hash)),
    }
    expect(await codeOf(() => recoverSeed(round, liar.hospital, 0, shares, other))).toBe('masking.badSubmission')
  })

  // Defence: the vector's hash in checkMasked.
  it('cannot be made up for by another vector', async () => {
    const hospital = addressOf(1)
    const { masked, commitments } = await submitMasked(field, round, hospital, randomElements(2))
    const other = BigUint64Array.from(masked, element => (element + 1n) % MODULUS)
    expect(await codeOf(() => checkMasked(round, hospital, other, 2, commitments))).toBe('masking.badSubmission')
  })
})

/**
 * The integers that have these products, by elimination in floating point and rounding.
 * @param directions at least as many independent ones as there are integers
 */
function solve(directions: readonly Int8Array[], products: readonly bigint[]): bigint[] {
  const width = directions[0]!.length
  const rows = directions.map((direction, i) => [...direction, Number(products[i])])
  for (let column = 0; column < width; column++) {
    let pivot = column
    for (let i = column; i < rows.length; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i
    }
    const top = rows[pivot]!
    rows[pivot] = rows[column]!
    rows[column] = top.map(value => value / top[column]!)
    for (const [i, row] of rows.entries()) {
      if (i !== column) rows[i] = row.map((value, k) => value - row[column]! * rows[column]![k]!)
    }
  }
  return rows.slice(0, width).map(row => BigInt(Math.round(row[width]!)))
}
