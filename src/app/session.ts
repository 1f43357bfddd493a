import type { Wallet } from '../chain/clients.ts'
import type { JoinDesk } from './desks/joining.ts'
import type { KeepingDesk } from './desks/keeping.ts'
import type { ModelDesk } from './desks/model.ts'
import type { PrivacyDesk } from './desks/privacy.ts'
import type { RoundDesk } from './desks/rounds.ts'
import type { Invitation } from './invitation.ts'
import type { ListedStudy, Site } from './site.ts'
import type { HospitalStore } from './store.ts'

/**
 * One hospital at work in this tab. The page shows its store and calls its desks; nothing else. A desk's method that a person
 * waits for returns a promise and throws AppErrors, which the page shows where the person acted.
 */
export interface HospitalSession {
  readonly store: HospitalStore
  /** From choosing data to being in. */
  readonly joining: JoinDesk
  /** The running study: pause, leave, veto. */
  readonly rounds: RoundDesk
  /** Results in detail, and the model's use. */
  readonly model: ModelDesk
  /** What is this hospital's own: credits, keys, storage, lock. */
  readonly keeping: KeepingDesk
  /** What may be known of the patients. */
  readonly privacy: PrivacyDesk
  /** Lets go of worker, node, locks and timers. What must not happen twice is journalled. */
  close(): Promise<void>
}

export interface SessionOptions {
  readonly site: Site
  readonly study: ListedStudy
  readonly wallet: Wallet
  readonly name: string
  /** The demo account's number, from 1; null for a wallet. Says which patients of a shipped study are this hospital's. */
  readonly number: number | null
  /** Joins without asking, as soon as it can. */
  readonly auto: boolean
  /** Trains on this backend or not at all; null: the fastest. */
  readonly backend: string | null
  /** What the link brought for a hospital that nobody admitted yet. */
  readonly invitation: Invitation | null
}

/** Starts a hospital; what follows shows in its store. */
export type OpenHospital = (options: SessionOptions) => HospitalSession

/** Fetches what opening a hospital takes, which a page that only lists studies does without. */
export type LoadHospital = () => Promise<OpenHospital>
