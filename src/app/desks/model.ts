import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Deployment } from '../../chain/deployment.ts'
import { createModelHistory, type ModelHistory } from '../../chain/modelHistory.ts'
import { currentModel, modelVersions } from '../../chain/reads.ts'
import { rollbackModel } from '../../chain/sponsor.ts'
import { hexToBytes } from '../../crypto/bytes.ts'
import { AppError, type AppErrorData, isAppError } from '../../errors/AppError.ts'
import { timeLimit } from '../../errors/timeLimit.ts'
import type { Progress } from '../../rounds/ports.ts'
import type { ColumnMapping, LayersModelFile, PatientInput } from '../../training/screen.ts'
import type { HospitalContext } from '../context.ts'
import { shownRound } from '../phases.ts'
import type { HospitalView } from '../store.ts'
import { type FileView, initialModelView, type ModelView, type VersionRow, type VersionsView } from './modelView.ts'

/**
 * Results in detail, and the model's use, on this computer. What `store` shows is kept for the session; what a method returns
 * is for whoever called it.
 */
export interface ModelDesk {
  readonly store: StoreApi<ModelView>
  /** Where the record is. */
  readonly deployment: Deployment
  /** Computes the results of the installed model, unless that is under way. Shows in the store; never throws. */
  computeDetails(): void
  cancelDetails(): void
  /** One patient, with the model in use. @throws AppError training.noModel, data.badInput */
  predict(input: PatientInput): Promise<void>
  forgetPrediction(): void
  /** Looks at a file of patients; null lets it go. Shows in the store; never throws. */
  chooseFile(file: File | null): void
  /** Which of the file's columns holds a column of the study; null: none, so that the mean stands in. */
  mapColumn(column: string, from: string | null): void
  /** Predicts every row of the chosen file. Shows in the store; never throws. */
  predictFile(): void
  cancelFile(): void
  /** The model in use with this hospital's own part, as tfjs stores it. @throws AppError training.noModel */
  exportModel(): Promise<LayersModelFile>
  /** Reads the study's models from the chain. Shows in the store; never throws. */
  readVersions(): Promise<void>
  /** Predicts with an older model from now on; null: with the newest. @throws AppError crypto.cannotOpen, storage.notFound */
  pickVersion(version: VersionRow | null): Promise<void>
  /** The results of an older model on the same held-out patients; null ends the comparison. @throws AppError as pickVersion */
  compare(version: VersionRow | null): Promise<void>
  /** As the sponsor: recommends this version for use. @throws AppError of sendCall */
  rollback(version: number, reason: string): Promise<void>
}

/** How long one place is asked for a model before the next. */
const FETCH_MS = 20_000

/** Whether the store's hospital has a model to show results of: round zero's only says how columns are scaled. */
export function hasModel({ round, study }: Pick<HospitalView, 'round' | 'study'>): boolean {
  return round !== null && study !== null && shownRound(round.installed.round, study.manifest) > 0
}

/** Results come by themselves where they take a moment: tables always, images once the model trained alone is there. */
export function isCheap({ study, stage }: Pick<HospitalView, 'study' | 'stage'>): boolean {
  return study?.manifest.schema.kind === 'table' || stage === 'done'
}

export function createModelDesk(context: HospitalContext): ModelDesk {
  const { parts, access, options, signal: closing } = context
  const store = createStore<ModelView>(() => initialModelView)
  const study = options.study.address
  const opened = new Map<number, Promise<number>>()
  let computing: AbortController | null = null
  let predicting: AbortController | null = null
  let history: (() => Promise<ModelHistory>) | null = null

  const training = () => parts.when('training')
  const installed = () => context.store.getState().round?.installed.round ?? 0
  const showFile = (file: File, difference: Partial<FileView>) => {
    const shown = store.getState().file
    // Another file may have been chosen meanwhile.
    if (shown?.file === file) store.setState({ file: { ...shown, ...difference } })
  }

  /** Fetches and opens a model of the study beside the installed one; the same one once. */
  function open({ round, modelHash, header }: VersionRow): Promise<number> {
    const known = opened.get(round)
    if (known !== undefined) return known
    const opening = (async () => {
      const [client, chain, blobs] = [await training(), await parts.when('chain'), await parts.when('blobs')]
      const snapshot = context.store.getState().round?.snapshot
      const members = await chain.members(snapshot?.members ?? [])
      const announced = await chain.modelHeaders(round, modelHash)
      let failure: unknown
      for (const source of new Set([header, ...announced.map(({ digest }) => digest)])) {
        try {
          const signal = AbortSignal.any([closing, timeLimit(FETCH_MS)])
          const blob = await blobs.get(hexToBytes(source), { signal, kind: 'model', round })
          return await client.loadVersion(round, modelHash, blob, members)
        } catch (error) {
          closing.throwIfAborted()
          failure = error
        }
      }
      throw isAppError(failure) ? failure : new AppError('storage.notFound', {}, failure)
    })()
    opened.set(round, opening)
    opening.catch(() => opened.delete(round))
    return opening
  }

  async function opening<T>(row: VersionRow, then: (version: number) => Promise<T>): Promise<T> {
    store.setState({ opening: row.round })
    try {
      return await then(await open(row))
    } finally {
      store.setState({ opening: null })
    }
  }

  async function compute(work: AbortController): Promise<void> {
    const round = installed()
    store.setState({ computing: { progress: null }, detailsError: null })
    try {
      const signal = AbortSignal.any([work.signal, closing])
      const onProgress = (progress: Progress) => {
        if (computing === work) store.setState({ computing: { progress } })
      }
      const client = await training()
      const { localOnly } = await client.details({ signal, onProgress })
      store.setState({ shown: { round, details: localOnly } })
    } catch (error) {
      if (work.signal.aborted) store.setState({ cancelled: round })
      else if (!closing.aborted) store.setState({ detailsError: asData(error) })
    } finally {
      computing = null
      store.setState({ computing: null })
    }
  }

  async function check(file: File, mapping: ColumnMapping | null): Promise<void> {
    showFile(file, { busy: 'checking', error: null, result: null })
    try {
      const { schema } = await parts.when('manifest')
      if (schema.kind !== 'table')
        throw new AppError('data.unreadable', { file: file.name, reason: 'the study is of images' })
      const client = await training()
      const { localOnly } = await client.checkCsv(file, schema, mapping)
      showFile(file, { check: localOnly, mapping: localOnly.mapping, busy: null })
    } catch (error) {
      showFile(file, { check: null, busy: null, error: asData(error) })
    }
  }

  async function predictAll({ file, mapping }: FileView, work: AbortController): Promise<void> {
    showFile(file, { busy: 'predicting', error: null, result: null, progress: null })
    try {
      const signal = AbortSignal.any([work.signal, closing])
      const onProgress = (progress: Progress) => showFile(file, { progress })
      const client = await training()
      const { localOnly } = await client.predictCsv(file, mapping, { signal, onProgress }, store.getState().used)
      showFile(file, { result: localOnly })
    } catch (error) {
      if (!work.signal.aborted && !closing.aborted) showFile(file, { error: asData(error) })
    } finally {
      showFile(file, { busy: null, progress: null })
    }
  }

  async function readVersions(): Promise<void> {
    try {
      const info = await parts.when('info')
      history ??= createModelHistory(access, study)
      const [models, current, past] = await Promise.all([
        modelVersions(access, study),
        currentModel(access, study),
        history(),
      ])
      const newest = past.rollbacks.at(-1)
      const isBack = newest !== undefined && current?.version === newest.to
      const versions: VersionsView = {
        rows: models.map(model => versionRow(model, past)),
        recommended: current === undefined ? null : Number(current.version),
        rollback: isBack ? newest.reason : null,
        info,
        opened: past.opened,
      }
      store.setState({ versions, versionsError: null })
    } catch (error) {
      if (!closing.aborted) store.setState({ versionsError: asData(error) })
    }
  }

  return {
    store,
    deployment: access.deployment,
    computeDetails() {
      if (computing !== null) return
      computing = new AbortController()
      void compute(computing)
    },
    cancelDetails: () => computing?.abort(),
    async predict(input) {
      const { used } = store.getState()
      const round = used ?? installed()
      const { localOnly } = await (await training()).predict(input, used)
      store.setState({ prediction: { input, prediction: localOnly, round } })
    },
    forgetPrediction: () => store.setState({ prediction: null }),
    chooseFile(file) {
      predicting?.abort()
      if (file === null) return store.setState({ file: null })
      store.setState({
        file: { file, check: null, mapping: {}, busy: 'checking', progress: null, result: null, error: null },
      })
      void check(file, null)
    },
    mapColumn(column, from) {
      const shown = store.getState().file
      if (shown === null) return
      const mapping = { ...shown.mapping, [column]: from }
      showFile(shown.file, { mapping })
      void check(shown.file, mapping)
    },
    predictFile() {
      const shown = store.getState().file
      if (shown === null || shown.busy !== null) return
      predicting = new AbortController()
      void predictAll(shown, predicting)
    },
    cancelFile: () => predicting?.abort(),
    exportModel: async () => (await (await training()).exportModel(store.getState().used)).localOnly,
    readVersions,
    async pickVersion(version) {
      if (version === null || version.round === installed()) return store.setState({ used: null, prediction: null })
      await opening(version, async used => store.setState({ used, prediction: null }))
    },
    async compare(version) {
      if (version === null) return store.setState({ compared: null })
      await opening(version, async opened => {
        const client = await training()
        const { localOnly } = await client.details({ signal: closing }, { version: opened, withLocal: false })
        store.setState({ compared: { round: version.round, details: localOnly } })
      })
    },
    async rollback(version, reason) {
      await rollbackModel(access, study, BigInt(version), reason)
      await readVersions()
    },
  }
}

function versionRow(
  { version, round, time, seats, metric, modelHash, header }: Awaited<ReturnType<typeof modelVersions>>[number],
  { models }: ModelHistory,
): VersionRow {
  const record = models.find(model => model.round === round && model.modelHash === modelHash)
  const signatures = [...seats.toString(2)].filter(bit => bit === '1').length
  return {
    version: Number(version),
    round,
    time,
    metric,
    signatures,
    signers: record?.signers ?? [],
    modelHash,
    header,
    transaction: record?.transaction ?? null,
  }
}

function asData(error: unknown): AppErrorData {
  if (isAppError(error)) return error.toData()
  console.error(error)
  return { code: 'app.bug', details: { reason: error instanceof Error ? error.message : String(error) } }
}
