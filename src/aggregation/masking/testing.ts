import { type Field, MODULUS } from '../../field/Field.ts'
import type { Address } from '../../study/types.ts'
import type { FrozenHospital } from './freeze.ts'
import type { MaskedRound } from './round.ts'
import { type HeldSeed, maskSum } from './seat.ts'
import { openParcel, type Parcel } from './seeds.ts'
import { type Submission, submitMasked } from './submit.ts'

/** For tests and benchmarks: a round among made-up hospitals, in one process. */

export function addressOf(index: number): Address {
  return `0x${(index + 1).toString(16).padStart(40, '0')}`
}

/** @param seats members that hold the seats; a seat of nobody who submits is a member past the last hospital */
export function roundOf(seats: readonly number[], threshold: number, change: Partial<MaskedRound> = {}): MaskedRound {
  return {
    deployment: `0x${'11'.repeat(32)}`,
    chainId: 31337,
    study: `0x${'22'.repeat(20)}`,
    round: 3,
    vector: 'update',
    seats: seats.map(addressOf),
    threshold,
    ...change,
  }
}

/** A hospital's submission after every seat has opened its parcel. */
export interface Held {
  readonly index: number
  readonly hospital: Address
  readonly weight: number
  readonly submission: Submission
  /** By seat. */
  readonly parcels: readonly Parcel[]
}

/** Every hospital submits, every seat opens and checks what it got. Members 0, 1, … in order. */
export async function submitAll(
  field: Field,
  round: MaskedRound,
  vectors: readonly BigUint64Array[],
  weights: readonly number[],
): Promise<Held[]> {
  const all: Held[] = []
  for (const [index, vector] of vectors.entries()) {
    const hospital = addressOf(index)
    const submission = await submitMasked(field, round, hospital, vector)
    const parcels = await Promise.all(
      submission.parcels.map((bytes, seat) => openParcel(round, hospital, seat, bytes, submission.commitments)),
    )
    all.push({ index, hospital, weight: weights[index] as number, submission, parcels })
  }
  return all
}

/** What a seat answers for. */
export function heldBy(seat: number, all: readonly Held[]): HeldSeed[] {
  return all.flatMap(({ hospital, weight, parcels }) => {
    const seed = parcels[seat]?.seed ?? null
    return seed === null ? [] : [{ hospital, weight, seed }]
  })
}

/** M_j of every seat. */
export function allSums(field: Field, round: MaskedRound, all: readonly Held[]): Promise<BigUint64Array[]> {
  const length = (all[0] as Held).submission.masked.length
  return Promise.all(round.seats.map((_, seat) => maskSum(field, round, seat, heldBy(seat, all), length)))
}

export function frozenOf(all: readonly Held[]): FrozenHospital[] {
  return all.map(({ index, hospital, weight }) => ({ index, hospital, weight }))
}

/** Uniform field elements; the tests' own, so that they do not depend on what they test. */
export function randomElements(length: number): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from({ length }, () => {
    const [word] = crypto.getRandomValues(new BigUint64Array(1)) as unknown as [bigint]
    return word % MODULUS
  })
}

/** Uniform integers from −most to most. */
export function randomIntegers(length: number, most: number): bigint[] {
  return Array.from(randomElements(length), word => (word % BigInt(2 * most + 1)) - BigInt(most))
}
