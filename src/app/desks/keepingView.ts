import type { AppErrorData } from '../../errors/AppError.ts'
import type { StorageUsage } from '../../storage/heliaStore.ts'
import type { HospitalHistory } from '../keeping/history.ts'

/** This study's keys: a duty key that signs, an encryption key that opens. */
export interface KeysView {
  /** Whether this browser holds them. */
  readonly isHere: boolean
  /** Whether the registry knows keys of this hospital for this study, and whether they are these; null: not read. */
  readonly isRegistered: boolean | null
  readonly isSame: boolean | null
  /** Unix seconds: when the hospital joined, and with it registered its keys; null: not a member, or not read. */
  readonly registeredAt: number | null
}

/** What is this hospital's own, as its page shows it. Amounts in the smallest unit of credit (18 decimals). */
export interface KeepingView {
  readonly balance: { readonly stake: bigint; readonly reward: bigint; readonly forfeited: bigint } | null
  /** Credits in the wallet, and wei for gas. */
  readonly wallet: { readonly credits: bigint; readonly gas: bigint } | null
  /** Whether the contract would pay the stake out now; null before it was looked at. */
  readonly isStakeFree: boolean | null
  readonly keys: KeysView | null
  readonly history: HospitalHistory | null
  /** What this study keeps in this browser. */
  readonly usage: StorageUsage | null
  /** Bytes that are kept to prove rounds of training; null where the study proves none, and before that was read. */
  readonly proofBytes: number | null
  /** Why the last look failed; what was read before still stands. */
  readonly error: AppErrorData | null
}

export const initialKeepingView: KeepingView = {
  balance: null,
  wallet: null,
  isStakeFree: null,
  keys: null,
  history: null,
  usage: null,
  proofBytes: null,
  error: null,
}
