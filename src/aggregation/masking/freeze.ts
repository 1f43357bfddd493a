import { has, quorum } from '../../rounds/sets.ts'
import { type Address, sameAddress } from '../../study/types.ts'
import { maxWeight } from '../weights.ts'

/** Fewer hospitals in a sum would let one of them read off another's update, or nearly. */
export const leastHospitals = 3

/** A hospital of the one set that a round may open, in member order. */
export interface FrozenHospital {
  /** Member index in the study. */
  readonly index: number
  readonly hospital: Address
  /** 0: submitted, and left out of the sum. */
  readonly weight: number
}

/**
 * A hospital's weight: its patients in coarse steps, half as much again for the best reputation, half for none. Whole numbers
 * and one division, as the contract computes it; nobody chooses a weight.
 * @param patientWeight 1 to 8: see weightOf
 * @param reputation 0 to 10,000; a newcomer's 5,000 changes nothing
 * @returns 1 to 8
 */
export function maskedWeight(patientWeight: number, reputation: number): number {
  return Math.min(maxWeight, Math.max(1, Math.floor((patientWeight * (5000 + reputation) + 5000) / 10_000)))
}

/**
 * The set S that a round opens: the hospitals whose vector, seed and shares more than two thirds of the seats hold and found
 * right by the deadline. What comes later is not in it.
 * @param attested by seat: the members that it attests; 0n where it did not answer
 * @returns undefined: the round is void
 */
export function freezeSet(
  candidates: readonly FrozenHospital[],
  attested: readonly bigint[],
): readonly FrozenHospital[] | undefined {
  const needed = quorum(attested.length)
  const set = candidates
    .filter(({ index }) => attested.filter(members => has(members, index)).length >= needed)
    .sort((a, b) => a.index - b.index)
  return sumsHide(set.map(({ weight }) => weight)) ? set : undefined
}

/**
 * Whether a sum under these weights hides its parts: at least three hospitals count, none more than eight times another. Weights
 * like 1, 2^20, 2^40 would pack updates as digits of one number.
 */
export function sumsHide(weights: readonly number[]): boolean {
  const counting = weights.filter(weight => weight !== 0)
  return (
    weights.every(weight => Number.isInteger(weight) && weight >= 0) &&
    counting.length >= leastHospitals &&
    Math.max(...counting) <= maxWeight * Math.min(...counting)
  )
}

/** Whether two frozen sets are one: the same hospitals with the same weights. */
export function sameSet(a: readonly FrozenHospital[], b: readonly FrozenHospital[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i] as FrozenHospital
      return one.index === other.index && one.weight === other.weight && sameAddress(one.hospital, other.hospital)
    })
  )
}
