import { type ProxyMarked, proxy, releaseProxy, transfer } from 'comlink'
import type { KeyStore } from '../crypto/keys.ts'
import { type CsvPreview, inferSchema, ownDataset, parseCsv, previewTable, readRows } from '../data/csv.ts'
import type { Dataset } from '../data/dataset.ts'
import { digitFiles, digitsDataset } from '../data/digits.ts'
import { type HeartSplit, heartDataset, heartName, heartShares } from '../data/heart.ts'
import { AppError, type AppErrorData } from '../errors/AppError.ts'
import type { Progress, StudyRef, TrainingPort, Work } from '../rounds/ports.ts'
import type { Manifest, TableSchema } from '../study/manifest.ts'
import type { Address, LocalOnly } from '../study/types.ts'
import type { Engine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'

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
}

/** A person's file. Its name crosses beside it: not every runtime keeps a File's name when it is cloned. */
export interface NamedFile {
  readonly name: string
  readonly blob: Blob
}

/** What crosses back: errors as data, since a worker's boundary strips their codes. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: AppErrorData }
  | { readonly ok: false; readonly bug: { readonly message: string; readonly stack: string } }

/** A callback that stays in its thread; the other calls it through a channel. */
export type RemoteCallback = ((progress: Progress) => void) & ProxyMarked

type Method = Exclude<keyof TrainingPort, 'configure'>

export interface TrainingWorkerApi {
  loadShipped(data: ShippedData): Promise<Outcome<LocalOnly<LoadedData>>>
  previewCsv(file: NamedFile): Promise<Outcome<LocalOnly<CsvPreview>>>
  inferSchema(files: readonly NamedFile[], label: string): Promise<Outcome<TableSchema>>
  loadCsv(file: NamedFile, schema: TableSchema, seed: number): Promise<Outcome<LocalOnly<LoadedData>>>
  configure(
    ref: StudyRef,
    manifest: Manifest,
    self: Address,
  ): Promise<Outcome<Awaited<ReturnType<TrainingPort['configure']>>>>
  /**
   * A method of the port. Where it takes a Work, that crosses as a number to cancel by and a callback (an argument of its
   * own, since Comlink looks for callbacks there only).
   */
  call(
    method: Method,
    args: readonly unknown[],
    job: number | null,
    onProgress: RemoteCallback | null,
  ): Promise<Outcome<unknown>>
  cancel(job: number): void
}

export interface WorkerServices {
  readonly keys: KeyStore
  readonly createEngine: () => Promise<Engine>
  /** Reads a file that the page serves, such as `studies/heart/flamby-split.json`. @throws AppError data.unreadable */
  readonly fetchFile: (path: string) => Promise<ArrayBuffer>
}

/**
 * What the training worker offers to its window. Holds the hospital's rows; what goes back is sealed, or of the types that
 * are for this screen only.
 */
export function createWorkerApi({ keys, createEngine, fetchFile }: WorkerServices): TrainingWorkerApi {
  let dataset: Dataset | undefined
  let trainer: { readonly hospital: HospitalTrainer; readonly owner: string } | undefined
  let engine: Promise<Engine> | undefined
  const jobs = new Map<number, AbortController>()

  // Started once: a second engine of the same backend would load it again.
  const startEngine = () => {
    engine ??= createEngine()
    engine.catch(() => {
      engine = undefined
    })
    return engine
  }

  function install(loaded: Dataset, name: string, incomplete: number): LocalOnly<LoadedData> {
    dataset = loaded
    trainer = undefined
    const count = (part: Dataset['train']) => ('labels' in part ? part.labels.length : part.length)
    const [train, validation, test] = [count(loaded.train), count(loaded.validation), count(loaded.test)]
    return { localOnly: { name, patients: train + validation + test, train, validation, test, incomplete } }
  }

  return {
    loadShipped: data =>
      outcome(async () => {
        if (data.study === 'heart') {
          const share = heartShares(data.hospitals)[data.index]
          if (share === undefined) throw new AppError('training.noData')
          const [text, split] = await Promise.all([
            fetchFile(`studies/heart/processed.${share.center}.data`).then(textOf),
            fetchFile('studies/heart/flamby-split.json').then(textOf),
          ])
          return install(heartDataset(share, text, JSON.parse(split) as HeartSplit, data.seed), heartName(share), 0)
        }
        const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
          fetchFile(`data/digits/${digitFiles.trainImages}`),
          fetchFile(`data/digits/${digitFiles.trainLabels}`),
          fetchFile(`data/digits/${digitFiles.testImages}`),
          fetchFile(`data/digits/${digitFiles.testLabels}`),
        ])
        const files = { trainImages, trainLabels, testImages, testLabels }
        return install(digitsDataset(files, data), `Hospital ${data.index + 1}`, 0)
      }),

    previewCsv: file => outcome(async () => ({ localOnly: previewTable(await readCsv(file)) })),

    inferSchema: (files, label) => outcome(async () => inferSchema(await Promise.all(files.map(readCsv)), label)),

    loadCsv: (file, schema, seed) =>
      outcome(async () => {
        const table = await readCsv(file)
        const { incomplete } = readRows(table, schema)
        return install(ownDataset(table, schema, seed), file.name.replace(/\.[^.]*$/, ''), incomplete)
      }),

    configure: (ref, manifest, self) =>
      outcome(async () => {
        if (dataset === undefined) throw new AppError('training.noData')
        const owner = [ref.deployment, ref.study, self].join('/').toLowerCase()
        if (trainer?.owner !== owner) {
          const pair = await keys.load({ deployment: ref.deployment, study: ref.study, address: self })
          if (pair === undefined) throw new AppError('crypto.noKeys')
          trainer = { owner, hospital: new HospitalTrainer({ keys: pair, dataset, createEngine: startEngine }) }
        }
        return trainer.hospital.configure(ref, manifest, self)
      }),

    call: (method, args, job, onProgress) =>
      outcome(async () => {
        if (trainer === undefined) throw new AppError('training.noData')
        const { hospital } = trainer
        const run = hospital[method].bind(hospital) as (...args: readonly unknown[]) => Promise<unknown>
        if (job === null) return run(...args)
        const controller = new AbortController()
        jobs.set(job, controller)
        const work: Work = { signal: controller.signal, ...(onProgress && { onProgress }) }
        try {
          return await run(...args, work)
        } finally {
          jobs.delete(job)
          // Comlink keeps a channel open for each callback until it is let go.
          ;(onProgress as { [releaseProxy]?: () => void } | null)?.[releaseProxy]?.()
        }
      }),

    cancel: job => jobs.get(job)?.abort(),
  }
}

/** The names of port methods whose last parameter is a Work. */
export const cancellable: ReadonlySet<Method> = new Set<Method>([
  'sealStatistics',
  'trainAndSeal',
  'open',
  'score',
  'aggregate',
  'evaluate',
])

/** Marks a callback to stay in its thread. */
export function progressCallback(onProgress: (progress: Progress) => void): RemoteCallback {
  return proxy(onProgress)
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
  const blob = (value as { blob?: { header?: unknown; chunks?: unknown } } | null | undefined)?.blob
  if (blob === undefined || !(blob.header instanceof Uint8Array) || !Array.isArray(blob.chunks)) return []
  const arrays = [blob.header, ...blob.chunks] as Uint8Array[]
  return [...new Set(arrays.map(bytes => bytes.buffer as ArrayBuffer))]
}

async function readCsv(file: NamedFile) {
  const text = await file.blob.text().catch(cause => {
    const reason = cause instanceof Error ? cause.message : 'the browser refuses it'
    throw new AppError('data.unreadable', { file: file.name, reason }, cause)
  })
  return parseCsv(text, file.name)
}

function textOf(buffer: ArrayBuffer): string {
  return new TextDecoder().decode(buffer)
}
