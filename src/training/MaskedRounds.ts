import { encode } from '@ipld/dag-cbor'
import { type AuditClaims, auditProducts, claimsAddUp, claimsOf } from '../aggregation/masking/audit.ts'
import { type Commitments, checkCommitments, checkMasked } from '../aggregation/masking/commitments.ts'
import type { Encoding } from '../aggregation/masking/encoding.ts'
import type { FrozenHospital } from '../aggregation/masking/freeze.ts'
import { openSum } from '../aggregation/masking/open.ts'
import { isShareAsGiven, recoverSeed } from '../aggregation/masking/recover.ts'
import { type MaskedRound, seedingAt, thresholdOf } from '../aggregation/masking/round.ts'
import { directionsFor, noDirections, scoringDirections } from '../aggregation/masking/scoring.ts'
import { checkProtection, type HeldSeed, maskSum, type Protection } from '../aggregation/masking/seat.ts'
import { type OpenedShare, openParcel, openShare, type Parcel, type Seeds } from '../aggregation/masking/seeds.ts'
import { submitMasked } from '../aggregation/masking/submit.ts'
import { verifySum } from '../aggregation/masking/verifySeat.ts'
import { open, openBytes, openWithKey, type SealedBytes, sealBytes } from '../crypto/envelope.ts'
import type { HospitalKeys } from '../crypto/keys.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import { loadField } from '../field/loadField.ts'
import type { Blob, MaskedAnswers, MaskedCommittee, Member, Work } from '../rounds/ports.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import { bindingOf, type Study, stopIfAborted } from './hospitalStudy.ts'
import { ifSound, mapOf } from './OpenedUpdates.ts'
import {
  decodeMasked,
  decodeMasks,
  decodeProducts,
  decodeShares,
  encodeMasked,
  encodeMasks,
  encodeProducts,
  encodeShares,
  freshSalt,
  type MaskedVector,
  modelDataKey,
  plaintextOverhead,
  type SeatShare,
} from './plaintext.ts'
import { type Products, productsOf, scoreHospitals } from './scoreHospitals.ts'

/** What a masked round sums. */
export interface Uplink {
  readonly vector: MaskedVector
  /** Elements that each hospital sends. */
  readonly size: number
  /** How many of them, the last, only blind fingerprints of the others: they are no part of what is summed. Default none. */
  readonly blinds?: number
  readonly encoding: Encoding
}

/** What a contribution to a proven round must agree with. */
export interface MaskedCheck {
  /** Whether the chain has the trace that ends in this root. */
  readonly isTrace: (after: Uint8Array) => boolean
  /** Where the hospital was drawn: what it proved of its vector, and the directions of that. */
  readonly audit: { readonly claims: AuditClaims; readonly directions: readonly BigUint64Array[] } | null
}

/** What a hospital sends to a masked round. */
export interface MaskedContribution {
  /** To be sealed to the seats. */
  readonly plaintext: Uint8Array
  /** By seat. Secret: see Submission. */
  readonly seeds: Seeds
}

/** What a seat holds of a hospital's contribution. Its update is not in it. */
interface OpenedMasked {
  readonly salt: Uint8Array
  readonly masked: BigUint64Array<ArrayBuffer>
  readonly commitments: Commitments
  /** Null where what this seat was given is not what was committed to. */
  readonly parcel: Parcel | null
  /** Where the hospital was drawn: what its claims are about. */
  readonly directions: readonly BigUint64Array[] | null
}

type Given = FrozenHospital & OpenedMasked
/** What a seat answered: null for nothing, 'unreadable' for what is no answer at all. */
type Answer<T> = T | 'unreadable' | null
type AnswerKind = 'masks' | 'products' | 'shares'

/** What is known of the seats' sums of masks. */
interface OpenedSeats {
  /** By seat: posted, or recomputed from opened seeds. */
  readonly sums: readonly (BigUint64Array | undefined)[]
  /** By seat whose seeds came out whole. */
  readonly seeds: ReadonlyMap<number, readonly HeldSeed[]>
  /** Member indices. */
  readonly accused: ReadonlySet<number>
  /** Why some seeds did not. */
  readonly lacking: AppError | undefined
}

/** A masked contribution has a commitment, a share's hash and a sealed parcel for each seat: of seven seats, half of this. */
const bytesPerSeat = 1024
/** An opened share with the hashes of six others, their names, and as much again. */
const bytesPerShare = 768

/**
 * Masked rounds at one hospital: what it contributes, and as a seat what it checks, answers for, and opens of the sum
 * (docs/decisions/0012-masked-rounds.md). Seeds and shares never leave it but as the round asks for them.
 */
export class MaskedRounds {
  readonly #study: Study
  readonly #keys: HospitalKeys
  readonly #opened = new Map<number, Map<string, OpenedMasked>>()

  constructor(study: Study, keys: HospitalKeys) {
    this.#study = study
    this.#keys = keys
  }

  /**
   * One vector under fresh masks, as the plaintext that is sealed to the seats.
   * @param elements encoded: see encodeUpdate, encodeColumnSums
   * @param after in proven studies: the root of what the round ended with
   * @throws RangeError where so many seats protect nobody: see checkMaskedRound
   */
  async contribute(
    round: number,
    seats: readonly Member[],
    vector: MaskedVector,
    elements: BigUint64Array,
    after?: Uint8Array,
  ): Promise<MaskedContribution> {
    const { self } = this.#study
    const of = this.#roundOf(round, seats, vector)
    const { masked, commitments, parcels, seeds } = await submitMasked(await loadField(), of, self, elements)
    const sealed = await Promise.all(
      seats.map(({ keys }, seat) =>
        sealBytes(parcels[seat] as Uint8Array, parcelInfo(of, self, seat), keys.encryption),
      ),
    )
    const plaintext = encodeMasked({ round, salt: freshSalt(), vector, masked, commitments, parcels: sealed, after })
    return { plaintext, seeds }
  }

  /**
   * Opens a contribution and checks it as far as this seat can. It is kept where only this seat's parcel is wrong too: the others
   * may let it into the sum, and this seat then opens that like them.
   * @param check in proven studies
   * @returns whether all of it is right
   */
  async open(
    round: number,
    seats: readonly Member[],
    member: Member,
    { blob, commitment }: { readonly blob: Blob; readonly commitment: Hex | null },
    { vector, size }: Pick<Uplink, 'vector' | 'size'>,
    check?: MaskedCheck,
  ): Promise<boolean> {
    const { self } = this.#study
    const of = this.#roundOf(round, seats, vector)
    const hospital = member.address
    const seat = this.#ownSeat(seats)
    const sound = await ifSound(blob, size * 8 + seats.length * bytesPerSeat + plaintextOverhead, async () => {
      const expect = { by: member, ...(commitment !== null && { commitment }) }
      const { plaintext } = await open(blob, bindingOf(this.#study, round, vector, hospital), self, this.#keys, expect)
      const content = decodeMasked(plaintext, { round, vector, size, seats: seats.length })
      checkCommitments(of, hospital, content.commitments)
      await checkMasked(of, hospital, content.masked, size, content.commitments)
      return content
    })
    if (sound === null) return false
    const { salt, masked, commitments, parcels, after } = sound
    const audit = check?.audit ?? null
    if (check && !(after && check.isTrace(after))) return false
    const field = await loadField()
    if (audit && !claimsAddUp(field, of, hospital, masked, audit.claims, audit.directions)) return false
    const parcel = await this.#openParcel(of, hospital, seat, parcels[seat] as SealedBytes, commitments)
    const kept = { salt, masked, commitments, parcel, directions: audit?.directions ?? null }
    mapOf(this.#opened, round).set(hospital.toLowerCase(), kept)
    if (parcel === null || audit === null) return parcel !== null
    const own = await auditProducts(field, of, hospital, seat, parcel.seed, audit.directions)
    return isSameList(own, claimsOf(audit.claims, seat))
  }

  /**
   * What this hospital claims of its masks where it is audited, by seat and direction.
   * @param seeds that it drew for that round, by seat
   */
  async claims(
    round: number,
    seats: readonly Member[],
    seeds: Seeds,
    directions: readonly BigUint64Array[],
  ): Promise<bigint[]> {
    const of = this.#roundOf(round, seats, 'update')
    const field = await loadField()
    const products = seats.map((_, seat) =>
      auditProducts(field, of, this.#study.self, seat, seeds[seat] ?? null, directions),
    )
    return (await Promise.all(products)).flat()
  }

  /**
   * This seat's sum of masks over the frozen set, as a plaintext.
   * @throws AppError aggregation.notOpened where it lacks a seed
   */
  async masks(
    round: number,
    { seats, set }: MaskedCommittee,
    { vector, size }: Pick<Uplink, 'vector' | 'size'>,
  ): Promise<Uint8Array> {
    const of = this.#roundOf(round, seats, vector)
    const seat = this.#ownSeat(seats)
    const held = this.#heldBy(of, seat, set)
    const sum = await maskSum(await loadField(), of, seat, held, size)
    return encodeMasks({ round, salt: freshSalt(), vector, sum })
  }

  /**
   * This seat's products of its masks with the directions that follow from the sum, as a plaintext. Where the answers
   * open no sum the directions are zeros: other seats, which see the same answers, come to the same.
   * @throws AppError masking.noOpenings in studies without differential privacy
   * @throws AppError aggregation.notOpened where it lacks a seed, or could not open the contribution of somebody in the
   * set
   */
  async products(
    round: number,
    { seats, set }: MaskedCommittee,
    answers: MaskedAnswers,
    uplink: Uplink,
    work: Work,
  ): Promise<Uint8Array> {
    const protection = this.#protection()
    checkProtection(protection)
    const { vector } = uplink
    const of = this.#roundOf(round, seats, vector)
    const seat = this.#ownSeat(seats)
    const held = this.#heldBy(of, seat, set)
    const directions = await this.#directions(of, { seats, set }, answers, uplink, work)
    stopIfAborted(work)
    const products = await productsOf(await loadField(), of, protection, seat, held, directions)
    return encodeProducts({ round, salt: freshSalt(), vector, products })
  }

  /** This seat's shares of the opening seats' seeds, as far as it was given any, as a plaintext. Its other shares stay closed. */
  async shares(
    round: number,
    { seats, set }: MaskedCommittee,
    opening: readonly number[],
    vector: MaskedVector,
  ): Promise<Uint8Array> {
    const of = this.#roundOf(round, seats, vector)
    const holder = this.#ownSeat(seats)
    const shares: SeatShare[] = []
    for (const { hospital } of set) {
      const parcel = this.#opened.get(round)?.get(hospital.toLowerCase())?.parcel
      for (const seat of opening) {
        if (!parcel?.shares[seat]) continue
        const { share, hashes } = await openShare(of, hospital, holder, parcel, seat)
        shares.push({ hospital, seat, share, hashes })
      }
    }
    return encodeShares({ round, salt: freshSalt(), vector, shares })
  }

  /**
   * Opens the sum from what the seats answered, and scores its parts where they were asked for products. Decides by the
   * answers alone, never by what this seat was given: every honest seat comes to the same.
   *
   * Accused is a seat whose answer cannot be read (see answerKey: then nobody can), or is not what its opened seeds give; a seat that opens
   * another share than it was given; a seat whose products do not add up; a hospital whose backups do not give its
   * seed, or whose claim of its masks in an audit is not what that seed gives.
   * @returns the sum, and scores in the set's order; or member indices in ascending order
   * @throws AppError aggregation.notOpened where this seat could not open the contribution of somebody in the set
   * @throws AppError masking.missingSeat, masking.tooFewShares: too few have answered
   * @throws AppError masking.outOfRange: somebody lied, and nobody knows who
   * @throws AppError masking.noOpenings for products in a study without differential privacy
   */
  async unmask(
    round: number,
    { seats, set }: MaskedCommittee,
    answers: MaskedAnswers,
    uplink: Uplink,
    work: Work,
  ): Promise<
    { readonly sum: BigInt64Array; readonly scores?: readonly number[] } | { readonly accused: readonly number[] }
  > {
    const { vector, size, blinds = 0, encoding } = uplink
    const of = this.#roundOf(round, seats, vector)
    const field = await loadField()
    const protection = this.#protection()
    if (answers.products !== undefined) checkProtection(protection)
    const hospitals = this.#given(round, set)
    const accuse = (wrong: readonly number[]) => wrong.map(seat => (seats[seat] as Member).index)
    const asked = answers.products && (await this.#readProducts(of, { seats, set }, answers.products, size))
    const { sums, seeds, accused, lacking } = await this.#openSeats(of, { seats, set }, answers, uplink, work)
    const unreadable = [...(asked ?? []).entries()].flatMap(([seat, answer]) => (answer === 'unreadable' ? [seat] : []))
    const wrong = new Set([...accused, ...accuse(unreadable)])
    if (wrong.size > 0) return { accused: [...wrong].sort((a, b) => a - b) }
    if (lacking !== undefined) throw lacking
    const summed = <T extends BigUint64Array>(vector: T) => vector.subarray(0, size - blinds)
    const sum = await openSum(
      field,
      of,
      encoding,
      hospitals.map(({ masked, weight }) => ({ masked: summed(masked), weight })),
      sums.map(one => one && summed(one)),
    )
    if (asked === undefined) return { sum }
    const products = asked.map(answer => (answer === 'unreadable' ? null : answer))
    const scored = { of, encoding, protection, hospitals, sum, masks: sums, seeds, products }
    const outcome = await scoreHospitals(field, scored, work)
    if ('scores' in outcome) return { sum, ...outcome }
    return { accused: accuse(outcome.accused).sort((a, b) => a - b) }
  }

  /**
   * The key of a seat's answer: like the model's, all who opened the set's contributions have it. Were answers wrapped
   * for each seat, one that lies could make its own readable to some, and have the others accuse it alone.
   * @throws AppError aggregation.notOpened
   */
  answerKey(
    round: number,
    set: readonly FrozenHospital[],
    kind: AnswerKind,
    by: Address = this.#study.self,
  ): Promise<Uint8Array> {
    return modelDataKey(this.salts(round, set), bindingOf(this.#study, round, kind, by))
  }

  /** The salts of the set's contributions, in its order. @throws AppError aggregation.notOpened */
  salts(round: number, set: readonly FrozenHospital[]): Uint8Array[] {
    return set.map(({ hospital }) => this.#get(round, hospital).salt)
  }

  forget(beforeRound: number): void {
    for (const round of [...this.#opened.keys()]) if (round < beforeRound) this.#opened.delete(round)
  }

  async #openParcel(
    of: MaskedRound,
    hospital: Address,
    seat: number,
    sealed: SealedBytes,
    commitments: Commitments,
  ): Promise<Parcel | null> {
    try {
      const bytes = await openBytes(sealed, parcelInfo(of, hospital, seat), this.#keys.encryption)
      return await openParcel(of, hospital, seat, bytes, commitments)
    } catch (error) {
      if (isAppError(error)) return null
      throw error
    }
  }

  /** The seeds that a seat answers for. @throws AppError aggregation.notOpened */
  #heldBy(of: MaskedRound, seat: number, set: readonly FrozenHospital[]): HeldSeed[] {
    return seedingAt(of, seat, set).map(({ hospital, weight }) => {
      const seed = this.#get(of.round, hospital).parcel?.seed ?? null
      if (seed === null) throw new AppError('aggregation.notOpened', { hospital })
      return { hospital, weight, seed }
    })
  }

  /** The set with what was opened of it. @throws AppError aggregation.notOpened */
  #given(round: number, set: readonly FrozenHospital[]): Given[] {
    return set.map(one => ({ ...one, ...this.#get(round, one.hospital) }))
  }

  /** Where the description says nothing of scores, nothing opens for them, whatever the chain asks for. */
  #protection(): Protection {
    const { privacy, masking } = this.#study.manifest
    return { differentialPrivacy: privacy !== undefined && masking?.scored === true }
  }

  /** What the sum that these answers open is scored by. */
  async #directions(
    of: MaskedRound,
    { seats, set }: MaskedCommittee,
    answers: MaskedAnswers,
    uplink: Uplink,
    work: Work,
  ): Promise<Int8Array[]> {
    const field = await loadField()
    const { sums } = await this.#openSeats(of, { seats, set }, answers, uplink, work)
    try {
      return await scoringDirections(field, await openSum(field, of, uplink.encoding, this.#given(of.round, set), sums))
    } catch (error) {
      if (!isAppError(error, 'masking.missingSeat') && !isAppError(error, 'masking.outOfRange')) throw error
      return noDirections(uplink.size)
    }
  }

  /**
   * The seats' sums: as they were posted, checked where their seeds were opened, and recomputed where none was posted.
   * @throws AppError aggregation.notOpened
   */
  async #openSeats(
    of: MaskedRound,
    { seats, set }: MaskedCommittee,
    { masks, shares, opening, claims = [] }: MaskedAnswers,
    { vector, size }: Uplink,
    work: Work,
  ): Promise<OpenedSeats> {
    const { round } = of
    const field = await loadField()
    const hospitals = this.#given(round, set)
    const posted = await this.#read(round, { seats, set }, masks, 'masks', size * 8 + plaintextOverhead, plaintext =>
      decodeMasks(plaintext, { round, vector, size }),
    )
    const mostShares = set.length * opening.length * bytesPerShare + plaintextOverhead
    const opened = await this.#read(round, { seats, set }, shares, 'shares', mostShares, plaintext =>
      decodeShares(plaintext, { round, vector, seats: seats.length }),
    )
    const accused = new Set<number>()
    const accuse = (seat: number) => accused.add((seats[seat] as Member).index)
    const sums = posted.map((answer, seat) => {
      if (answer === 'unreadable' || opened[seat] === 'unreadable') accuse(seat)
      return typeof answer === 'object' ? answer?.sum : undefined
    })
    const seeds = new Map<number, HeldSeed[]>()
    let lacking: AppError | undefined
    for (const seat of opening) {
      const held: HeldSeed[] = []
      const seeding = seedingAt(of, seat, hospitals)
      for (const one of seeding) {
        stopIfAborted(work)
        const good: OpenedShare[] = []
        for (const share of sharesFor(seat, one.hospital, opened)) {
          if (await isShareAsGiven(of, one.hospital, seat, share, one.commitments)) good.push(share)
          else accuse(share.holder)
        }
        if (good.length < of.threshold) {
          lacking = new AppError('masking.tooFewShares', { shares: good.length, needed: of.threshold })
          continue
        }
        try {
          const seed = await recoverSeed(of, one.hospital, seat, good, one.commitments)
          held.push({ hospital: one.hospital, weight: one.weight, seed })
          const claim = claims.find(({ member }) => member === one.index)
          if (claim !== undefined && one.directions !== null) {
            const products = await auditProducts(field, of, one.hospital, seat, seed, one.directions)
            if (!isSameList(products, claimsOf(claim, seat))) accused.add(one.index)
          }
        } catch (error) {
          if (!isAppError(error, 'masking.badSubmission')) throw error
          accused.add(one.index)
        }
      }
      if (held.length < seeding.length) continue
      seeds.set(seat, held)
      const sum = sums[seat]
      if (sum === undefined) sums[seat] = await maskSum(field, of, seat, held, size)
      else if ((await verifySum(field, of, seat, held, sum)) !== undefined) accuse(seat)
    }
    return { sums, seeds, accused, lacking }
  }

  /** By seat: its products, as many as it has seeds and there are directions. */
  async #readProducts(
    of: MaskedRound,
    { seats, set }: MaskedCommittee,
    blobs: readonly (Blob | null)[],
    size: number,
  ): Promise<Answer<Products>[]> {
    const { round, vector } = of
    const directions = 1 + directionsFor(size)
    const largest = set.length * directions * 8 + plaintextOverhead
    return this.#read(round, { seats, set }, blobs, 'products', largest, (plaintext, seat) => {
      const hospitals = seedingAt(of, seat, set).length
      return decodeProducts(plaintext, { round, vector: vector as MaskedVector, hospitals, directions }).products
    })
  }

  /** By seat: what is in its blob. */
  #read<T>(
    round: number,
    { seats, set }: MaskedCommittee,
    blobs: readonly (Blob | null)[],
    kind: AnswerKind,
    largest: number,
    decode: (plaintext: Uint8Array, seat: number) => T,
  ): Promise<Answer<T>[]> {
    return Promise.all(
      seats.map(async (by, seat): Promise<Answer<T>> => {
        const blob = blobs[seat] ?? null
        if (blob === null) return null
        const binding = bindingOf(this.#study, round, kind, by.address)
        const key = await this.answerKey(round, set, kind, by.address)
        const read = await ifSound(blob, largest, async () =>
          decode((await openWithKey(blob, binding, key, { by })).plaintext, seat),
        )
        return read ?? 'unreadable'
      }),
    )
  }

  #roundOf(round: number, seats: readonly Member[], vector: MaskedVector): MaskedRound {
    const { deployment, chainId, study } = this.#study.ref
    const addresses = seats.map(({ address }) => address)
    return { deployment, chainId, study, round, vector, seats: addresses, threshold: thresholdOf(seats.length) }
  }

  #ownSeat(seats: readonly Member[]): number {
    const seat = seats.findIndex(({ address }) => sameAddress(address, this.#study.self))
    if (seat < 0) throw new RangeError('no seat in this round')
    return seat
  }

  #get(round: number, hospital: Address): OpenedMasked {
    const opened = this.#opened.get(round)?.get(hospital.toLowerCase())
    if (opened === undefined) throw new AppError('aggregation.notOpened', { hospital })
    return opened
  }
}

/** What a parcel is sealed under: it opens for this seat, round and vector of this hospital only. No sealed blob has the same. */
export function parcelInfo(round: MaskedRound, hospital: Address, seat: number): Uint8Array {
  return encode({
    protocol: 'wardround/1',
    kind: 'parcel',
    deployment: round.deployment.toLowerCase(),
    chainId: round.chainId,
    study: round.study.toLowerCase(),
    round: round.round,
    vector: round.vector,
    sender: hospital.toLowerCase(),
    seat: (round.seats[seat] as Address).toLowerCase(),
  })
}

/** What was opened of a hospital's seed for a seat, one share from each holder. A seat holds none of its own seeds. */
function sharesFor(
  seat: number,
  hospital: Address,
  opened: readonly Answer<{ readonly shares: readonly SeatShare[] }>[],
): OpenedShare[] {
  return opened.flatMap((answer, holder) => {
    if (answer === null || answer === 'unreadable' || holder === seat) return []
    const found = answer.shares.find(share => share.seat === seat && sameAddress(share.hospital, hospital))
    return found === undefined ? [] : [{ holder, share: found.share, hashes: found.hashes }]
  })
}

function isSameList(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
