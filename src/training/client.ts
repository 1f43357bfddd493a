import { type Endpoint, type Remote, wrap } from 'comlink'
import type { CsvPreview } from '../data/csv.ts'
import { AppError } from '../errors/AppError.ts'
import type { TrainingPort, Work } from '../rounds/ports.ts'
import type { TableSchema } from '../study/manifest.ts'
import type { LocalOnly } from '../study/types.ts'
import type { BackendName } from './backends.ts'
import {
  cancellable,
  type LoadedData,
  type NamedFile,
  type Outcome,
  progressCallback,
  type ShippedData,
  type TrainingWorkerApi,
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
  /** Loads a person's file by the study's columns, whole or not at all. @throws AppError data.* */
  loadCsv(file: File, schema: TableSchema, seed: number): Promise<LocalOnly<LoadedData>>
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

  const call = async (method: keyof TrainingPort, args: readonly unknown[]): Promise<unknown> => {
    if (method === 'configure') throw new TypeError('configure has a call of its own')
    if (!cancellable.has(method)) return unwrap(await remote.call(method, args, null, null))
    const work = args[args.length - 1] as Work
    if (work.signal?.aborted) throw new AppError('training.cancelled')
    const id = ++lastJob
    const cancel = () => void remote.cancel(id)
    work.signal?.addEventListener('abort', cancel, { once: true })
    try {
      const onProgress = work.onProgress ? progressCallback(work.onProgress) : null
      return unwrap(await remote.call(method, args.slice(0, -1), id, onProgress))
    } finally {
      work.signal?.removeEventListener('abort', cancel)
    }
  }
  // One place where the worker's answer gets its type back: the method's own.
  const method =
    <K extends keyof TrainingPort>(name: K) =>
    (...args: readonly unknown[]) =>
      call(name, args) as ReturnType<TrainingPort[K]>

  return {
    loadShipped: async data => unwrap(await remote.loadShipped(data)) as LocalOnly<LoadedData>,
    previewCsv: async file => unwrap(await remote.previewCsv(named(file))) as LocalOnly<CsvPreview>,
    inferSchema: async (files, label) => unwrap(await remote.inferSchema(files.map(named), label)) as TableSchema,
    loadCsv: async (file, schema, seed) =>
      unwrap(await remote.loadCsv(named(file), schema, seed)) as LocalOnly<LoadedData>,
    configure: async (ref, manifest, self) =>
      unwrap(await remote.configure(ref, manifest, self)) as Awaited<ReturnType<TrainingPort['configure']>>,
    installModel: (...args) => method('installModel')(...args),
    sealStatistics: (round, seats, work = {}) => method('sealStatistics')(round, seats, work),
    trainAndSeal: (round, seats, work = {}) => method('trainAndSeal')(round, seats, work),
    open: (round, member, blob, commitment, work = {}) => method('open')(round, member, blob, commitment, work),
    openRewrapped: (...args) => method('openRewrapped')(...args),
    sealRewraps: (...args) => method('sealRewraps')(...args),
    score: (round, members, work = {}) => method('score')(round, members, work),
    aggregate: (round, survivors, members, work = {}) => method('aggregate')(round, survivors, members, work),
    evaluate: (options, work = {}) => method('evaluate')(options, work),
    spent: () => method('spent')(),
    forget: beforeRound => method('forget')(beforeRound),
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
