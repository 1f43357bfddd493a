import type { StorageStatus } from '../../storage/heliaStore.ts'
import type { ChainClock } from '../live/chainClock.ts'

/** One round as the curves show it; a measure is null where it was not taken. */
export interface CurvePoint {
  /** The contract's number. */
  readonly round: number
  readonly federated: { readonly accuracy: number; readonly logLoss: number } | null
  readonly local: { readonly accuracy: number; readonly logLoss: number } | null
}

/** The loss of the batches of one round's training, thinned out. For this screen only. */
export interface LiveLoss {
  /** The contract's number. */
  readonly round: number
  /** Batches done so far, ascending. */
  readonly steps: readonly number[]
  readonly losses: readonly number[]
}

/** What this account's transactions of the study came to. */
export interface ChainCalls {
  readonly confirmed: number
  readonly failed: number
  readonly gasUsed: bigint
  readonly feeWei: bigint
}

/** The running study, as its page shows it, beside the runner's own state. */
export interface LiveView {
  readonly curve: readonly CurvePoint[]
  readonly loss: LiveLoss | null
  /** Rounds, by the contract's numbers, that this hospital has said it will sit out. */
  readonly vetoes: readonly number[]
  /** Rounds whose veto was taken back: the contract lets that be said once. */
  readonly settledVetoes: readonly number[]
  /** The chain's clock as it was last read; null before the first look. */
  readonly clock: ChainClock | null
  /** Relays, peers and uploads that wait; null before the storage node runs. */
  readonly storage: StorageStatus | null
  readonly calls: ChainCalls
  /** The contract's function that a wallet asks about just now; null where none is open. */
  readonly asking: string | null
  /** Whether this hospital has left: it takes part in no further round. */
  readonly hasLeft: boolean
  /** The screen stays on while the study runs. */
  readonly keepsAwake: boolean
}

export const initialLiveView: LiveView = {
  curve: [],
  loss: null,
  vetoes: [],
  settledVetoes: [],
  clock: null,
  storage: null,
  calls: { confirmed: 0, failed: 0, gasUsed: 0n, feeWei: 0n },
  asking: null,
  hasLeft: false,
  keepsAwake: false,
}
