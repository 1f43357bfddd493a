import type { StudyInfo } from '../chain/reads.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import type { HospitalKeys, KeyOwner } from '../crypto/keys.ts'
import type { ChainPort } from '../rounds/ports.ts'
import type { Runner } from '../rounds/runner.ts'
import type { HeliaStore } from '../storage/heliaStore.ts'
import type { Manifest } from '../study/manifest.ts'
import type { TrainingClient } from '../training/client.ts'
import type { PrivacyDesk, PrivacyKeeper } from './desks/privacy.ts'
import type { Parts } from './parts.ts'
import type { SessionOptions } from './session.ts'
import type { HospitalStore } from './store.ts'

/** What a hospital's session consists of, in the order in which it comes to be. */
export interface HospitalParts {
  readonly blobs: HeliaStore
  readonly chain: ChainPort
  readonly info: StudyInfo
  readonly keys: HospitalKeys
  readonly manifest: Manifest
  /** The worker, before any patients are loaded. */
  readonly worker: TrainingClient
  /** The same, with patients loaded and the study configured. */
  readonly training: TrainingClient
  /** Null where the study has no differential privacy. */
  readonly privacy: (PrivacyKeeper & PrivacyDesk) | null
  readonly runner: Runner
}

/** What the desks of a session work with. */
export interface HospitalContext {
  readonly options: SessionOptions
  readonly access: ChainAccess
  readonly owner: KeyOwner
  /** Names this hospital's databases and locks in this browser. */
  readonly namespace: string
  readonly store: HospitalStore
  readonly parts: Parts<HospitalParts>
  /** Aborts when the page closes. */
  readonly signal: AbortSignal
  /** Runs when the page closes, last in first out. */
  onClose(cleanup: () => unknown): void
}
