import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import type { Address } from '../../study/types.ts'
import { checkCommitments, checkMasked, commitmentRoot, hashMasked, hashSeed, hashShare } from './commitments.ts'
import { recoverSeed } from './recover.ts'
import { backupSeats, checkMaskedRound, type MaskedRound, openableSeeds, seededSeats } from './round.ts'
import {
  type Backups,
  backUpSeeds,
  drawSeeds,
  type OpenedShare,
  openParcel,
  openShare,
  packParcel,
  SEED_BYTES,
  type Seeds,
} from './seeds.ts'
import { commit, submitMasked } from './submit.ts'
import { addressOf, randomElements, roundOf } from './testing.ts'

const field = await loadField()
const round = roundOf([0, 1, 2, 3, 4], 3)
/** One hospital without a seat, one that holds seat 1. */
const hospitals = [addressOf(9), addressOf(1)] as const
const refusal = async (run: Promise<unknown>) => {
  try {
    await run
  } catch (error) {
    if (isAppError(error)) return { code: error.code, ...error.details }
    throw error
  }
  return undefined
}
const flipped = (bytes: Uint8Array, at: number) => {
  const copy = Uint8Array.from(bytes)
  copy[at]! ^= 1
  return copy
}
/** The shares of a seat's seed, as their holders would open them. */
const sharesOf = (hospital: Address, backups: Backups, seat: number): Promise<OpenedShare[]> =>
  Promise.all(
    backupSeats(round, seat).map(holder =>
      openShare(round, hospital, holder, { shares: backups.map(row => row[holder] ?? null) }, seat),
    ),
  )

describe('a masked round', () => {
  it('seeds every seat but the hospital’s own, and backs each seed up at all seats but the one it is for', () => {
    expect(seededSeats(round, hospitals[0])).toEqual([0, 1, 2, 3, 4])
    expect(seededSeats(round, hospitals[1])).toEqual([0, 2, 3, 4])
    expect(backupSeats(round, 3)).toEqual([0, 1, 2, 4])
  })

  it('knows a seat by its address in any case of letters', () => {
    const shouting = addressOf(9).toUpperCase().replace('0X', '0x') as (typeof hospitals)[0]
    expect(seededSeats(roundOf([9, 1, 2], 2), shouting)).toEqual([1, 2])
    expect(() => checkMaskedRound({ ...round, seats: [addressOf(10), addressOf(10)], threshold: 2 })).toThrow()
  })

  it('leaves at least one seed closed beside those that t − 1 curious seats know', () => {
    for (const [seats, threshold] of [
      [4, 2],
      [5, 3],
      [7, 3],
      [7, 5],
    ] as const) {
      const one = roundOf([...Array(seats).keys()], threshold)
      expect(openableSeeds(one, addressOf(20))).toBe(seats - threshold)
      expect(openableSeeds(one, addressOf(0))).toBe(seats - threshold - 1)
    }
  })

  it.each([1, 5, 6, 2.5])('is refused with a threshold of %s of 5', threshold => {
    expect(() => checkMaskedRound({ ...round, threshold })).toThrow(RangeError)
  })
})

describe('seeds', () => {
  it('are fresh: 32 bytes that never come twice', () => {
    const drawn = [...drawSeeds(round, hospitals[0]), ...drawSeeds(round, hospitals[0])]
    expect(drawn.every(seed => seed?.length === SEED_BYTES)).toBe(true)
    expect(new Set(drawn.map(String)).size).toBe(10)
  })

  it('come back from any t of their backups, and not from fewer', async () => {
    for (const hospital of hospitals) {
      const seeds = drawSeeds(round, hospital)
      const backups = await backUpSeeds(round, seeds)
      const commitments = await commit(round, hospital, randomElements(1), seeds, backups)
      for (const seat of seededSeats(round, hospital)) {
        const shares = await sharesOf(hospital, backups, seat)
        expect(shares.map(({ holder }) => holder)).toEqual(backupSeats(round, seat))
        for (let left = 0; left < shares.length; left++) {
          const three = shares.filter((_, i) => i !== left)
          expect(await recoverSeed(round, hospital, seat, three, commitments)).toEqual(seeds[seat])
        }
        expect(await recoverSeed(round, hospital, seat, shares, commitments)).toEqual(seeds[seat])
        const twice = [shares[0]!, shares[0]!, shares[1]!]
        for (const few of [shares.slice(0, 2), twice]) {
          expect(await refusal(recoverSeed(round, hospital, seat, few, commitments))).toMatchObject({
            code: 'masking.tooFewShares',
          })
        }
      }
    }
  })

  it('name the holder who opens a share that it was not given', async () => {
    const [hospital] = hospitals
    const seeds = drawSeeds(round, hospital)
    const backups = await backUpSeeds(round, seeds)
    const commitments = await commit(round, hospital, randomElements(1), seeds, backups)
    const shares = await sharesOf(hospital, backups, 2)
    const wrong = shares.map(one => (one.holder === 3 ? { ...one, share: flipped(one.share, 5) } : one))
    const named = { code: 'masking.badShare', seat: round.seats[3] }
    expect(await refusal(recoverSeed(round, hospital, 2, wrong, commitments))).toEqual(named)
    const forSeat1 = await sharesOf(hospital, backups, 1)
    const ofAnother = shares.map(one => (one.holder === 3 ? { ...one, share: forSeat1[2]!.share } : one))
    expect(forSeat1[2]!.holder).toBe(3)
    expect(await refusal(recoverSeed(round, hospital, 2, ofAnother, commitments))).toEqual(named)
  })

  it('name the hospital whose backups are of another seed', async () => {
    const [hospital] = hospitals
    const seeds = drawSeeds(round, hospital)
    const others = await backUpSeeds(round, drawSeeds(round, hospital))
    const commitments = await commit(round, hospital, randomElements(1), seeds, others)
    expect(await refusal(recoverSeed(round, hospital, 2, await sharesOf(hospital, others, 2), commitments))).toEqual({
      code: 'masking.badSubmission',
      hospital,
      what: 'backup',
    })
  })
})

describe('a parcel', () => {
  it('carries a seat its seed and its shares, and the hospital’s own seat no seed', async () => {
    for (const hospital of hospitals) {
      const seeds = drawSeeds(round, hospital)
      const backups = await backUpSeeds(round, seeds)
      const commitments = await commit(round, hospital, randomElements(1), seeds, backups)
      for (const holder of round.seats.keys()) {
        const parcel = await openParcel(round, hospital, holder, packParcel(seeds, backups, holder), commitments)
        expect(parcel.seed).toEqual(seeds[holder])
        expect(parcel.shares).toEqual(backups.map(row => row[holder] ?? null))
      }
    }
  })

  it('is refused, with its hospital’s name, for every byte that is wrong and for any other length', async () => {
    for (const [hospital, holder] of [
      [hospitals[0], 0],
      [hospitals[1], 1],
    ] as const) {
      const { parcels, commitments } = await submitMasked(field, round, hospital, randomElements(3))
      const good = parcels[holder]!
      for (let at = 0; at < good.length; at += 7) {
        expect(
          await refusal(openParcel(round, hospital, holder, flipped(good, at), commitments)),
          String(at),
        ).toMatchObject({ code: 'masking.badSubmission', hospital })
      }
      for (const bytes of [good.slice(1), Uint8Array.of(...good, 0), new Uint8Array(0)]) {
        expect(await refusal(openParcel(round, hospital, holder, bytes, commitments))).toEqual({
          code: 'masking.badSubmission',
          hospital,
          what: 'parcel',
        })
      }
    }
  })

  it('is good for its own seat only', async () => {
    const { parcels, commitments } = await submitMasked(field, round, hospitals[0], randomElements(3))
    expect(await refusal(openParcel(round, hospitals[0], 1, parcels[0]!, commitments))).toMatchObject({ what: 'seed' })
  })
})

describe('commitments', () => {
  it('differ for anything that differs: the round, the hospital, the seat, the holder, the content', async () => {
    const [hospital] = hospitals
    const seed = crypto.getRandomValues(new Uint8Array(32))
    const share = crypto.getRandomValues(new Uint8Array(33))
    const vector = randomElements(3)
    const changed: MaskedRound[] = [
      { ...round, deployment: `0x${'12'.repeat(32)}` },
      { ...round, chainId: 1 },
      { ...round, study: `0x${'23'.repeat(20)}` },
      { ...round, round: 4 },
      { ...round, vector: 'gradient' },
      { ...round, threshold: 2 },
      { ...round, seats: [...round.seats].reverse() },
    ]
    const hashes = await Promise.all([
      ...[round, ...changed].flatMap(one => [
        hashSeed(one, hospital, 1, seed),
        hashShare(one, hospital, 1, 2, share),
        hashMasked(one, hospital, vector),
      ]),
      hashSeed(round, hospitals[1], 1, seed),
      hashSeed(round, hospital, 2, seed),
      hashSeed(round, hospital, 1, flipped(seed, 31)),
      hashShare(round, hospital, 2, 1, share),
      hashShare(round, hospital, 1, 3, share),
      hashShare(round, hospital, 1, 2, flipped(share, 0)),
      hashMasked(round, hospitals[1], vector),
      hashMasked(round, hospital, vector.slice(0, 2)),
    ])
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(await hashMasked(round, hospital, randomElements(8).fill(5n, 2, 5).subarray(2, 5))).toBe(
      await hashMasked(round, hospital, BigUint64Array.of(5n, 5n, 5n)),
    )
  })

  it('are one root in the transaction, which any changed hash changes', async () => {
    const { commitments } = await submitMasked(field, round, hospitals[1], randomElements(3))
    const { masked, seeds, shares } = commitments
    const other = await hashSeed(round, hospitals[1], 0, new Uint8Array(32))
    const roots = await Promise.all(
      [
        commitments,
        { ...commitments, masked: other },
        { masked, shares, seeds: seeds.map((hash, i) => (i === 2 ? other : hash)) },
        { masked, seeds, shares: shares.map((row, i) => (i === 2 ? other : row)) },
      ].map(one => commitmentRoot(round, hospitals[1], one)),
    )
    expect(new Set(roots).size).toBe(roots.length)
  })

  it('must name every seed and share, and none for the hospital’s own seat', async () => {
    const [, seated] = hospitals
    const { commitments } = await submitMasked(field, round, seated, randomElements(3))
    expect(() => checkCommitments(round, seated, commitments)).not.toThrow()
    const { seeds, shares } = commitments
    for (const wrong of [
      { ...commitments, seeds: seeds.map((hash, i) => (i === 0 ? null : hash)) },
      { ...commitments, seeds: seeds.map(hash => hash ?? seeds[0]!) },
      { ...commitments, seeds: seeds.slice(1) },
      { ...commitments, shares: shares.slice(1) },
      { ...commitments, shares: [...shares, shares[0]!] },
    ]) {
      expect(() => checkCommitments(round, seated, wrong)).toThrow()
    }
  })

  it('hold a masked vector to its hash, its length and the field', async () => {
    const [hospital] = hospitals
    const { masked, commitments } = await submitMasked(field, round, hospital, randomElements(5))
    const check = (vector: BigUint64Array<ArrayBuffer>, hashes = commitments, length = 5) =>
      refusal(checkMasked(round, hospital, vector, length, hashes))
    expect(await check(masked)).toBeUndefined()
    const refused = { code: 'masking.badSubmission', hospital, what: 'masked vector' }
    expect(await check(BigUint64Array.from(masked, (element, k) => (k === 4 ? element ^ 1n : element)))).toEqual(
      refused,
    )
    expect(await check(masked, commitments, 6)).toEqual(refused)
    for (const [word, expected] of [
      [MODULUS - 1n, undefined],
      [MODULUS, refused],
      [2n ** 64n - 1n, refused],
    ] as const) {
      const edge = BigUint64Array.from(masked, (element, k) => (k === 3 ? word : element))
      const hashes = { ...commitments, masked: await hashMasked(round, hospital, edge) }
      expect(await check(edge, hashes), String(word)).toEqual(expected)
    }
  })

  it('take seeds for what they are, by seat', async () => {
    const seeds: Seeds = drawSeeds(round, hospitals[1])
    const { seeds: hashes } = await commit(
      round,
      hospitals[1],
      randomElements(1),
      seeds,
      await backUpSeeds(round, seeds),
    )
    expect(hashes[1]).toBeNull()
    expect(hashes[0]).toBe(await hashSeed(round, hospitals[1], 0, seeds[0]!))
  })
})
