import { averageUpdates, type WeightedUpdate } from '../aggregation/average.ts'
import { aggregateStatistics } from '../aggregation/statistics.ts'
import { weightOf } from '../aggregation/weights.ts'
import type { Binding } from '../crypto/binding.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { type BlobSigner, createDutySigner } from '../crypto/duty.ts'
import { type Opened, open, openWithKey, readHeader, seal, unwrapKey, wrapKey } from '../crypto/envelope.ts'
import type { HospitalKeys } from '../crypto/keys.ts'
import { type Dataset, isTable, type Row } from '../data/dataset.ts'
import {
  type Encoded,
  encodedWidth,
  encodeImages,
  encodeRows,
  type Standardisation,
  standardise,
} from '../data/encode.ts'
import { mixSeeds } from '../data/seed.ts'
import { type Statistics, statisticsOf } from '../data/statistics.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type {
  Blob,
  Evaluation,
  Member,
  Progress,
  Sealed,
  SealedModel,
  StudyRef,
  TrainingPort,
  Work,
} from '../rounds/ports.ts'
import { checkModel, initialParameters, type ParameterLayout, sharedPart, withShared } from '../study/layout.ts'
import type { Manifest } from '../study/manifest.ts'
import { type Address, type Hex, type LocalOnly, sameAddress } from '../study/types.ts'
import type { Engine } from './engine.ts'
import { fitIntercept } from './intercept.ts'
import { evaluation, logLoss, majorityClass } from './metrics.ts'
import {
  decodeModel,
  decodeRewraps,
  decodeStatistics,
  decodeUpdate,
  encodeModel,
  encodeRewraps,
  encodeStatistics,
  encodeUpdate,
  freshSalt,
  manifestHash,
  modelDataKey,
  modelIv,
  plaintextOverhead,
} from './plaintext.ts'

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
}

/** Predictions on this hospital's held-out patients. For this screen only. */
export interface HeldOut {
  readonly labels: Int32Array
  readonly outputs: number
  readonly federated: Float32Array
  readonly local: Float32Array | null
}

interface Parts<T> {
  readonly train: T
  readonly validation: T
  readonly test: T
}

interface Study {
  readonly ref: StudyRef
  readonly manifest: Manifest
  readonly hash: Uint8Array
  readonly self: Address
  readonly signer: BlobSigner
  readonly layout: ParameterLayout
  readonly width: number
  /** Not standardised; null for images. */
  readonly tables: Parts<{ readonly matrix: Float64Array; readonly labels: Int32Array }> | null
}

/** What this round's training starts from. */
interface Base {
  readonly round: number
  readonly trained: number
  readonly shared: Float32Array
  readonly standardisation: Standardisation | null
}

interface OpenedUpdate {
  readonly dataKey: Uint8Array
  readonly binding: Binding
  readonly salt: Uint8Array
  readonly content:
    | { readonly kind: 'statistics'; readonly statistics: Statistics }
    | { readonly kind: 'update'; readonly weight: number; readonly vector: Float32Array }
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
export class HospitalTrainer implements TrainingPort {
  readonly #options: HospitalTrainerOptions
  #engine: Promise<Engine> | undefined
  #study: Study | undefined
  #base: Base | undefined
  #examples: Parts<Encoded> | undefined
  /** All parameters after the last training: its site-local part is kept from round to round. */
  #own: Float32Array | undefined
  readonly #opened = new Map<number, Map<string, OpenedUpdate>>()
  readonly #commitments = new Map<number, Map<string, Hex>>()
  #alone: { readonly trained: number; readonly parameters: Float32Array } | undefined
  readonly #spent = { train: 0, encrypt: 0, other: 0 }

  constructor(options: HospitalTrainerOptions) {
    this.#options = options
  }

  /**
   * @inheritdoc
   * @throws AppError study.badManifest, data.columnsDiffer, data.badCell, training.noBackend
   */
  async configure(
    ref: StudyRef,
    manifest: Manifest,
    self: Address,
  ): Promise<{ readonly backend: string; readonly patients: LocalOnly<number> }> {
    const { dataset, keys } = this.#options
    const hash = await manifestHash(manifest)
    const known = this.#study
    const same =
      known !== undefined &&
      known.ref.deployment === ref.deployment &&
      sameAddress(known.ref.study, ref.study) &&
      known.hash.every((byte, i) => byte === hash[i])
    if (!same) {
      const tables = encodeParts(dataset, manifest)
      const width = encodedWidth(manifest.schema)
      const layout = checkModel(manifest.model, manifest.schema, width)
      this.#study = { ref, manifest, hash, self, signer: createDutySigner(keys.duty.privateKey), layout, width, tables }
      this.#base = undefined
      this.#examples = undefined
      this.#own = undefined
      this.#alone = undefined
      this.#opened.clear()
      this.#commitments.clear()
      if (!manifest.standardise) {
        this.#setBase({ round: 0, trained: 0, shared: initialShared(this.#study), standardisation: null })
      }
    }
    const engine = await this.#startEngine()
    return { backend: engine.backend, patients: { localOnly: patientsOf(dataset) } }
  }

  /** @inheritdoc */
  async installModel(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<void> {
    const study = this.#configured()
    const by = members.find(member => sameAddress(member.address, readHeader(blob).by))
    if (by === undefined) throw new AppError('crypto.wrongBinding', { what: 'sender' })
    const { plaintext } = await this.#timed('encrypt', () =>
      open(blob, bindingOf(study, round, 'model'), study.self, this.#options.keys, { by, commitment: modelHash }),
    )
    const model = decodeModel(plaintext, {
      study: study.ref.study,
      round,
      manifest: study.hash,
      size: study.layout.sharedSize,
      width: study.manifest.standardise ? study.width : null,
    })
    this.#setBase({ round, trained: model.trained, shared: model.vector, standardisation: model.standardisation })
  }

  /** @inheritdoc @throws AppError training.noData where the study is not of tables */
  async sealStatistics(round: number, seats: readonly Member[], work: Work = {}): Promise<Sealed> {
    const study = this.#configured()
    if (study.tables === null) throw new AppError('training.noData')
    const statistics = statisticsOf(study.tables.train.matrix, study.width)
    const plaintext = encodeStatistics({ round, salt: freshSalt(), ...statistics })
    return this.#seal(study, round, 'statistics', plaintext, seats, work)
  }

  /** @inheritdoc @throws AppError training.noModel, training.diverged, training.cancelled */
  async trainAndSeal(round: number, seats: readonly Member[], work: Work = {}): Promise<Sealed> {
    const study = this.#configured()
    const base = this.#baseOf(round)
    const engine = await this.#startEngine()
    const { manifest, layout } = study
    const train = this.#parts().train
    const trained = await this.#timed('train', async () => {
      const start = await this.#withOwnPart(base.shared, train, work)
      const result = await engine.train({
        model: manifest.model,
        training: manifest.training,
        parameters: start,
        examples: train,
        seed: mixSeeds(manifest.seed, round, addressSeed(study.self)),
        anchor: start,
        ...(work.signal && { signal: work.signal }),
        onProgress: (done, total, loss) =>
          report(work, { stage: 'train', done, total, ...(loss !== undefined && { loss }) }),
      })
      return result.parameters
    })
    this.#own = trained
    const shared = sharedPart(layout, trained)
    const vector = shared.map((value, i) => value - (base.shared[i] as number))
    const weight = weightOf(train.count, manifest.patientsPerWeight)
    return this.#seal(study, round, 'update', encodeUpdate({ round, salt: freshSalt(), weight, vector }), seats, work)
  }

  /** @inheritdoc */
  async open(round: number, member: Member, blob: Blob, commitment: Hex | null, work: Work = {}): Promise<boolean> {
    const study = this.#configured()
    if (commitment !== null) mapOf(this.#commitments, round).set(keyOf(member), commitment)
    const binding = this.#updateBinding(round, member)
    const opened = await this.#tryOpen(blob, () =>
      open(blob, binding, study.self, this.#options.keys, { by: member, ...(commitment !== null && { commitment }) }),
    )
    report(work, { stage: 'open', done: 1, total: 1 })
    return this.#keep(round, member, binding, opened)
  }

  /** @inheritdoc */
  async openRewrapped(round: number, member: Member, blob: Blob, rewraps: Blob, by: Member): Promise<boolean> {
    const study = this.#configured()
    const binding = this.#updateBinding(round, member)
    const commitment = this.#commitments.get(round)?.get(keyOf(member))
    const opened = await this.#tryOpen(blob, async () => {
      const passed = await open(
        rewraps,
        bindingOf(study, round, 'rewraps', by.address),
        study.self,
        this.#options.keys,
        { by },
      )
      const mine = decodeRewraps(passed.plaintext, round).rewraps.find(
        rewrap => sameAddress(rewrap.update, member.address) && sameAddress(rewrap.seat, study.self),
      )
      if (mine === undefined) throw new AppError('crypto.cannotOpen')
      const dataKey = await unwrapKey(mine, binding, this.#options.keys.encryption)
      return openWithKey(blob, binding, dataKey, { by: member, ...(commitment !== undefined && { commitment }) })
    })
    return this.#keep(round, member, binding, opened)
  }

  /** @inheritdoc @throws AppError aggregation.notOpened */
  async sealRewraps(
    round: number,
    missing: readonly { readonly update: Member; readonly seat: Member }[],
  ): Promise<Sealed> {
    const study = this.#configured()
    const rewraps = await Promise.all(
      missing.map(async ({ update, seat }) => {
        const { dataKey, binding } = this.#openedUpdate(round, update)
        const key = await wrapKey(dataKey, binding, seat.keys.encryption)
        return { update: update.address, seat: seat.address, ...key }
      }),
    )
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
   */
  async score(round: number, members: readonly Member[], work: Work = {}): Promise<readonly (number | null)[]> {
    const study = this.#configured()
    const base = this.#baseOf(round)
    const { train, validation } = this.#parts()
    const others = validation.count >= enoughToScore ? validation : joined(train, validation)
    const own = validation.count > 0 ? validation : train
    return this.#timed('other', async () => {
      const losses = new Map<Encoded, number>()
      const lossOf = async (shared: Float32Array, rows: Encoded) => {
        const parameters = await this.#withOwnPart(shared, train, work)
        return logLoss(await this.#predict(parameters, rows, work), rows.labels, study.layout.outputs)
      }
      const scores: (number | null)[] = []
      for (const member of members) {
        const content = this.#opened.get(round)?.get(keyOf(member))?.content
        if (content?.kind !== 'update') {
          scores.push(null)
        } else {
          const rows = sameAddress(member.address, study.self) ? own : others
          const before = losses.get(rows) ?? (await lossOf(base.shared, rows))
          losses.set(rows, before)
          const after = await lossOf(
            base.shared.map((value, i) => value + (content.vector[i] as number)),
            rows,
          )
          const gain = Math.round((largestGain * (before - after)) / Math.max(before, smallestLoss))
          // A candidate that overflows to no number at all is as bad as can be.
          scores.push(Number.isFinite(gain) ? Math.min(largestGain, Math.max(-largestGain, gain)) : -largestGain)
        }
        report(work, { stage: 'score', done: scores.length, total: members.length })
      }
      return scores
    })
  }

  /** @inheritdoc @throws AppError aggregation.notOpened, aggregation.empty, aggregation.badUpdate, training.noModel */
  async aggregate(
    round: number,
    survivors: readonly Member[],
    members: readonly Member[],
    work: Work = {},
  ): Promise<SealedModel> {
    const study = this.#configured()
    const ordered = [...survivors].sort((a, b) => a.index - b.index)
    const parts = ordered.map(member => ({ index: member.index, ...this.#openedUpdate(round, member) }))
    if (parts.length === 0) throw new AppError('aggregation.empty')
    const next = await this.#timed('other', async () => this.#average(study, round, parts))
    stopIfAborted(work)
    report(work, { stage: 'aggregate', done: 1, total: 1 })
    const plaintext = encodeModel({
      study: study.ref.study,
      round,
      trained: next.trained,
      manifest: study.hash,
      vector: next.shared,
      standardisation: next.standardisation,
    })
    const binding = bindingOf(study, round, 'model')
    const salts = parts.map(part => part.salt)
    const dataKey = await modelDataKey(salts, binding)
    const sealed = await this.#seal(study, round, 'model', plaintext, members, work, { dataKey, iv: modelIv })
    return { blob: sealed.blob, digest: sealed.digest, modelHash: sealed.commitment }
  }

  /** @inheritdoc @throws AppError training.noModel, training.cancelled */
  async evaluate(
    options: { readonly withLocal: boolean },
    work: Work = {},
  ): Promise<
    LocalOnly<{ readonly federated: Evaluation; readonly local: Evaluation | null; readonly majorityAccuracy: number }>
  > {
    const { labels, outputs, federated, local } = (await this.predictHeldOut(options, work)).localOnly
    const majority = majorityClass(this.#parts().train.labels)
    return {
      localOnly: {
        federated: evaluation(federated, labels, outputs),
        local: local && evaluation(local, labels, outputs),
        majorityAccuracy: labels.filter(label => label === majority).length / labels.length,
      },
    }
  }

  /**
   * The probabilities behind evaluate. Both models get the same last step: the site-local part is fitted on all patients
   * that are not held out.
   * @throws AppError training.noModel, training.cancelled
   */
  async predictHeldOut(options: { readonly withLocal: boolean }, work: Work = {}): Promise<LocalOnly<HeldOut>> {
    const study = this.#configured()
    const base = this.#base
    if (base === undefined) throw new AppError('training.noModel', { round: 0 })
    const { train, validation, test } = this.#parts()
    return this.#timed('other', async () => {
      const fitted = study.manifest.model.siteLocal === 'none' ? train : joined(train, validation)
      const total = options.withLocal ? 2 : 1
      const federated = await this.#predict(await this.#withOwnPart(base.shared, fitted, work), test, work)
      report(work, { stage: 'evaluate', done: 1, total })
      let local: Float32Array | null = null
      if (options.withLocal) {
        const alone = await this.#trainAlone(base, work)
        const parameters = await this.#withFittedBias(alone, fitted, work)
        local = await this.#predict(parameters, test, work)
        report(work, { stage: 'evaluate', done: 2, total })
      }
      return { localOnly: { labels: test.labels, outputs: study.layout.outputs, federated, local } }
    })
  }

  /** @inheritdoc */
  async spent(): Promise<{ readonly train: number; readonly encrypt: number; readonly other: number }> {
    return { ...this.#spent }
  }

  /** @inheritdoc */
  async forget(beforeRound: number): Promise<void> {
    for (const rounds of [this.#opened, this.#commitments]) {
      for (const round of [...rounds.keys()]) if (round < beforeRound) rounds.delete(round)
    }
  }

  /** This hospital alone, on the same rows, from the same start, for as many epochs as the study took. Trained once. */
  async #trainAlone(base: Base, work: Work): Promise<Float32Array> {
    if (this.#alone?.trained === base.trained) return this.#alone.parameters
    const { manifest, self } = this.#configured()
    const engine = await this.#startEngine()
    const { parameters } = await engine.train({
      model: manifest.model,
      training: { ...manifest.training, proximal: 0 },
      parameters: initialParameters(manifest.model, manifest.seed),
      examples: this.#parts().train,
      epochs: manifest.training.epochs * Math.max(1, base.trained),
      seed: mixSeeds(manifest.seed, -1, addressSeed(self)),
      ...(work.signal && { signal: work.signal }),
      onProgress: (done, total, loss) =>
        report(work, { stage: 'train', done, total, ...(loss !== undefined && { loss }) }),
    })
    this.#alone = { trained: base.trained, parameters }
    return parameters
  }

  /** All parameters: the shared ones given, the site's own kept from the last training and fitted to these rows. */
  async #withOwnPart(shared: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const { layout, manifest } = this.#configured()
    const kept = this.#own ?? initialParameters(manifest.model, manifest.seed)
    const parameters = withShared(layout, kept, shared)
    if (manifest.model.siteLocal !== 'head') return this.#withFittedBias(parameters, rows, work)
    if (this.#own !== undefined) return parameters
    // A head that never trained here, as in the first round or after a reload, would spoil the shared layers' first steps.
    const engine = await this.#startEngine()
    const fitted = await engine.train({
      model: manifest.model,
      training: manifest.training,
      parameters,
      examples: rows,
      seed: mixSeeds(manifest.seed, -2),
      trainOnly: 'local',
      ...(work.signal && { signal: work.signal }),
    })
    this.#own = fitted.parameters
    return fitted.parameters
  }

  /** Where the last bias is the site's own, sets it to what fits these rows best; else returns the parameters. */
  async #withFittedBias(parameters: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const { layout, manifest } = this.#configured()
    const bias = layout.tensors.find(tensor => tensor.local && tensor.kind === 'bias')
    if (manifest.model.siteLocal !== 'bias' || bias === undefined) return parameters
    const fitted = new Float32Array(parameters)
    fitted.fill(0, bias.offset, bias.offset + bias.size)
    fitted.set(fitIntercept(await this.#predict(fitted, rows, work), rows.labels, layout.outputs), bias.offset)
    return fitted
  }

  async #predict(parameters: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const engine = await this.#startEngine()
    return engine.predict(this.#configured().manifest.model, parameters, rows.inputs, rows.count, work.signal)
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
      return { trained: 0, shared: initialShared(study), standardisation }
    }
    const updates: WeightedUpdate[] = parts.flatMap(({ index, content }) =>
      content.kind === 'update' ? [{ index, weight: content.weight, vector: content.vector }] : [],
    )
    if (updates.length !== parts.length) throw new AppError('aggregation.badUpdate')
    const base = this.#baseOf(round)
    const shared = averageUpdates(base.shared, updates)
    return { trained: base.trained + 1, shared, standardisation: base.standardisation }
  }

  async #seal(
    study: Study,
    round: number,
    kind: Binding['kind'],
    plaintext: Uint8Array,
    recipients: readonly Member[],
    work: Work,
    fixed: { readonly dataKey?: Uint8Array; readonly iv?: Uint8Array } = {},
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

  /** Nothing but a blob that is as it must be comes through; what a stranger sent is no error of ours. */
  async #tryOpen(blob: Blob, opening: () => Promise<Opened>): Promise<Opened | null> {
    const { layout, width } = this.#configured()
    try {
      // Before a byte is decrypted: an update cannot be larger than its numbers.
      if (readHeader(blob).length > Math.max(layout.sharedSize * 4, width * 16) + plaintextOverhead) return null
      return await this.#timed('encrypt', opening)
    } catch (error) {
      if (isAppError(error)) return null
      throw error
    }
  }

  #keep(round: number, member: Member, binding: Binding, opened: Opened | null): boolean {
    if (opened === null) return false
    const { layout, width } = this.#configured()
    const { plaintext, dataKey } = opened
    try {
      if (binding.kind === 'statistics') {
        const { salt, count, sums, squares } = decodeStatistics(plaintext, round, width)
        const content = { kind: 'statistics', statistics: { count, sums, squares } } as const
        mapOf(this.#opened, round).set(keyOf(member), { dataKey, binding, salt, content })
      } else {
        const { salt, weight, vector } = decodeUpdate(plaintext, round, layout.sharedSize)
        const content = { kind: 'update', weight, vector } as const
        mapOf(this.#opened, round).set(keyOf(member), { dataKey, binding, salt, content })
      }
      return true
    } catch (error) {
      if (isAppError(error)) return false
      throw error
    }
  }

  /** A study that standardises begins with statistics; once it has a model, only updates count. */
  #updateBinding(round: number, member: Member): Binding {
    const study = this.#configured()
    return bindingOf(study, round, this.#base === undefined ? 'statistics' : 'update', member.address)
  }

  #openedUpdate(round: number, member: Member): OpenedUpdate {
    const opened = this.#opened.get(round)?.get(keyOf(member))
    if (opened === undefined) throw new AppError('aggregation.notOpened', { hospital: member.address })
    return opened
  }

  #setBase(base: Base): void {
    const study = this.#configured()
    const first = this.#examples === undefined
    this.#base = base
    // The study's standardisation never changes after round zero.
    if (first) this.#examples = examplesOf(study, this.#options.dataset, base.standardisation)
  }

  #baseOf(round: number): Base {
    if (this.#base === undefined || this.#base.round >= round) throw new AppError('training.noModel', { round })
    return this.#base
  }

  #parts(): Parts<Encoded> {
    if (this.#examples === undefined) throw new AppError('training.noModel', { round: 0 })
    return this.#examples
  }

  #configured(): Study {
    if (this.#study === undefined) throw new AppError('training.noData')
    return this.#study
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

function bindingOf(study: Study, round: number, kind: Binding['kind'], sender: Address = study.self): Binding {
  const { deployment, chainId, study: contract } = study.ref
  return { deployment, chainId, study: contract, round, sender: kind === 'model' ? contract : sender, kind }
}

/** Tables as float64 matrices by the manifest's schema; null for images. */
function encodeParts(dataset: Dataset, manifest: Manifest): Study['tables'] {
  const { schema } = manifest
  if (dataset.schema.kind !== schema.kind) {
    throw new AppError('study.badManifest', { reason: 'the study is of another kind of data than was loaded' })
  }
  if (!isTable(dataset) || schema.kind !== 'table') return null
  const columns = dataset.schema.features.map(feature => feature.name)
  const encode = (rows: readonly Row[]) => ({
    matrix: encodeRows(schema, rows, columns, 'The data'),
    labels: Int32Array.from(rows, row => row.label),
  })
  return { train: encode(dataset.train), validation: encode(dataset.validation), test: encode(dataset.test) }
}

function examplesOf({ tables, width }: Study, dataset: Dataset, by: Standardisation | null): Parts<Encoded> {
  if (!isTable(dataset)) {
    const { train, validation, test } = dataset
    return { train: encodeImages(train), validation: encodeImages(validation), test: encodeImages(test) }
  }
  if (tables === null) throw new AppError('training.noData')
  const part = ({ matrix, labels }: { readonly matrix: Float64Array; readonly labels: Int32Array }): Encoded => ({
    inputs: standardise(matrix, width, by),
    labels,
    count: labels.length,
  })
  return { train: part(tables.train), validation: part(tables.validation), test: part(tables.test) }
}

function initialShared(study: Study): Float32Array {
  return sharedPart(study.layout, initialParameters(study.manifest.model, study.manifest.seed))
}

function patientsOf({ train, validation, test }: Dataset): number {
  return [train, validation, test].reduce((sum, part) => sum + ('labels' in part ? part.labels.length : part.length), 0)
}

function joined(a: Encoded, b: Encoded): Encoded {
  const inputs = new Float32Array(a.inputs.length + b.inputs.length)
  inputs.set(a.inputs)
  inputs.set(b.inputs, a.inputs.length)
  const labels = new Int32Array(a.count + b.count)
  labels.set(a.labels)
  labels.set(b.labels, a.count)
  return { inputs, labels, count: a.count + b.count }
}

function mapOf<T>(rounds: Map<number, Map<string, T>>, round: number): Map<string, T> {
  const known = rounds.get(round) ?? new Map<string, T>()
  rounds.set(round, known)
  return known
}

function keyOf(member: Member): string {
  return member.address.toLowerCase()
}

function addressSeed(address: Address): number {
  return Number.parseInt(address.slice(-8), 16)
}

function report(work: Work, progress: Progress): void {
  work.onProgress?.(progress)
}

function stopIfAborted(work: Work): void {
  if (work.signal?.aborted) throw new AppError('training.cancelled')
}
