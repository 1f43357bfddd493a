import { alignmentScores } from '../aggregation/alignment.ts'
import { averageUpdates, type WeightedUpdate } from '../aggregation/average.ts'
import { owedAfter } from '../aggregation/compression/errorFeedback.ts'
import { decodeMean, encodeUpdate as encodeElements, toElements, toIntegers } from '../aggregation/masking/encoding.ts'
import type { Seeds } from '../aggregation/masking/seeds.ts'
import {
  aggregateStatistics,
  columnEncoding,
  encodeColumnSums,
  standardisationOfSums,
} from '../aggregation/statistics.ts'
import { weightOf } from '../aggregation/weights.ts'
import { BLINDS } from '../audit/training/roundShape.ts'
import type { Binding } from '../crypto/binding.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { open, openChange, readHeader, type SealOptions, seal, sealAgain } from '../crypto/envelope.ts'
import type { HospitalKeys } from '../crypto/keys.ts'
import type { Dataset } from '../data/dataset.ts'
import type { Encoded } from '../data/encode.ts'
import type { ColumnMapping } from '../data/mapping.ts'
import { type ColumnRange, columnRanges, rangedStatisticsOf, statisticsOf } from '../data/statistics.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type {
  AuditAnswer,
  AuditQuestion,
  Blob,
  HeldOutEvaluation,
  MaskedAnswers,
  MaskedCommittee,
  MaskedOutcome,
  Member,
  ProvenUpdate,
  RoundDraw,
  Sealed,
  SealedModel,
  StudyRef,
  TrainingPort,
  WithLocal,
  Work,
} from '../rounds/ports.ts'
import { blobLimits } from '../storage/blocks.ts'
import { sharedPart } from '../study/layout.ts'
import type { Manifest } from '../study/manifest.ts'
import { type Address, type Hex, type LocalOnly, sameAddress } from '../study/types.ts'
import { AloneBaseline } from './AloneBaseline.ts'
import type { Engine } from './engine.ts'
import {
  type Base,
  bindingOf,
  encodingOf,
  examplesOf,
  firstBase,
  isSameStudy,
  joined,
  openStudy,
  type Parts,
  patientsOf,
  publicScale,
  report,
  type Study,
  stopIfAborted,
} from './hospitalStudy.ts'
import { evaluationsOf, type HeldOut, LocalUse } from './LocalUse.ts'
import { MaskedRounds, type Uplink } from './MaskedRounds.ts'
import { logLoss, majorityClass } from './metrics.ts'
import type { ModelUse, NamedFile, Version } from './modelUse.ts'
import { type OpenedUpdate, OpenedUpdates } from './OpenedUpdates.ts'
import { type ClaimsOf, ProvenRounds } from './ProvenRounds.ts'
import {
  decodeChange,
  decodeModel,
  encodeChange,
  encodeModel,
  encodeProven,
  encodeRewraps,
  encodeStatistics,
  encodeUpdate,
  freshSalt,
  type MaskedVector,
  modelDataKey,
  modelIv,
} from './plaintext.ts'
import { memoryProofStore, type ProofStore } from './proofStore.ts'
import { type Prover, proveHere } from './prover.ts'
import { memoryResidualStore, type ResidualStore } from './residualStore.ts'
import { SiteModel } from './SiteModel.ts'
import { Sparsifier } from './Sparsifier.ts'
import type { FilePredictions, LayersModelFile, PatientInput, Prediction, ResultDetails } from './screen.ts'

export type { HeldOut } from './LocalUse.ts'

/** With fewer validation patients than this, a seat also scores the others' updates on its training rows: see score. */
const enoughToScore = 200
/** Losses below this, in nats, are as good as certain; a gain relative to less would be noise. */
const smallestLoss = 0.1
const largestGain = 10_000

export interface HospitalTrainerOptions {
  readonly keys: HospitalKeys
  readonly createEngine: () => Promise<Engine>
  /** Stays in here: nothing returned holds a row. */
  readonly dataset: Dataset
  /** Where a study that compresses keeps what is not sent yet; else it goes with the trainer. */
  readonly residuals?: ResidualStore
  /** Where a proven study keeps what its proofs are made from; else it goes with the trainer. */
  readonly proofs?: ProofStore
  /** What proves; default in this thread. */
  readonly prover?: Prover
}

/** All that belongs to one study at this hospital. */
interface Hospital {
  readonly study: Study
  readonly updates: OpenedUpdates
  readonly masked: MaskedRounds
  /** Null where the study is not proven. */
  readonly proven: ProvenRounds | null
  readonly sparsifier: Sparsifier
  readonly site: SiteModel
  readonly alone: AloneBaseline
  readonly use: LocalUse
  /** Other models of the study, by round, to be looked at. */
  readonly versions: Map<number, Base>
}

/**
 * One hospital's training, scoring and aggregation on its own patients: what the training worker runs, and what simulated
 * hospitals run in Node. Rows, gradients and opened updates never leave it.
 *
 * @example
 * const trainer = new HospitalTrainer({ keys, dataset, createEngine: () => createEngine('cpu') })
 * await trainer.configure(ref, manifest, self)
 * const sealed = await trainer.sealStatistics(1, seats)
 */
export class HospitalTrainer implements TrainingPort, ModelUse {
  readonly #options: HospitalTrainerOptions
  #engine: Promise<Engine> | undefined
  #hospital: Hospital | undefined
  #base: Base | undefined
  /** What the chain calls the base; null for one that is not on it. */
  #baseHash: Hex | null = null
  #examples: Parts<Encoded> | undefined
  readonly #spent = { train: 0, encrypt: 0, other: 0 }

  constructor(options: HospitalTrainerOptions) {
    this.#options = options
  }

  /**
   * @inheritdoc
   * @throws AppError study.badManifest, data.columnsDiffer, data.badCell, training.badInitial, training.noBackend
   */
  async configure(
    ref: StudyRef,
    manifest: Manifest,
    self: Address,
    initial?: Float32Array,
  ): Promise<{ readonly backend: string; readonly patients: LocalOnly<number> }> {
    const { dataset, keys } = this.#options
    const known = this.#hospital?.study
    if (known === undefined || !(await isSameStudy(known, ref, manifest))) {
      const study = await openStudy({ ref, manifest, self }, dataset, keys, initial)
      this.#hospital = this.#settle(study)
      this.#base = undefined
      this.#baseHash = null
      this.#examples = undefined
      if (!manifest.standardise) this.#setBase({ round: 0, ...firstBase(study, publicScale(manifest)) }, null)
    }
    const engine = await this.#startEngine()
    return { backend: engine.backend, patients: { localOnly: patientsOf(dataset) } }
  }

  /** @inheritdoc */
  async installModel(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<Blob | null> {
    if (blob.part === 'change') {
      const { next, whole } = await this.#followChange(round, modelHash, blob, members)
      this.#setBase(next, modelHash)
      return whole
    }
    this.#setBase(await this.#openModel(round, modelHash, blob, members), modelHash)
    return null
  }

  /** @inheritdoc @throws AppError training.noData where the study is not of tables */
  async sealStatistics(round: number, seats: readonly Member[], work: Work = {}): Promise<Sealed> {
    const { study } = this.#configured()
    if (study.tables === null) throw new AppError('training.noData')
    const { matrix } = study.tables.train
    if (study.manifest.masking) {
      const elements = encodeColumnSums(rangedStatisticsOf(matrix, this.#ranges(study)))
      return (await this.#sealMasked(round, 'statistics', elements, 1, seats, work)).sealed
    }
    const statistics = statisticsOf(matrix, study.width)
    const plaintext = encodeStatistics({ round, salt: freshSalt(), ...statistics })
    return this.#seal(study, round, 'statistics', plaintext, seats, work)
  }

  /** @inheritdoc @throws AppError training.cancelled, journal.failed, proving.lost */
  async prepareData(work: Work = {}): Promise<Hex> {
    const { train } = this.#parts()
    return this.#timed('other', () => this.#provenRounds().prepare(train, work))
  }

  /**
   * @inheritdoc
   * @throws AppError training.noModel, training.diverged, training.cancelled, journal.failed, proving.lost, proving.noiseUsed
   */
  async trainAndSeal(round: number, seats: readonly Member[], work: Work = {}, draw?: RoundDraw): Promise<Sealed> {
    const { study, sparsifier, site, alone, use, proven } = this.#configured()
    if (proven !== null) return this.#trainProven(proven, round, seats, work, draw)
    const base = this.#baseOf(round)
    const { train } = this.#parts()
    const start = await sparsifier.startFrom(base, train)
    const since = performance.now()
    const trained = await this.#timed('train', () => site.train(round, start, train, work))
    alone.expect(performance.now() - since)
    use.trained()
    const owed = owedAfter(base.shared, sharedPart(study.layout, trained))
    const vector = sparsifier.selected(base, owed)
    const weight = weightOf(train.count, study.manifest.patientsPerWeight)
    if (study.manifest.masking) {
      const encoding = encodingOf(study.manifest)
      const elements = encodeElements(vector, encoding)
      const sent = Float32Array.from(decodeMean(toIntegers(elements), encoding, 1))
      await sparsifier.keep(round, base, train, owed, sent)
      return (await this.#sealMasked(round, 'update', elements, weight, seats, work)).sealed
    }
    await sparsifier.keep(round, base, train, owed, vector)
    return this.#seal(study, round, 'update', encodeUpdate({ round, salt: freshSalt(), weight, vector }), seats, work)
  }

  async #trainProven(
    proven: ProvenRounds,
    round: number,
    seats: readonly Member[],
    work: Work,
    draw: RoundDraw | undefined,
  ): Promise<Sealed> {
    const { study, alone, use } = this.#configured()
    if (draw === undefined) throw new RangeError('a proven round is trained as it was drawn')
    const { shared } = this.#baseOf(round)
    const { train } = this.#parts()
    const since = performance.now()
    const trained = await this.#timed('train', () => proven.train(round, shared, train, draw, work))
    alone.expect(performance.now() - since)
    use.trained()
    const { change, kept } = trained
    const weight = weightOf(train.count, study.manifest.patientsPerWeight)
    const submission = proven.submission(trained)
    if (study.manifest.masking) {
      const elements = BigUint64Array.of(...toElements(change), ...kept.blinds)
      const { sealed, seeds } = await this.#sealMasked(round, 'update', elements, weight, seats, work, kept.after)
      await proven.keep(trained, seeds)
      return { ...sealed, proven: submission }
    }
    const plaintext = encodeProven({ round, salt: freshSalt(), weight, change, afterKey: kept.afterKey })
    const sealed = await this.#seal(study, round, 'update', plaintext, seats, work)
    await proven.keep(trained, [])
    return { ...sealed, proven: submission }
  }

  /** @inheritdoc @throws AppError training.cancelled, journal.failed, proving.lost, proving.spent */
  async proveRound(
    round: number,
    seats: readonly Member[],
    question: AuditQuestion,
    work: Work = {},
  ): Promise<{ readonly answer: AuditAnswer; readonly proof: Uint8Array }> {
    const { masked } = this.#configured()
    const { train } = this.#parts()
    const claims: ClaimsOf = (seeds, directions) => masked.claims(round, seats, seeds, directions)
    return this.#timed('other', () => this.#provenRounds().prove(round, question, train, claims, work))
  }

  /** @inheritdoc @throws AppError training.noModel in proven studies */
  async open(
    round: number,
    member: Member,
    blob: Blob,
    commitment: Hex | null,
    work: Work = {},
    said?: ProvenUpdate,
  ): Promise<boolean> {
    const { updates, proven } = this.#configured()
    if (proven !== null && said === undefined) return false
    // What a trace starts from.
    if (proven !== null) this.#baseOf(round)
    const expected = { expected: this.#expected(), trace: said?.trace }
    const isOpen = await this.#timed('encrypt', () => updates.open(round, member, blob, commitment, expected))
    report(work, { stage: 'open', done: 1, total: 1 })
    return isOpen
  }

  /** @inheritdoc */
  async openRewrapped(round: number, member: Member, blob: Blob, rewraps: Blob, by: Member): Promise<boolean> {
    const { updates } = this.#configured()
    const expected = this.#expected()
    return this.#timed('encrypt', () => updates.openRewrapped(round, member, blob, { rewraps, by, expected }))
  }

  /** @inheritdoc @throws AppError aggregation.notOpened */
  async sealRewraps(
    round: number,
    missing: readonly { readonly update: Member; readonly seat: Member }[],
  ): Promise<Sealed> {
    const { study, updates } = this.#configured()
    const rewraps = await updates.rewrap(round, missing)
    const seats = missing
      .map(({ seat }) => seat)
      .filter((seat, i, all) => all.findIndex(s => s.index === seat.index) === i)
    return this.#seal(study, round, 'rewraps', encodeRewraps(round, freshSalt(), rewraps), seats, {})
  }

  /**
   * @inheritdoc
   *
   * A candidate is the base plus one hospital's difference, with this site's own part fitted again for it: what counts is
   * how well it ranks this hospital's patients, not how far off its intercept is. The gain is relative to the base's loss.
   * A small hospital's few validation patients would say little, so there the training rows are added: the others' updates
   * never saw them. (A hospital's score of its own update uses its validation patients; the contract ignores it.)
   *
   * With differential privacy no seat tries anything on its patients: see alignmentScores.
   */
  async score(round: number, members: readonly Member[], work: Work = {}): Promise<readonly (number | null)[]> {
    const { study, sparsifier, site, updates } = this.#configured()
    if (study.manifest.privacy) {
      const scores = this.#alignment(updates, round, members)
      report(work, { stage: 'score', done: members.length, total: members.length })
      return scores
    }
    const base = this.#baseOf(round)
    const { train, validation } = this.#parts()
    const others = validation.count >= enoughToScore ? validation : joined(train, validation)
    const own = validation.count > 0 ? validation : train
    return this.#timed('other', async () => {
      const losses = new Map<Encoded, number>()
      const lossOf = async (shared: Float32Array, rows: Encoded) => {
        const parameters = await site.forUse(shared, train, work)
        return logLoss(await site.predict(parameters, rows, work), rows.labels, study.layout.outputs)
      }
      const scores: (number | null)[] = []
      for (const member of members) {
        const content = updates.find(round, member)?.content
        if (content?.kind !== 'update') {
          scores.push(null)
        } else {
          const rows = sameAddress(member.address, study.self) ? own : others
          const before = losses.get(rows) ?? (await lossOf(base.shared, rows))
          losses.set(rows, before)
          const after = await lossOf(this.#moved(sparsifier, base, content.vector), rows)
          const gain = Math.round((largestGain * (before - after)) / Math.max(before, smallestLoss))
          // A candidate that overflows to no number at all is as bad as can be.
          scores.push(Number.isFinite(gain) ? Math.min(largestGain, Math.max(-largestGain, gain)) : -largestGain)
        }
        report(work, { stage: 'score', done: scores.length, total: members.length })
      }
      return scores
    })
  }

  #alignment(updates: OpenedUpdates, round: number, members: readonly Member[]): readonly (number | null)[] {
    return alignmentScores(
      members.map(member => {
        const content = updates.find(round, member)?.content
        return content?.kind === 'update' ? content.vector : null
      }),
    )
  }

  /** @inheritdoc @throws AppError aggregation.notOpened, aggregation.empty, aggregation.badUpdate, training.noModel */
  async aggregate(
    round: number,
    survivors: readonly Member[],
    members: readonly Member[],
    work: Work = {},
  ): Promise<SealedModel> {
    const { study, updates } = this.#configured()
    const ordered = [...survivors].sort((a, b) => a.index - b.index)
    const parts = ordered.map(member => ({ index: member.index, ...updates.get(round, member) }))
    if (parts.length === 0) throw new AppError('aggregation.empty')
    const next = await this.#timed('other', async () => this.#average(study, round, parts))
    stopIfAborted(work)
    report(work, { stage: 'aggregate', done: 1, total: 1 })
    const salts = parts.map(part => part.salt)
    return this.#sealModel(study, round, next, salts, members, work)
  }

  /** @inheritdoc @throws AppError training.noModel in proven studies */
  async openMasked(
    round: number,
    seats: readonly Member[],
    member: Member,
    blob: Blob,
    commitment: Hex | null,
    work: Work = {},
    said?: ProvenUpdate,
  ): Promise<boolean> {
    const { masked, proven } = this.#configured()
    if (proven !== null && said === undefined) return false
    const uplink = this.#uplink()
    const check = said && proven?.check(this.#baseOf(round).shared, said)
    const isOpen = await this.#timed('encrypt', () =>
      masked.open(round, seats, member, { blob, commitment }, uplink, check),
    )
    report(work, { stage: 'open', done: 1, total: 1 })
    return isOpen
  }

  /** @inheritdoc */
  async sealMasks(round: number, committee: MaskedCommittee, work: Work = {}): Promise<Sealed> {
    const { study, masked } = this.#configured()
    const plaintext = await this.#timed('encrypt', () => masked.masks(round, committee, this.#uplink()))
    const dataKey = await masked.answerKey(round, committee.set, 'masks')
    return this.#seal(study, round, 'masks', plaintext, [], work, { dataKey })
  }

  /** @inheritdoc @throws AppError aggregation.notOpened */
  async sealShares(
    round: number,
    committee: MaskedCommittee,
    opening: readonly number[],
    work: Work = {},
  ): Promise<Sealed> {
    const { study, masked } = this.#configured()
    const { vector } = this.#uplink()
    const plaintext = await this.#timed('encrypt', () => masked.shares(round, committee, opening, vector))
    const dataKey = await masked.answerKey(round, committee.set, 'shares')
    return this.#seal(study, round, 'shares', plaintext, [], work, { dataKey })
  }

  /** @inheritdoc @throws AppError aggregation.notOpened, masking.noOpenings */
  async sealProducts(
    round: number,
    committee: MaskedCommittee,
    answers: MaskedAnswers,
    work: Work = {},
  ): Promise<Sealed> {
    const { study, masked } = this.#configured()
    const plaintext = await this.#timed('encrypt', () =>
      masked.products(round, committee, answers, this.#uplink(), work),
    )
    const dataKey = await masked.answerKey(round, committee.set, 'products')
    return this.#seal(study, round, 'products', plaintext, [], work, { dataKey })
  }

  /**
   * @inheritdoc
   * @throws AppError aggregation.notOpened, masking.missingSeat, masking.tooFewShares, masking.noOpenings,
   * training.noModel, training.cancelled
   */
  async aggregateMasked(
    round: number,
    committee: MaskedCommittee,
    answers: MaskedAnswers,
    members: readonly Member[],
    work: Work = {},
  ): Promise<MaskedOutcome> {
    const { study, masked } = this.#configured()
    const { set } = committee
    const uplink = this.#uplink()
    try {
      const opened = await this.#timed('encrypt', () => masked.unmask(round, committee, answers, uplink, work))
      stopIfAborted(work)
      if ('accused' in opened) return opened
      const totalWeight = set.reduce((sum, { weight }) => sum + weight, 0)
      const next = this.#nextBase(study, round, uplink, opened.sum, totalWeight)
      report(work, { stage: 'aggregate', done: 1, total: 1 })
      const model = await this.#sealModel(study, round, next, masked.salts(round, set), members, work)
      return { model, ...(opened.scores && { scores: opened.scores }) }
    } catch (error) {
      if (isAppError(error, 'masking.outOfRange')) return { accused: [] }
      throw error
    }
  }

  async #sealModel(
    study: Study,
    round: number,
    next: Omit<Base, 'round'>,
    salts: readonly Uint8Array[],
    members: readonly Member[],
    work: Work,
  ): Promise<SealedModel> {
    const plaintext = modelBytes(study, { round, ...next })
    const change = this.#changeTo({ round, ...next })
    const binding = bindingOf(study, round, 'model')
    const dataKey = await modelDataKey(salts, binding)
    const sealed = await this.#seal(study, round, 'model', plaintext, members, work, {
      dataKey,
      iv: modelIv,
      ...(change !== null && fitsBeside(plaintext, change.plaintext) && { change }),
    })
    return { blob: sealed.blob, digest: sealed.digest, modelHash: sealed.commitment }
  }

  /** What a round changed in its base; null where that is all of it, or where the base is none that the chain names. */
  #changeTo({ round, trained, shared }: Base): NonNullable<SealOptions['change']> | null {
    const { study, sparsifier } = this.#configured()
    const [base, hash] = [this.#base, this.#baseHash]
    if (base === undefined || hash === null || sparsifier.length === study.layout.sharedSize) return null
    const values = sparsifier.selected(base, shared)
    return { base: hash, plaintext: encodeChange({ study: study.ref.study, round, trained, values }) }
  }

  /** @inheritdoc @throws AppError training.noModel, training.cancelled */
  async evaluate(options: { readonly withLocal: WithLocal }, work: Work = {}): Promise<LocalOnly<HeldOutEvaluation>> {
    const heldOut = (await this.predictHeldOut(options, work)).localOnly
    const { labels } = heldOut
    const majority = majorityClass(this.#parts().train.labels)
    const majorityAccuracy = labels.filter(label => label === majority).length / labels.length
    return { localOnly: { ...evaluationsOf(heldOut), majorityAccuracy } }
  }

  /** The probabilities behind evaluate. @throws AppError training.noModel, training.cancelled */
  async predictHeldOut(options: { readonly withLocal: WithLocal }, work: Work = {}): Promise<LocalOnly<HeldOut>> {
    const { use } = this.#configured()
    const base = this.#version(null)
    return { localOnly: await this.#timed('other', () => use.heldOut(base, options.withLocal, work)) }
  }

  /** @inheritdoc */
  async loadVersion(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<number> {
    this.#configured().versions.set(round, await this.#openModel(round, modelHash, blob, members))
    return round
  }

  /** @inheritdoc */
  async details(
    { version, withLocal }: { readonly version: Version; readonly withLocal: WithLocal },
    work: Work = {},
  ): Promise<LocalOnly<ResultDetails>> {
    const { use } = this.#configured()
    return this.#timed('other', () => use.details(this.#version(version), withLocal, work))
  }

  /** @inheritdoc */
  async predict(input: PatientInput, version: Version): Promise<LocalOnly<Prediction>> {
    return this.#configured().use.predict(this.#version(version), input)
  }

  /** @inheritdoc */
  async predictCsv(
    file: NamedFile,
    mapping: ColumnMapping | null,
    version: Version,
    work: Work = {},
  ): Promise<LocalOnly<FilePredictions>> {
    return this.#configured().use.predictCsv(this.#version(version), file, mapping, work)
  }

  /** @inheritdoc */
  async exportModel(version: Version): Promise<LocalOnly<LayersModelFile>> {
    return this.#configured().use.exportModel(this.#version(version))
  }

  /** @inheritdoc */
  async spent(): Promise<{ readonly train: number; readonly encrypt: number; readonly other: number }> {
    return { ...this.#spent }
  }

  /** @inheritdoc */
  async forget(beforeRound: number): Promise<void> {
    this.#hospital?.updates.forget(beforeRound)
    this.#hospital?.masked.forget(beforeRound)
  }

  /** @inheritdoc @throws AppError journal.failed */
  async proofStorage(): Promise<{ readonly bytes: number }> {
    return { bytes: (await this.#configured().proven?.bytes()) ?? 0 }
  }

  /** @inheritdoc @throws AppError journal.failed */
  async clearProofs(): Promise<void> {
    await this.#configured().proven?.clear()
  }

  #settle(study: Study): Hospital {
    const { dataset, keys, residuals = memoryResidualStore(), proofs = memoryProofStore(), prover } = this.#options
    const startEngine = () => this.#startEngine()
    const site = new SiteModel(study, startEngine)
    const alone = new AloneBaseline(study, startEngine)
    const use = new LocalUse({ study, dataset, site, alone, parts: () => this.#parts() })
    const proven = study.manifest.proving ? new ProvenRounds(study, proofs, prover ?? proveHere) : null
    const updates = new OpenedUpdates(study, keys, (round, trace, update) =>
      this.#provenRounds().isUpdate(this.#baseOf(round).shared, update, trace),
    )
    const sparsifier = new Sparsifier(study, residuals)
    const masked = new MaskedRounds(study, keys)
    return { study, site, alone, use, updates, masked, proven, sparsifier, versions: new Map() }
  }

  /** The model that a change makes of the installed one, bit for bit what the seats have, and the whole blob of it. */
  async #followChange(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]) {
    const { study, sparsifier } = this.#configured()
    const [base, hash] = [this.#baseOf(round), this.#baseHash]
    if (hash === null) throw new AppError('training.noModel', { round })
    const by = sealerOf(blob, members)
    const binding = bindingOf(study, round, 'model')
    return this.#timed('encrypt', async () => {
      const { plaintext, dataKey } = await openChange(blob, binding, hash, study.self, this.#options.keys, {
        by,
        commitment: modelHash,
      })
      const trained = base.trained + 1
      const values = decodeChange(plaintext, { study: study.ref.study, round, trained, size: sparsifier.length })
      const next = { ...base, round, trained, shared: sparsifier.replaced(base, values) }
      const model = modelBytes(study, next)
      if ((await sha256Hex(model)) !== modelHash.toLowerCase()) throw new AppError('crypto.badCommitment')
      return { next, whole: await sealAgain(blob, binding, model, dataKey) }
    })
  }

  async #openModel(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<Base> {
    const { study } = this.#configured()
    const by = sealerOf(blob, members)
    const { plaintext } = await this.#timed('encrypt', () =>
      open(blob, bindingOf(study, round, 'model'), study.self, this.#options.keys, { by, commitment: modelHash }),
    )
    const { trained, vector, standardisation } = decodeModel(plaintext, {
      study: study.ref.study,
      round,
      manifest: study.hash,
      size: study.layout.sharedSize,
      width: study.manifest.standardise ? study.width : null,
    })
    return { round, trained, shared: vector, standardisation: standardisation ?? publicScale(study.manifest) }
  }

  #average(
    study: Study,
    round: number,
    parts: readonly (OpenedUpdate & { readonly index: number })[],
  ): Omit<Base, 'round'> {
    const statistics = parts.flatMap(({ index, content }) =>
      content.kind === 'statistics' ? [{ index, ...content.statistics }] : [],
    )
    if (statistics.length === parts.length) {
      const standardisation = aggregateStatistics(statistics, study.width)
      return firstBase(study, standardisation)
    }
    const updates: WeightedUpdate[] = parts.flatMap(({ index, content }) =>
      content.kind === 'update' ? [{ index, weight: content.weight, vector: content.vector }] : [],
    )
    if (updates.length !== parts.length) throw new AppError('aggregation.badUpdate')
    const base = this.#baseOf(round)
    const { sparsifier } = this.#configured()
    const shared = sparsifier.replaced(base, averageUpdates(sparsifier.selected(base, base.shared), updates))
    return { trained: base.trained + 1, shared, standardisation: base.standardisation }
  }

  async #sealMasked(
    round: number,
    vector: MaskedVector,
    elements: BigUint64Array,
    patientWeight: number,
    seats: readonly Member[],
    work: Work,
    after?: Uint8Array,
  ): Promise<{ readonly sealed: Sealed; readonly seeds: Seeds }> {
    const { study, masked } = this.#configured()
    stopIfAborted(work)
    const { plaintext, seeds } = await this.#timed('encrypt', () =>
      masked.contribute(round, seats, vector, elements, after),
    )
    return { sealed: { ...(await this.#seal(study, round, vector, plaintext, seats, work)), patientWeight }, seeds }
  }

  /** What this round's masked vectors are. */
  #uplink(): Uplink {
    const { study, sparsifier } = this.#configured()
    if (this.#expected() === 'statistics') {
      return { vector: 'statistics', size: 1 + 2 * study.width, encoding: columnEncoding }
    }
    const blinds = study.manifest.proving ? BLINDS : 0
    return { vector: 'update', size: sparsifier.length + blinds, blinds, encoding: encodingOf(study.manifest) }
  }

  /** An opened sum as the study's next model. @throws AppError masking.outOfRange, training.noModel */
  #nextBase(
    study: Study,
    round: number,
    { vector, encoding }: Uplink,
    sum: BigInt64Array,
    totalWeight: number,
  ): Omit<Base, 'round'> {
    if (vector === 'statistics') return firstBase(study, standardisationOfSums(sum, this.#ranges(study), totalWeight))
    const base = this.#baseOf(round)
    const shared = this.#moved(this.#configured().sparsifier, base, decodeMean(sum, encoding, totalWeight))
    return { trained: base.trained + 1, shared, standardisation: base.standardisation }
  }

  /** The base's shared parameters after an update as it was sent: added in float64, rounded once. */
  #moved(sparsifier: Sparsifier, base: Base, sent: Float32Array | Float64Array): Float32Array {
    const at = sparsifier.selected(base, base.shared)
    return sparsifier.replaced(
      base,
      at.map((value, i) => value + (sent[i] as number)),
    )
  }

  #ranges({ manifest }: Study): ColumnRange[] {
    if (manifest.schema.kind !== 'table') throw new AppError('training.noData')
    return columnRanges(manifest.schema)
  }

  async #seal(
    study: Study,
    round: number,
    kind: Binding['kind'],
    plaintext: Uint8Array,
    recipients: readonly Member[],
    work: Work,
    fixed: Pick<SealOptions, 'dataKey' | 'iv' | 'change'> = {},
  ): Promise<Sealed> {
    stopIfAborted(work)
    const sealed = await this.#timed('encrypt', async () => {
      const commitment = await sha256Hex(plaintext)
      const { blob, digest } = await seal(
        plaintext,
        bindingOf(study, round, kind, study.self),
        recipients.map(member => ({ address: member.address, encryption: member.keys.encryption })),
        {
          by: study.self,
          sign: (ciphertext, signed) =>
            study.signer.sealedBlob(study.ref, { by: study.self, round, kind, ciphertext, commitment: signed }),
          commitment,
          ...fixed,
        },
      )
      return { blob, digest, commitment }
    })
    report(work, { stage: 'seal', done: 1, total: 1 })
    return sealed
  }

  /** A study that standardises begins with statistics; once it has a model, only updates count. */
  #expected(): 'statistics' | 'update' {
    return this.#base === undefined ? 'statistics' : 'update'
  }

  #setBase(base: Base, hash: Hex | null): void {
    this.#base = base
    this.#baseHash = hash
    // The study's standardisation never changes after round zero.
    this.#examples ??= examplesOf(this.#configured().study, this.#options.dataset, base.standardisation)
  }

  #baseOf(round: number): Base {
    if (this.#base === undefined || this.#base.round >= round) throw new AppError('training.noModel', { round })
    return this.#base
  }

  #version(version: Version): Base {
    const base = version === null ? this.#base : this.#configured().versions.get(version)
    if (base === undefined) throw new AppError('training.noModel', { round: version ?? 0 })
    return base
  }

  /** Standardised as the study does: known with its first model. */
  #parts(): Parts<Encoded> {
    if (this.#examples === undefined) throw new AppError('training.noModel', { round: 0 })
    return this.#examples
  }

  #provenRounds(): ProvenRounds {
    const { proven } = this.#configured()
    if (proven === null) throw new RangeError('the study is not proven')
    return proven
  }

  #configured(): Hospital {
    if (this.#hospital === undefined) throw new AppError('training.noData')
    return this.#hospital
  }

  #startEngine(): Promise<Engine> {
    this.#engine ??= this.#options.createEngine()
    return this.#engine
  }

  async #timed<T>(kind: 'train' | 'encrypt' | 'other', run: () => Promise<T>): Promise<T> {
    const since = performance.now()
    try {
      return await run()
    } finally {
      this.#spent[kind] += (performance.now() - since) / 1000
    }
  }
}

/** A model as every seat writes it. */
function modelBytes({ ref, hash, manifest }: Study, { round, trained, shared, standardisation }: Base): Uint8Array {
  return encodeModel({
    study: ref.study,
    round,
    trained,
    manifest: hash,
    vector: shared,
    // A scale of the manifest's own is in the manifest.
    standardisation: manifest.standardise ? standardisation : null,
  })
}

/** Whether a change fits into a model's blob. */
function fitsBeside(whole: Uint8Array, change: Uint8Array): boolean {
  return whole.length + change.length <= blobLimits.total - blobLimits.header
}

/** The seat that sealed a model. @throws AppError crypto.wrongBinding where it is no member */
function sealerOf(blob: Blob, members: readonly Member[]): Member {
  const { by } = readHeader(blob)
  const sealer = members.find(({ address }) => sameAddress(address, by))
  if (sealer === undefined) throw new AppError('crypto.wrongBinding', { what: 'sender' })
  return sealer
}
