import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Seeds } from '../aggregation/masking/seeds.ts'
import type { Rows } from '../audit/engine/batch.ts'
import { WEIGHT_LIMIT } from '../audit/engine/shape.ts'
import { revealCommitment } from '../audit/game/beacon.ts'
import { gammasOf, orderOf, signsOf } from '../audit/game/roundDraws.ts'
import { commitOracle, type ExternalOracle } from '../audit/stark/commitment.ts'
import { inputsWithPins } from '../audit/stark/pins.ts'
import type { Columns } from '../audit/stark/trace.ts'
import type { Statement } from '../audit/stark/verify.ts'
import { DIRECTIONS } from '../audit/training/roundAir.ts'
import { BLINDS, type RoundShape } from '../audit/training/roundShape.ts'
import { afterColumns, dataColumns } from '../audit/training/roundTrace.ts'
import {
  encodeRoundData,
  type RoundData,
  type RoundPlan,
  startOf,
  trainRound,
} from '../audit/training/roundTraining.ts'
import {
  contextOf,
  dataLeaf,
  direction,
  elementsOf,
  type Gammas,
  phiOf,
  roundInputs,
  traceOf,
} from '../audit/training/statement.ts'
import { bytesToHex, concatBytes, hexToBytes, sameBytes } from '../crypto/bytes.ts'
import { studyDomain } from '../crypto/duty.ts'
import type { KeyOwner } from '../crypto/keys.ts'
import { mixSeeds } from '../data/seed.ts'
import { AppError } from '../errors/AppError.ts'
import type { Extension } from '../field/extension.ts'
import { MODULUS } from '../field/Field.ts'
import { subtract } from '../field/goldilocks.ts'
import { discreteGaussianSampler } from '../privacy/noise/fastGaussian.ts'
import { RandomWords } from '../privacy/noise/randomWords.ts'
import type { AuditAnswer, AuditQuestion, ProvenSubmission, ProvenUpdate, RoundDraw, Work } from '../rounds/ports.ts'
import { provenNoise, roundShapeOf } from '../study/proving.ts'
import { publicRandom, shuffled } from '../study/random.ts'
import { type Hex, sameHex } from '../study/types.ts'
import { addressSeed, report, type Study } from './hospitalStudy.ts'
import type { MaskedCheck } from './MaskedRounds.ts'
import type { ProvenPlaintext } from './plaintext.ts'
import type { ProofJob } from './proofJob.ts'
import type { ProofRecord, ProofRound, ProofStore } from './proofStore.ts'
import type { Prover } from './prover.ts'
import { fieldOf, orCancelled, roundAirOf } from './proving.ts'

/** What an audited hospital claims of its masks, by seat and direction. */
export type ClaimsOf = (seeds: Seeds, directions: readonly BigUint64Array[]) => Promise<readonly bigint[]>

/** A round that was trained, and what has to be kept of it until it is proven or no longer asked for. */
export interface ProvenTraining {
  /** What the weights moved by, Q32. */
  readonly change: BigInt64Array<ArrayBuffer>
  readonly kept: Omit<ProofRound, 'seeds'>
}

const NO_BLINDS = new BigUint64Array()
/** Fingerprints under the gammas of one more would say something of the update that blinds them. */
const MOST_PROOFS_OF_A_ROUND = BLINDS / DIRECTIONS
const random = new RandomWords()

/**
 * A proven study at one hospital: its patients as they are pinned, rounds in exact integers, and proofs of them; and as a seat what it
 * checks of the others' rounds. What hides patients in proofs never leaves it.
 */
export class ProvenRounds {
  readonly #study: Study
  readonly #store: ProofStore
  readonly #prover: Prover
  readonly #shape: RoundShape
  /** As it is stored. */
  #record: ProofRecord | undefined
  /** The patients as they were committed to last: that takes seconds. */
  #pinned: { readonly rows: Rows; readonly secret: Uint8Array; readonly oracle: ExternalOracle } | undefined

  constructor(study: Study, store: ProofStore, prover: Prover) {
    this.#study = study
    this.#store = store
    this.#prover = prover
    this.#shape = roundShapeOf(study.manifest)
  }

  /**
   * Commits to the patients with the noise of all rounds, which is drawn on the first call.
   * @returns the leaf that the chain pins: the same for the same patients
   * @throws AppError training.cancelled, journal.failed
   * @throws AppError proving.lost where other patients were trained on before
   */
  async prepare(rows: Rows, work: Work): Promise<Hex> {
    const patients = this.#digestOf(rows)
    const known = await this.#load()
    const isKnown = known !== undefined && sameBytes(known.patients, patients)
    if (known !== undefined && !isKnown && known.rounds.length > 0) throw lost()
    const record = isKnown ? known : await this.#save(this.#fresh(patients))
    const { root, pin } = await this.#pin(record, rows, work)
    return dataLeaf(root, pin)
  }

  /**
   * Trains a round as it was drawn. Nothing is kept yet: see keep.
   * @param shared parameters that everybody starts from
   * @throws AppError training.cancelled, training.diverged, journal.failed
   * @throws AppError proving.lost where nothing was prepared here, or other patients were
   * @throws AppError proving.noiseUsed where the noise hid another update before, or the round was trained with other noise: nobody
   * may have two for the one that the patients' privacy is charged
   */
  async train(round: number, shared: Float32Array, rows: Rows, draw: RoundDraw, work: Work): Promise<ProvenTraining> {
    const record = await this.#keptOf(rows)
    const start = startOf(shared)
    if (!start.every(isWeight)) throw new AppError('training.diverged')
    const { contribution, member } = draw
    const seed = hexToBytes(draw.seed)
    const isSame = (one: ProofRound) => isDrawn(one, round, draw) && one.start.every((w, i) => w === start[i])
    const before = record.rounds.filter(one => one.round === round || one.contribution === contribution)
    if (this.#shape.noise !== null && !before.every(isSame)) throw new AppError('proving.noiseUsed')
    const weights = await this.#trained(record, rows, start, draw, work)
    const blinds = this.#shape.blinded
      ? BigUint64Array.from({ length: BLINDS }, () => random.below(MODULUS))
      : NO_BLINDS
    const afterKey = crypto.getRandomValues(new Uint8Array(32))
    const { root: after } = await this.#commitAfter(weights, blinds, afterKey, work)
    const change = weights.map((weight, i) => weight - start[i]!)
    return { change, kept: { round, seed, member, contribution, start, afterKey, after, blinds } }
  }

  /**
   * Keeps what the round's proof follows from: before anything of it leaves.
   * @param seeds of its masks, by seat; none where the study is not masked
   * @throws AppError journal.failed, proving.lost
   */
  async keep({ kept }: ProvenTraining, seeds: Seeds): Promise<void> {
    const record = await this.#kept()
    const rounds = record.rounds.filter(one => !isOf(one, kept.round, kept.contribution))
    await this.#save({ ...record, rounds: [...rounds, { ...kept, seeds }] })
  }

  /** What goes with a trained round's update: fresh bytes for the beacon, each time. */
  submission({ kept }: ProvenTraining): ProvenSubmission {
    const { ref, self } = this.#study
    const secret = crypto.getRandomValues(new Uint8Array(32))
    const where = { chainId: ref.chainId, contract: ref.study, study: ref.study, round: kept.round }
    return {
      trace: traceOf(kept.after, kept.start),
      promise: bytesToHex(revealCommitment(where, self, secret)),
      secret: bytesToHex(secret),
    }
  }

  /**
   * Whether an update that was opened is what its trace says, from these shared parameters on.
   * @throws AppError training.cancelled
   */
  async isUpdate(
    shared: Float32Array,
    { change, afterKey }: Pick<ProvenPlaintext, 'change' | 'afterKey'>,
    trace: Hex,
  ): Promise<boolean> {
    const start = startOf(shared)
    const weights = start.map((weight, i) => weight + change[i]!)
    if (!weights.every(isWeight)) return false
    const { root } = await this.#commitAfter(weights, NO_BLINDS, afterKey, {})
    return sameHex(traceOf(root, start), trace)
  }

  /** What a masked contribution must agree with, from these shared parameters on. */
  check(shared: Float32Array, { trace, member, answer }: ProvenUpdate): MaskedCheck {
    const start = startOf(shared)
    const isTrace = (after: Uint8Array) => sameHex(traceOf(after, start), trace)
    if (answer === undefined) return { isTrace, audit: null }
    const gammas = gammasOf(hexToBytes(answer.beacon), member)
    const directions = this.#directions(gammas)
    // The proof is of the weights after the round, and what is masked is their change.
    const before = phiOf(gammas, start, new BigUint64Array(BLINDS))
    const phi = answer.phi.map((value, i) => subtract(value % MODULUS, before[i]!))
    return { isTrace, audit: { claims: { phi, products: answer.products }, directions } }
  }

  /**
   * Proves a round that was trained here: the same bytes each time.
   * @throws AppError training.cancelled, journal.failed
   * @throws AppError proving.lost where what the proof follows from is not here any more
   * @throws AppError proving.spent where so many others were made that what hides patients and update is used up
   */
  async prove(
    round: number,
    { draw, beacon }: AuditQuestion,
    rows: Rows,
    claimsOf: ClaimsOf,
    work: Work,
  ): Promise<{ readonly answer: AuditAnswer; readonly proof: Uint8Array }> {
    const { ref, self } = this.#study
    const record = await this.#keptOf(rows)
    const { contribution } = draw
    const kept = record.rounds.find(one => isDrawn(one, round, draw))
    if (kept === undefined) throw lost()
    const { start, blinds, afterKey } = kept
    const plan = this.#planOf(draw)
    const weights = await this.#trained(record, rows, start, draw, work)
    const externals = [
      await this.#pin(record, rows, work),
      await this.#commitAfter(weights, blinds, afterKey, work),
    ] as const
    const [data, after] = externals
    // What was kept of it is no longer what it was trained by.
    if (!sameBytes(after.root, kept.after)) throw lost()
    const gammas = this.#shape.blinded ? gammasOf(hexToBytes(beacon), draw.member) : undefined
    const phi = gammas && phiOf(gammas, weights, blinds)
    const inputs = roundInputs(this.#shape, { start, plan, ...(gammas && phi && { gammas, phi }) })
    const products = gammas ? await claimsOf(kept.seeds, this.#directions(gammas)) : []
    const context = { domainSeparator: studyDomain(ref), hospital: self, round, contribution, products }
    const statement = {
      context: contextOf(context),
      inputs: inputsWithPins(inputs, externals),
      roots: externals.map(({ root }) => root),
    }
    const job: ProofJob = {
      ...{ shape: this.#shape, data: this.#dataOf(record, rows), plan, start, blinds, externals, statement },
      ...(gammas && { gammas }),
      maskKey: record.secret,
    }
    await this.#count(statement)
    const proof = await this.#prover(job, work)
    const answer: AuditAnswer = {
      data: bytesToHex(data.root),
      pin: data.pin,
      afterRoot: bytesToHex(after.root),
      start: elementsOf(start),
      phi: phi ?? [0n, 0n],
      products,
    }
    return { answer, proof }
  }

  /** Bytes that are stored. @throws AppError journal.failed */
  bytes(): Promise<number> {
    return this.#store.bytes(this.#owner)
  }

  /** Removes all of it. @throws AppError journal.failed */
  async clear(): Promise<void> {
    await this.#store.clear(this.#owner)
    this.#record = undefined
    this.#pinned = undefined
  }

  get #owner(): KeyOwner {
    const { ref, self } = this.#study
    return { deployment: ref.deployment, study: ref.study, address: self }
  }

  async #load(): Promise<ProofRecord | undefined> {
    this.#record ??= await this.#store.load(this.#owner)
    return this.#record
  }

  async #save(record: ProofRecord): Promise<ProofRecord> {
    await this.#store.save(this.#owner, record)
    this.#record = record
    return record
  }

  async #kept(): Promise<ProofRecord> {
    const record = await this.#load()
    if (record === undefined) throw lost()
    return record
  }

  /** @throws AppError proving.lost where nothing is kept of these patients */
  async #keptOf(rows: Rows): Promise<ProofRecord> {
    const record = await this.#kept()
    if (!sameBytes(record.patients, this.#digestOf(rows))) throw lost()
    return record
  }

  /**
   * Keeps that a statement is proven, before it is: whoever answers for the chain may ask for any number of them.
   * @throws AppError proving.spent, journal.failed
   */
  async #count({ context, inputs, roots }: Statement): Promise<void> {
    const record = await this.#kept()
    const after = roots[1]!
    const statement = keccak_256(concatBytes(context, ...roots, new TextEncoder().encode(inputs.join())))
    if (record.proven.some(one => sameBytes(one.statement, statement))) return
    const ofRound = record.proven.filter(one => sameBytes(one.after, after))
    if (record.proven.length >= this.#shape.contributions || ofRound.length >= MOST_PROOFS_OF_A_ROUND) {
      throw new AppError('proving.spent')
    }
    await this.#save({ ...record, proven: [...record.proven, { after, statement }] })
  }

  #fresh(patients: Uint8Array): ProofRecord {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    return { secret, noise: this.#drawNoise(), patients, rounds: [], proven: [] }
  }

  /** Of the patients as they are committed to, and of the study, which says how much noise hides them. */
  #digestOf(rows: Rows): Uint8Array {
    const digest = keccak_256.create().update(this.#study.hash)
    for (const { inputs, targets, present } of encodeRoundData(this.#shape, this.#registered(rows))) {
      for (const { buffer } of [inputs, targets, present]) digest.update(new Uint8Array(buffer))
    }
    return digest.digest()
  }

  #drawNoise(): BigInt64Array<ArrayBuffer> | null {
    const { privacy } = this.#study.manifest
    if (privacy === undefined) return null
    const { sigma, bits } = provenNoise(privacy)
    const sample = discreteGaussianSampler(sigma)
    const { contributions, steps, inputs } = this.#shape
    const noise = new BigInt64Array(contributions * steps * inputs)
    for (let i = 0; i < noise.length; i++) {
      let number = sample()
      while (number < -(2 ** bits) || number >= 2 ** bits) number = sample()
      noise[i] = BigInt(number)
    }
    return noise
  }

  #dataOf({ noise }: ProofRecord, rows: Rows): RoundData {
    const { contributions, steps, inputs } = this.#shape
    const numbersOf = (c: number, j: number) => {
      const first = (c * steps + j) * inputs
      return (noise as BigInt64Array).slice(first, first + inputs)
    }
    return {
      batches: encodeRoundData(this.#shape, this.#registered(rows)),
      noise: Array.from({ length: noise === null ? 0 : contributions }, (_, c) =>
        Array.from({ length: steps }, (_, j) => numbersOf(c, j)),
      ),
    }
  }

  /** In an order that has nothing to do with who they are: the last of them are never learned from. */
  #registered({ inputs, labels, count }: Rows): Rows {
    const { manifest, self } = this.#study
    const order = shuffled(publicRandom(mixSeeds(manifest.seed, -4, addressSeed(self))), count)
    const width = inputs.length / count
    const sorted = { inputs: new Float32Array(inputs.length), labels: new Int32Array(count), count }
    for (const [to, from] of order.entries()) {
      sorted.inputs.set(inputs.subarray(from * width, (from + 1) * width), to * width)
      sorted.labels[to] = labels[from]!
    }
    return sorted
  }

  #planOf({ seed, member, contribution }: RoundDraw): RoundPlan {
    const { steps } = this.#shape
    const bytes = hexToBytes(seed)
    return { order: orderOf(bytes, member, steps), signs: signsOf(bytes, member, steps), contribution }
  }

  #directions(gammas: Gammas): readonly BigUint64Array[] {
    return gammas.map(gamma => direction(gamma, this.#shape.inputs + BLINDS))
  }

  #trained(record: ProofRecord, rows: Rows, start: BigInt64Array, draw: RoundDraw, work: Work) {
    const total = this.#shape.steps
    return orCancelled(work, () =>
      trainRound(this.#shape, start, this.#dataOf(record, rows), this.#planOf(draw), {
        ...(work.signal && { signal: work.signal }),
        onStep: done => report(work, { stage: 'train', done, total }),
      }),
    )
  }

  async #pin(record: ProofRecord, rows: Rows, work: Work): Promise<ExternalOracle & { readonly pin: Extension }> {
    if (this.#pinned?.rows !== rows || this.#pinned.secret !== record.secret) {
      const round = roundAirOf(this.#shape)
      const oracle = await this.#commit('data', dataColumns(round, this.#dataOf(record, rows)), record.secret, work)
      this.#pinned = { rows, secret: record.secret, oracle }
    }
    const { oracle } = this.#pinned
    if (oracle.pin === undefined) throw new TypeError('data without a pin')
    return { ...oracle, pin: oracle.pin }
  }

  #commitAfter(weights: BigInt64Array, blinds: BigUint64Array, key: Uint8Array, work: Work): Promise<ExternalOracle> {
    return this.#commit('after', afterColumns(roundAirOf(this.#shape), weights, blinds), key, work)
  }

  #commit(oracle: string, columns: Columns, maskKey: Uint8Array, work: Work): Promise<ExternalOracle> {
    const round = roundAirOf(this.#shape)
    return orCancelled(work, async () =>
      commitOracle(await fieldOf(round), round.air, oracle, columns, {
        maskKey,
        signal: work.signal,
        onProgress: (done, total) => report(work, { stage: 'commit', done, total }),
      }),
    )
  }
}

function isOf(one: ProofRound, round: number, contribution: number): boolean {
  return one.round === round && one.contribution === contribution
}

/** Whether it was trained as it was drawn. */
function isDrawn(one: ProofRound, round: number, { seed, member, contribution }: RoundDraw): boolean {
  return isOf(one, round, contribution) && one.member === member && sameBytes(one.seed, hexToBytes(seed))
}

function isWeight(value: bigint): boolean {
  return value >= -WEIGHT_LIMIT && value < WEIGHT_LIMIT
}

function lost(): AppError {
  return new AppError('proving.lost')
}
