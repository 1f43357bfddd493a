import type { Encoding } from '../aggregation/masking/encoding.ts'
import { type MaskedRound, seededSeats, seedingAt } from '../aggregation/masking/round.ts'
import { openProducts, scores, scoringDirections } from '../aggregation/masking/scoring.ts'
import { type HeldSeed, maskProducts, type Protection } from '../aggregation/masking/seat.ts'
import { addsUp, verifyProducts } from '../aggregation/masking/verifySeat.ts'
import type { Field } from '../field/Field.ts'
import type { Work } from '../rounds/ports.ts'
import type { Address } from '../study/types.ts'
import { report, stopIfAborted } from './hospitalStudy.ts'

/** ⟨PRG(s_ij), v⟩ by hospital of the set that the seat has a seed of, in the set's order, and direction. */
export type Products = readonly (readonly bigint[])[]

/** A masked round whose sum is open, and what its seats answered for the scores. */
export interface ScoredRound {
  readonly of: MaskedRound
  readonly encoding: Encoding
  readonly protection: Protection
  /** The frozen set, in its order. */
  readonly hospitals: readonly {
    readonly hospital: Address
    readonly weight: number
    readonly masked: BigUint64Array
  }[]
  readonly sum: BigInt64Array<ArrayBuffer>
  /** M_j by seat, posted or recomputed. */
  readonly masks: readonly (BigUint64Array | undefined)[]
  /** By seat whose seeds are open. */
  readonly seeds: ReadonlyMap<number, readonly HeldSeed[]>
  /** By seat; null where it posted none. */
  readonly products: readonly (Products | null)[]
}

/**
 * The score of each hospital of the set, or the seats whose products are wrong: those that an opened seat's seeds do
 * not give, and those of any seat that do not add up to its sum of masks. Decides by its arguments alone: every honest
 * seat comes to the same.
 *
 * All scores are 0 where products are missing that nobody can compute, and where seats answered with zeros, as they do
 * that could not open the sum in time. A single such seat is wrong when it is drawn; it is not where most of them are,
 * as the sum cannot have been open then.
 * @throws AppError masking.noOpenings, masking.overflow: see openProducts
 */
export async function scoreHospitals(
  field: Field,
  round: ScoredRound,
  work: Work,
): Promise<{ readonly scores: readonly number[] } | { readonly accused: readonly number[] }> {
  const { of, encoding, protection, hospitals, sum, masks, seeds, products } = round
  const unscored = { scores: hospitals.map(() => 0) }
  const posted = products.filter(one => one !== null)
  if (posted.filter(isBlind).length * 2 > posted.length) return unscored
  const directions = await scoringDirections(field, sum)
  const accused: number[] = []
  const answers: (Products | null)[] = []
  for (const [seat, own] of products.entries()) {
    stopIfAborted(work)
    const held = seeds.get(seat)
    if (own === null) {
      answers.push(held === undefined ? null : await productsOf(field, of, protection, seat, held, directions))
      continue
    }
    const isRight =
      held === undefined
        ? isBlind(own) || addsUp(own, weightsAt(round, seat), masks[seat] as BigUint64Array, directions)
        : (await verifyProducts(field, of, protection, seat, held, own, directions)) === undefined
    if (!isRight) accused.push(seat)
    answers.push(isBlind(own) ? null : own)
  }
  if (accused.length > 0) return { accused }
  const complete = answers.filter(one => one !== null)
  if (complete.length < answers.length) return unscored
  const contributions = hospitals.map(({ hospital, weight, masked }, done) => {
    stopIfAborted(work)
    const rows = seededSeats(of, hospital).map(seat => (complete[seat] as Products)[placeAt(round, seat, hospital)])
    const opened = openProducts(protection, encoding, masked, rows as (readonly bigint[])[], directions)
    report(work, { stage: 'score', done: done + 1, total: hospitals.length })
    return { weight, products: opened }
  })
  return { scores: scores(contributions, sum, directions, encoding) }
}

/** What a seat answers of each hospital whose seed it has. @throws AppError masking.noOpenings */
export async function productsOf(
  field: Field,
  of: MaskedRound,
  protection: Protection,
  seat: number,
  held: readonly HeldSeed[],
  directions: readonly Int8Array[],
): Promise<Products> {
  const products: bigint[][] = []
  for (const one of held) products.push(await maskProducts(field, of, protection, seat, one, directions))
  return products
}

/** The answer of a seat that had no sum to take directions from. */
function isBlind(products: Products): boolean {
  return products.every(row => row.every(product => product === 0n))
}

function weightsAt({ of, hospitals }: ScoredRound, seat: number): number[] {
  return seedingAt(of, seat, hospitals).map(({ weight }) => weight)
}

function placeAt({ of, hospitals }: ScoredRound, seat: number, hospital: Address): number {
  return seedingAt(of, seat, hospitals).findIndex(one => one.hospital === hospital)
}
