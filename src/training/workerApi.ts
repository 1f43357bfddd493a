import { type ProxyMarked, releaseProxy, transfer } from 'comlink'
import { concatBytes, hexToBytes, sha256, sha256Hex } from '../crypto/bytes.ts'
import type { KeyStore } from '../crypto/keys.ts'
import { type CsvPreview, inferSchema, ownDataset, parseCsv, previewTable, readRows, splitRows } from '../data/csv.ts'
import { checkCsv, readMappedRows } from '../data/csvCheck.ts'
import { readText } from '../data/csvFile.ts'
import { type Dataset, isTable } from '../data/dataset.ts'
import { digitFiles, digitsDataset } from '../data/digits.ts'
import { type HeartSplit, heartDataset, heartName, heartShares } from '../data/heart.ts'
import { AppError, type AppErrorData } from '../errors/AppError.ts'
import type { Progress, StudyRef, TrainingPort, Work } from '../rounds/ports.ts'
import type { Manifest, ModelSpec, TableSchema } from '../study/manifest.ts'
import type { Address, Hex, LocalOnly } from '../study/types.ts'
import type { BackendName } from './backends.ts'
import { checkDevice } from './deviceCheck.ts'
import type { Engine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'
import { patientsOf } from './hospitalStudy.ts'
import { readLayersModel } from './layersModel.ts'
import type { ModelUse, NamedFile } from './modelUse.ts'
import { type Forecast, type ForecastOptions, forecastPrivacy } from './privacyForecast.ts'
import type { ProofStore } from './proofStore.ts'
import type { Prover } from './prover.ts'
import { workPlaces } from './remote.ts'
import type { ResidualStore } from './residualStore.ts'
import type { ColumnMapping, CsvCheck, DeviceCheck, ReadModel, ShippedPreview } from './screen.ts'

/** One hospital's share of a shipped study. */
export type ShippedData =
  | { readonly study: 'heart'; readonly hospitals: number; readonly index: number; readonly seed: number }
  | {
      readonly study: 'digits'
      readonly hospitals: number
      readonly index: number
      readonly seed: number
      /** Dirichlet concentration of the classes' shares; null: the same mixture everywhere. */
      readonly alpha: number | null
    }

/** What was loaded. For this screen only. */
export interface LoadedData {
  readonly name: string
  readonly patients: number
  readonly train: number
  readonly validation: number
  readonly test: number
  /** Rows left out because a value is missing. */
  readonly incomplete: number
  /** Rows left out because of a cell that cannot be used. */
  readonly bad: number
}

/** What crosses back: errors as data, since a worker's boundary strips their codes. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: AppErrorData }
  | { readonly ok: false; readonly bug: { readonly message: string; readonly stack: string } }

/** A callback that stays in its thread; the other calls it through a channel. */
export type RemoteCallback = ((progress: Progress) => void) & ProxyMarked

/** What a hospital that is configured can be asked for. */
export type HospitalMethods = Omit<TrainingPort, 'configure'> & ModelUse
export type HospitalMethod = keyof HospitalMethods

export interface TrainingWorkerApi {
  loadShipped(data: ShippedData): Promise<Outcome<LocalOnly<LoadedData>>>
  previewCsv(file: NamedFile): Promise<Outcome<LocalOnly<CsvPreview>>>
  inferSchema(files: readonly NamedFile[], label: string): Promise<Outcome<TableSchema>>
  checkCsv(file: NamedFile, schema: TableSchema, mapping: ColumnMapping | null): Promise<Outcome<LocalOnly<CsvCheck>>>
  loadCsv(
    file: NamedFile,
    schema: TableSchema,
    seed: number,
    options: { readonly mapping: ColumnMapping | null; readonly leaveOutBadRows: boolean },
  ): Promise<Outcome<LocalOnly<LoadedData>>>
  previewShipped(data: ShippedData): Promise<Outcome<LocalOnly<ShippedPreview>>>
  patientsDigest(salt: Hex): Promise<Outcome<LocalOnly<Hex>>>
  checkDevice(
    manifest: Manifest,
    backend: BackendName | null,
    job: number,
    onProgress: RemoteCallback | null,
  ): Promise<Outcome<LocalOnly<DeviceCheck>>>
  forecastPrivacy(options: ForecastOptions, job: number, onProgress: RemoteCallback | null): Promise<Outcome<Forecast>>
  readLayersModel(files: readonly NamedFile[], siteLocal: ModelSpec['siteLocal']): Promise<Outcome<ReadModel>>
  configure(
    ref: StudyRef,
    manifest: Manifest,
    self: Address,
    initial?: Float32Array,
  ): Promise<Outcome<Awaited<ReturnType<TrainingPort['configure']>>>>
  /**
   * A method of the port. Where it takes a Work, that is not among the arguments: it crosses as a number to cancel by and a
   * callback (an argument of its own, since Comlink looks for callbacks there only).
   */
  call(
    method: HospitalMethod,
    args: readonly unknown[],
    job: number | null,
    onProgress: RemoteCallback | null,
  ): Promise<Outcome<unknown>>
  cancel(job: number): void
}

export interface WorkerServices {
  readonly keys: KeyStore
  readonly residuals: ResidualStore
  readonly proofs: ProofStore
  readonly prover: Prover
  /** The best that is there, or this one. @throws AppError training.noBackend */
  readonly createEngine: (backend?: BackendName) => Promise<Engine>
  /** Reads a file that the page serves, such as `studies/heart/flamby-split.json`. @throws AppError data.unreadable */
  readonly fetchFile: (path: string) => Promise<ArrayBuffer>
}

/**
 * What the training worker offers to its window. Holds the hospital's rows; what goes back is sealed, or of the types that
 * are for this screen only.
 */
export function createWorkerApi(services: WorkerServices): TrainingWorkerApi {
  const { keys, residuals, proofs, prover, createEngine, fetchFile } = services
  let dataset: Dataset | undefined
  let trainer: { readonly hospital: HospitalTrainer; readonly owner: string } | undefined
  let engine: Promise<Engine> | undefined
  let shown: { readonly key: string; readonly read: ReturnType<typeof readShipped> } | undefined
  const jobs = new Map<number, AbortController>()

  // Started once: a second engine of the same backend would load it again.
  const startEngine = () => {
    engine ??= createEngine()
    engine.catch(() => {
      engine = undefined
    })
    return engine
  }

  function install(loaded: Dataset, name: string, leftOut: { incomplete: number; bad: number }): LocalOnly<LoadedData> {
    dataset = loaded
    trainer = undefined
    shown = undefined
    const count = (part: Dataset['train']) => ('labels' in part ? part.labels.length : part.length)
    const [train, validation, test] = [count(loaded.train), count(loaded.validation), count(loaded.test)]
    return { localOnly: { name, patients: train + validation + test, train, validation, test, ...leftOut } }
  }

  async function readShipped(data: ShippedData): Promise<{ readonly name: string; readonly dataset: Dataset }> {
    if (data.study === 'heart') {
      const share = heartShares(data.hospitals)[data.index]
      if (share === undefined) throw new AppError('training.noData')
      const [text, split] = await Promise.all([
        fetchFile(`studies/heart/processed.${share.center}.data`).then(textOf),
        fetchFile('studies/heart/flamby-split.json').then(textOf),
      ])
      return { name: heartName(share), dataset: heartDataset(share, text, JSON.parse(split) as HeartSplit, data.seed) }
    }
    const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
      fetchFile(`data/digits/${digitFiles.trainImages}`),
      fetchFile(`data/digits/${digitFiles.trainLabels}`),
      fetchFile(`data/digits/${digitFiles.testImages}`),
      fetchFile(`data/digits/${digitFiles.testLabels}`),
    ])
    const files = { trainImages, trainLabels, testImages, testLabels }
    return { name: `Hospital ${data.index + 1}`, dataset: digitsDataset(files, data) }
  }

  /** What was looked at last is what will be loaded, most often. */
  function shipped(data: ShippedData) {
    const key = JSON.stringify(data)
    if (shown?.key !== key) shown = { key, read: readShipped(data) }
    const { read } = shown
    read.catch(() => {
      shown = undefined
    })
    return read
  }

  async function asJob<T>(job: number, onProgress: RemoteCallback | null, run: (work: Work) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    jobs.set(job, controller)
    try {
      return await run({ signal: controller.signal, ...(onProgress && { onProgress }) })
    } finally {
      jobs.delete(job)
      // Comlink keeps a channel open for each callback until it is let go.
      ;(onProgress as { [releaseProxy]?: () => void } | null)?.[releaseProxy]?.()
    }
  }

  return {
    loadShipped: data =>
      outcome(async () => {
        const read = await shipped(data)
        return install(read.dataset, read.name, { incomplete: 0, bad: 0 })
      }),

    previewShipped: data => outcome(async () => ({ localOnly: previewOf((await shipped(data)).dataset) })),

    previewCsv: file => outcome(async () => ({ localOnly: previewTable(await readCsv(file)) })),

    inferSchema: (files, label) => outcome(async () => inferSchema(await Promise.all(files.map(readCsv)), label)),

    checkCsv: (file, schema, mapping) =>
      outcome(async () => ({
        localOnly: await readText(file.name, file.blob).then(
          text => checkCsv(text, file.name, schema, mapping),
          // What cannot be read at all is refused like what cannot be used.
          error => {
            if (!(error instanceof AppError)) throw error
            return { ...checkCsv('', file.name, schema, null), refusal: error.message }
          },
        ),
      })),

    loadCsv: (file, schema, seed, { mapping, leaveOutBadRows }) =>
      outcome(async () => {
        const name = file.name.replace(/\.[^.]*$/, '')
        if (mapping === null && !leaveOutBadRows) {
          const table = await readCsv(file)
          const { incomplete } = readRows(table, schema)
          return install(ownDataset(table, schema, seed), name, { incomplete, bad: 0 })
        }
        const text = await readText(file.name, file.blob)
        const { rows, incomplete, bad } = readMappedRows(text, file.name, schema, { mapping, leaveOutBadRows })
        return install(splitRows(rows, schema, seed), name, { incomplete, bad })
      }),

    patientsDigest: salt =>
      outcome(async () => {
        if (dataset === undefined) throw new AppError('training.noData')
        return { localOnly: await digestOf(dataset, salt) }
      }),

    checkDevice: (manifest, backend, job, onProgress) =>
      outcome(() =>
        asJob(job, onProgress, async work => ({
          localOnly: await checkDevice({ manifest, dataset: dataset ?? null, force: backend, createEngine, work }),
        })),
      ),

    forecastPrivacy: (options, job, onProgress) =>
      outcome(() => asJob(job, onProgress, async work => forecastPrivacy(await startEngine(), options, work))),

    readLayersModel: (files, siteLocal) =>
      outcome(async () => {
        const read = async ({ name, blob }: NamedFile) => {
          if (blob.size > largestModelFile) {
            throw new AppError('model.unreadable', { file: name, reason: 'it is larger than 64 MB' })
          }
          return { name, bytes: new Uint8Array(await blob.arrayBuffer()) }
        }
        return readLayersModel(await Promise.all(files.map(read)), siteLocal)
      }),

    configure: (ref, manifest, self, initial) =>
      outcome(async () => {
        if (dataset === undefined) throw new AppError('training.noData')
        const owner = [ref.deployment, ref.study, self].join('/').toLowerCase()
        if (trainer?.owner !== owner) {
          const pair = await keys.load({ deployment: ref.deployment, study: ref.study, address: self })
          if (pair === undefined) throw new AppError('crypto.noKeys')
          const hospital = new HospitalTrainer({
            keys: pair,
            residuals,
            proofs,
            prover,
            dataset,
            createEngine: startEngine,
          })
          trainer = { owner, hospital }
        }
        return trainer.hospital.configure(ref, manifest, self, initial)
      }),

    call: (method, args, job, onProgress) =>
      outcome(async () => {
        if (trainer === undefined) throw new AppError('training.noData')
        const { hospital } = trainer
        const run = hospital[method].bind(hospital) as (...args: readonly unknown[]) => Promise<unknown>
        if (job === null) return run(...args)
        return asJob(job, onProgress, work => run(...args.toSpliced(workPlaces[method] ?? args.length, 0, work)))
      }),

    cancel: job => jobs.get(job)?.abort(),
  }
}

async function outcome<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    const value = await run()
    return buffersOf(value).length > 0 ? transfer({ ok: true, value }, buffersOf(value)) : { ok: true, value }
  } catch (error) {
    if (error instanceof AppError) return { ok: false, error: error.toData() }
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    return { ok: false, bug: { message, stack: stack ?? '' } }
  }
}

/** Sealed bytes move to the window instead of being copied; nothing here needs them again. */
function buffersOf(value: unknown): ArrayBuffer[] {
  type Holder = { blob?: { header?: unknown; chunks?: unknown } } | null | undefined
  // A masked round's model comes as one of two outcomes.
  const blob = ((value as { model?: Holder } | null | undefined)?.model ?? (value as Holder))?.blob
  if (blob === undefined || !(blob.header instanceof Uint8Array) || !Array.isArray(blob.chunks)) return []
  const arrays = [blob.header, ...blob.chunks] as Uint8Array[]
  return [...new Set(arrays.map(bytes => bytes.buffer as ArrayBuffer))]
}

async function readCsv(file: NamedFile) {
  return parseCsv(await readText(file.name, file.blob), file.name)
}

function textOf(buffer: ArrayBuffer): string {
  return new TextDecoder().decode(buffer)
}

/** A model that fits into a round has less; model.json takes the most room where weights are many and small. */
const largestModelFile = 64 * 1024 * 1024
const previewRows = 8

function previewOf(dataset: Dataset): ShippedPreview {
  const patients = patientsOf(dataset)
  if (!isTable(dataset)) {
    const { height, width, channels, classes } = dataset.schema
    const { labels, pixels } = dataset.train
    const size = height * width * channels
    const shown = [...labels.subarray(0, previewRows)]
    return {
      columns: ['class'],
      head: shown.map(label => [classes[label] ?? '']),
      patients,
      images: { height, width, channels, pixels: shown.map((_, i) => pixels.slice(i * size, (i + 1) * size)) },
    }
  }
  const { features, outcome } = dataset.schema
  return {
    columns: [...features, outcome].map(({ name, label }) => label ?? name),
    head: dataset.train.slice(0, previewRows).map(({ cells, label }) => [...cells.map(String), label ? 'yes' : 'no']),
    patients,
    images: null,
  }
}

/** Salted, so that nobody who sees it can tell whether two hospitals or studies have the same patients. */
async function digestOf(dataset: Dataset, salt: Hex): Promise<Hex> {
  const parts = isTable(dataset)
    ? [new TextEncoder().encode(JSON.stringify([dataset.train, dataset.validation, dataset.test]))]
    : [dataset.train, dataset.validation, dataset.test].flatMap(({ pixels, labels }) => [pixels, labels])
  const digests = await Promise.all(parts.map(sha256))
  return sha256Hex(concatBytes(hexToBytes(salt), ...digests))
}
