import { type Endpoint, type Remote, wrap } from 'comlink'
import type { CsvPreview } from '../data/csv.ts'
import { AppError } from '../errors/AppError.ts'
import type { Blob, Member, TrainingPort, WithLocal, Work } from '../rounds/ports.ts'
import type { Manifest, ModelSpec, TableSchema } from '../study/manifest.ts'
import type { Hex, LocalOnly } from '../study/types.ts'
import type { BackendName } from './backends.ts'
import type { NamedFile, Version } from './modelUse.ts'
import type { Forecast, ForecastOptions } from './privacyForecast.ts'
import { progressCallback, workPlaces } from './remote.ts'
import type {
  ColumnMapping,
  CsvCheck,
  DeviceCheck,
  FilePredictions,
  LayersModelFile,
  PatientInput,
  Prediction,
  ReadModel,
  ResultDetails,
  ShippedPreview,
} from './screen.ts'
import type {
  HospitalMethod,
  HospitalMethods,
  LoadedData,
  Outcome,
  RemoteCallback,
  ShippedData,
  TrainingWorkerApi,
} from './workerApi.ts'

/** The training worker as its window sees it: the port of the round, and the loading of data. */
export interface TrainingClient extends TrainingPort {
  /** Loads one hospital's share of a shipped study inside the worker. @throws AppError data.unreadable */
  loadShipped(data: ShippedData): Promise<LocalOnly<LoadedData>>
  /** The first rows of a person's file, for this screen. @throws AppError data.empty, data.noHeader, data.unreadable */
  previewCsv(file: File): Promise<LocalOnly<CsvPreview>>
  /**
   * Guesses a study's columns. What it returns becomes public with the manifest: names of columns, and of categories.
   * @throws AppError data.noLabel, data.columnsDiffer, data.textColumn, data.badCell, data.badCells
   */
  inferSchema(files: readonly File[], label: string): Promise<TableSchema>
  /**
   * What a file would give: which of its columns are the study's, and what stands in the way. Never throws for what is in it.
   * @param mapping what the person chose; null: guessed by name. A column given as null stays open.
   */
  checkCsv(file: File, schema: TableSchema, mapping: ColumnMapping | null): Promise<LocalOnly<CsvCheck>>
  /**
   * Loads a person's file by the study's columns, whole or not at all.
   * @param options.mapping as checkCsv gave it; without one the file has the study's columns and no others
   * @param options.leaveOutBadRows instead of refusing the file for them
   * @throws AppError data.*
   */
  loadCsv(
    file: File,
    schema: TableSchema,
    seed: number,
    options?: { readonly mapping?: ColumnMapping | null; readonly leaveOutBadRows?: boolean },
  ): Promise<LocalOnly<LoadedData>>
  /** The first patients of a shipped hospital; loads nothing. @throws AppError data.unreadable */
  previewShipped(data: ShippedData): Promise<LocalOnly<ShippedPreview>>
  /** Salted digest of the patients that are loaded: tells whether they are the same as last time. @throws AppError training.noData */
  patientsDigest(salt: Hex): Promise<LocalOnly<Hex>>
  /**
   * Measures real steps of the study's model on this hospital's rows, or on made-up ones where none are loaded; takes about
   * three seconds.
   * @param options.backend the one that is forced on this page
   * @throws AppError training.noBackend, training.cancelled
   */
  checkDevice(
    manifest: Manifest,
    options?: { readonly backend?: BackendName | undefined },
    work?: Work,
  ): Promise<LocalOnly<DeviceCheck>>
  /**
   * What noise costs in accuracy, by simulating the study on made-up patients.
   * @throws AppError training.cancelled, training.diverged, training.noBackend
   */
  forecastPrivacy(options: ForecastOptions, work?: Work): Promise<Forecast>
  /**
   * Opens another model of the study, to be used beside the installed one by what follows. @returns what to call it by
   * @throws AppError crypto.cannotOpen, crypto.wrongBinding, crypto.badCommitment, aggregation.badUpdate
   */
  loadVersion(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<number>
  /**
   * Everything the results page shows, on this hospital's held-out patients. The model trained alone is final unless said
   * otherwise, which may take as long as the study's own training took.
   * @throws AppError training.noModel, training.cancelled
   */
  details(
    work?: Work,
    options?: { readonly version?: Version; readonly withLocal?: WithLocal },
  ): Promise<LocalOnly<ResultDetails>>
  /** One patient. @throws AppError training.noModel, data.badInput */
  predict(input: PatientInput, version?: Version): Promise<LocalOnly<Prediction>>
  /** A file of patients. @throws AppError training.noModel, training.cancelled, data.* */
  predictCsv(
    file: File,
    mapping: ColumnMapping | null,
    work?: Work,
    version?: Version,
  ): Promise<LocalOnly<FilePredictions>>
  /** The model with this hospital's own part, as a tfjs layers model. @throws AppError training.noModel */
  exportModel(version?: Version): Promise<LocalOnly<LayersModelFile>>
  /**
   * A tfjs layers model from its files, model.json and weights, as a study's model.
   * @param siteLocal which part each hospital keeps to itself; its weights are then not among the parameters
   * @throws AppError model.unreadable
   */
  readLayersModel(files: readonly File[], siteLocal?: ModelSpec['siteLocal']): Promise<ReadModel>
}

/**
 * Starts the training worker.
 * @param options.backend force this one instead of the best that is there
 */
export function createTrainingWorker(options: { readonly backend?: BackendName | undefined } = {}): Worker {
  const name = JSON.stringify({ base: document.baseURI, backend: options.backend ?? null })
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name })
}

/**
 * Talks to a training worker. Sealed blobs come back without a copy; blobs that go in are copied, since the store may
 * still hold them. A Work's signal cancels inside the worker.
 *
 * @example
 * const training = createTrainingClient(createTrainingWorker())
 * await training.loadShipped({ study: 'heart', hospitals: 4, index: 0, seed: 1 })
 * await training.configure(ref, manifest, self)
 */
export function createTrainingClient(worker: Endpoint): TrainingClient {
  const remote = wrap<TrainingWorkerApi>(worker) as Remote<TrainingWorkerApi>
  let lastJob = 0

  /** A Work crosses as a number to cancel by and a callback. */
  const asJob = async <T>(
    work: Work,
    run: (job: number, onProgress: RemoteCallback | null) => Promise<Outcome<T>>,
  ): Promise<T> => {
    if (work.signal?.aborted) throw new AppError('training.cancelled')
    const id = ++lastJob
    const cancel = () => void remote.cancel(id)
    work.signal?.addEventListener('abort', cancel, { once: true })
    try {
      return unwrap(await run(id, work.onProgress ? progressCallback(work.onProgress) : null))
    } finally {
      work.signal?.removeEventListener('abort', cancel)
    }
  }
  const call = async (method: HospitalMethod, args: readonly unknown[]): Promise<unknown> => {
    const place = workPlaces[method]
    if (place === undefined) return unwrap(await remote.call(method, args, null, null))
    return asJob(args[place] as Work, (job, onProgress) =>
      remote.call(method, args.toSpliced(place, 1), job, onProgress),
    )
  }
  // One place where the worker's answer gets its type back: the method's own.
  const method =
    <K extends HospitalMethod>(name: K) =>
    (...args: readonly unknown[]) =>
      call(name, args) as ReturnType<HospitalMethods[K]>

  return {
    loadShipped: async data => unwrap(await remote.loadShipped(data)) as LocalOnly<LoadedData>,
    previewCsv: async file => unwrap(await remote.previewCsv(named(file))) as LocalOnly<CsvPreview>,
    inferSchema: async (files, label) => unwrap(await remote.inferSchema(files.map(named), label)) as TableSchema,
    checkCsv: async (file, schema, mapping) =>
      unwrap(await remote.checkCsv(named(file), schema, mapping)) as LocalOnly<CsvCheck>,
    loadCsv: async (file, schema, seed, { mapping = null, leaveOutBadRows = false } = {}) =>
      unwrap(await remote.loadCsv(named(file), schema, seed, { mapping, leaveOutBadRows })) as LocalOnly<LoadedData>,
    previewShipped: async data => unwrap(await remote.previewShipped(data)) as LocalOnly<ShippedPreview>,
    patientsDigest: async salt => unwrap(await remote.patientsDigest(salt)) as LocalOnly<Hex>,
    checkDevice: (manifest, { backend } = {}, work = {}) =>
      asJob(
        work,
        async (job, onProgress) =>
          (await remote.checkDevice(manifest, backend ?? null, job, onProgress)) as Outcome<LocalOnly<DeviceCheck>>,
      ),
    forecastPrivacy: (options, work = {}) =>
      asJob(
        work,
        async (job, onProgress) => (await remote.forecastPrivacy(options, job, onProgress)) as Outcome<Forecast>,
      ),
    readLayersModel: async (files, siteLocal = 'none') =>
      unwrap(await remote.readLayersModel(files.map(named), siteLocal)) as ReadModel,
    configure: async (ref, manifest, self, initial) =>
      unwrap(await remote.configure(ref, manifest, self, initial)) as Awaited<ReturnType<TrainingPort['configure']>>,
    installModel: (...args) => method('installModel')(...args),
    sealStatistics: (round, seats, work = {}) => method('sealStatistics')(round, seats, work),
    prepareData: (work = {}) => method('prepareData')(work),
    trainAndSeal: (round, seats, work = {}, draw) => method('trainAndSeal')(round, seats, work, draw),
    proveRound: (round, seats, question, work = {}) => method('proveRound')(round, seats, question, work),
    open: (round, member, blob, commitment, work = {}, proven) =>
      method('open')(round, member, blob, commitment, work, proven),
    openRewrapped: (...args) => method('openRewrapped')(...args),
    sealRewraps: (...args) => method('sealRewraps')(...args),
    score: (round, members, work = {}) => method('score')(round, members, work),
    aggregate: (round, survivors, members, work = {}) => method('aggregate')(round, survivors, members, work),
    openMasked: (round, seats, member, blob, commitment, work = {}, proven) =>
      method('openMasked')(round, seats, member, blob, commitment, work, proven),
    sealMasks: (round, committee, work = {}) => method('sealMasks')(round, committee, work),
    sealShares: (round, committee, opening, work = {}) => method('sealShares')(round, committee, opening, work),
    sealProducts: (round, committee, answers, work = {}) => method('sealProducts')(round, committee, answers, work),
    aggregateMasked: (round, committee, answers, members, work = {}) =>
      method('aggregateMasked')(round, committee, answers, members, work),
    evaluate: (options, work = {}) => method('evaluate')(options, work),
    loadVersion: (...args) => method('loadVersion')(...args),
    details: (work = {}, { version = null, withLocal = 'final' } = {}) =>
      method('details')({ version, withLocal }, work),
    predict: (input, version = null) => method('predict')(input, version),
    predictCsv: (file, mapping, work = {}, version = null) => method('predictCsv')(named(file), mapping, version, work),
    exportModel: (version = null) => method('exportModel')(version),
    spent: () => method('spent')(),
    forget: beforeRound => method('forget')(beforeRound),
    proofStorage: () => method('proofStorage')(),
    clearProofs: () => method('clearProofs')(),
  }
}

function named(file: File): NamedFile {
  return { name: file.name, blob: file }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  if ('error' in outcome) throw AppError.fromData(outcome.error)
  const bug = new Error(outcome.bug.message)
  bug.stack = outcome.bug.stack
  throw bug
}
