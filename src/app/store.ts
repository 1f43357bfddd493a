import { createStore, type StoreApi } from 'zustand/vanilla'
import { AppError, type AppErrorData, isAppError } from '../errors/AppError.ts'
import type { Evaluation } from '../rounds/ports.ts'
import type { HospitalState } from '../rounds/state.ts'
import { noTraffic, type Traffic } from '../storage/BlobStore.ts'
import type { Manifest } from '../study/manifest.ts'
import type { Address } from '../study/types.ts'
import { type AuditsView, initialAuditsView } from './desks/auditsView.ts'
import { initialJoinView, type JoinView } from './desks/joinView.ts'
import { initialKeepingView, type KeepingView } from './desks/keepingView.ts'
import { initialLiveView, type LiveView } from './desks/liveView.ts'
import { initialPrivacyView, type PrivacyView } from './desks/privacyView.ts'

/** Where this tab stands, from opening to the end of the study. */
export type Stage =
  /** Keys, storage node and worker start. */
  | 'starting'
  /** This hospital is open in another tab of this browser; the person may take it over. */
  | 'wrongTab'
  /** The person says which patients are this hospital's. */
  | 'needsData'
  /** What this computer can do is measured. */
  | 'checkingDevice'
  /** Ready to put the stake down; waits for the person unless started automatically. */
  | 'ready'
  /** Transactions that enter the study are under way. */
  | 'joining'
  /** The runner drives the rounds; `round` says what happens. */
  | 'running'
  | 'done'
  | 'failed'

/** Seconds of this hospital's study, by what they were spent on; what remains is waiting for others. */
export interface Seconds {
  readonly total: number
  readonly train: number
  readonly encrypt: number
  readonly store: number
  readonly chain: number
  readonly wait: number
}

/** What this hospital gained: both models on the same held-out patients of its own. */
export interface HospitalResult {
  readonly name: string
  readonly address: Address
  /** All patients of this hospital, held-out ones included. */
  readonly patients: number
  /** Share of the most frequent outcome among the held-out patients: what guessing reaches. */
  readonly majorityAccuracy: number
  readonly federated: Evaluation
  readonly local: Evaluation | null
  /** Federated accuracy after each round that was evaluated here. */
  readonly history: readonly { readonly round: number; readonly accuracy: number }[]
  /** Passes over this hospital's training patients, all rounds together. */
  readonly epochs: number
  readonly backend: string
  readonly traffic: Traffic
  readonly seconds: Seconds
}

export interface LogLine {
  readonly id: number
  /** Milliseconds since 1970, this computer's clock. */
  readonly time: number
  readonly level: 'info' | 'warning' | 'error'
  readonly text: string
}

/** Everything that a hospital's page shows. The session writes it; pages only read. */
export interface HospitalView {
  readonly name: string
  /** Demo account's number; null for a wallet. */
  readonly number: number | null
  readonly address: Address | null
  readonly study: { readonly address: Address; readonly manifest: Manifest; readonly rounds: number } | null
  readonly stage: Stage
  /** The runner's own state, by reference: nothing of it is copied. */
  readonly round: HospitalState | null
  readonly backend: string | null
  readonly patients: number | null
  readonly traffic: Traffic
  /** What the desks show, each its own. */
  readonly joining: JoinView
  /** Names of everybody in the study, by address in lower case, as the issuers admitted them. */
  readonly people: Readonly<Record<string, string>>
  readonly live: LiveView
  readonly keeping: KeepingView
  readonly privacy: PrivacyView
  readonly audits: AuditsView
  readonly log: readonly LogLine[]
  readonly result: HospitalResult | null
  readonly error: AppErrorData | null
}

/** Lines kept; older ones are dropped, so that a study of a thousand rounds does not fill the memory. */
const LOG_LINES = 500

export type HospitalStore = StoreApi<HospitalView>

/** The one store of a hospital's page. */
export function createHospitalStore(who: Pick<HospitalView, 'name' | 'number' | 'address'>): HospitalStore {
  return createStore<HospitalView>(() => ({
    ...who,
    study: null,
    stage: 'starting',
    round: null,
    backend: null,
    patients: null,
    traffic: noTraffic,
    joining: initialJoinView,
    people: {},
    live: initialLiveView,
    keeping: initialKeepingView,
    privacy: initialPrivacyView,
    audits: initialAuditsView,
    log: [],
    result: null,
    error: null,
  }))
}

/** Adds a line to the log of steps. Never pass it anything about a patient. */
export function addLog(store: HospitalStore, text: string, level: LogLine['level'] = 'info'): void {
  const { log } = store.getState()
  const id = (log.at(-1)?.id ?? 0) + 1
  store.setState({ log: [...log.slice(1 - LOG_LINES), { id, time: Date.now(), level, text }] })
}

/** Ends the session's work in an error that the page shows. Anything but an AppError is a bug and is also logged. */
export function fail(store: HospitalStore, error: unknown): void {
  if (!isAppError(error)) console.error(error)
  const reason = isAppError(error)
    ? error
    : new AppError('app.bug', { reason: error instanceof Error ? error.message : String(error) }, error)
  addLog(store, reason.message, 'error')
  store.setState({ stage: 'failed', error: reason.toData() })
}
