import type { Wallet } from '../chain/clients.ts'
import type { ListedStudy, Site } from './site.ts'
import type { HospitalStore } from './store.ts'

/** One hospital at work in this tab. The page shows its store and calls these; nothing else. */
export interface HospitalSession {
  readonly store: HospitalStore
  /** Own files: the person's choice. Bad files end in the store's error, and another may be chosen. */
  chooseFile(file: File): void
  /** Puts down the stake and enters the study; nothing to do for a hospital that is in it already. */
  join(): void
  pause(): void
  resume(): void
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
}

/** Starts a hospital; what follows shows in its store. */
export type OpenHospital = (options: SessionOptions) => HospitalSession
