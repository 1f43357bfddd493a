import type { Address, Hex } from '../study/types.ts'
import type { Evaluation, Progress, StudySnapshot } from './ports.ts'

/** One thing a hospital does in a round. At most one runs at a time; each can be stopped and begun again. */
export type Task =
  | { readonly type: 'install'; readonly round: number }
  | { readonly type: 'prepare'; readonly round: number }
  | { readonly type: 'contribute'; readonly round: number; readonly seed?: Hex }
  | { readonly type: 'unseal'; readonly round: number }
  | { readonly type: 'prove'; readonly round: number }
  | { readonly type: 'review'; readonly round: number }
  | { readonly type: 'reveal'; readonly round: number }
  | { readonly type: 'unmask'; readonly round: number }
  | { readonly type: 'score'; readonly round: number }
  | { readonly type: 'recover'; readonly round: number; readonly opening: number }
  | { readonly type: 'conclude'; readonly round: number; readonly drawn?: number }
  | { readonly type: 'advance'; readonly round: number; readonly deadline: number }
  | { readonly type: 'evaluate'; readonly round: number; readonly final: boolean }

export type TaskType = Task['type']

/** What this hospital's screen may show of a model. */
export interface EvaluatedModel {
  readonly round: number
  readonly federated: Evaluation
  readonly local: Evaluation | null
  readonly majorityAccuracy: number
}

/** All that the machine knows. The chain's snapshot decides; the rest is what happened in this tab since it opened. */
export interface HospitalState {
  readonly self: Address
  readonly snapshot: StudySnapshot | null
  /** What runs now. */
  readonly task: Task | null
  readonly progress: Progress | null
  /** The model that the trainer holds as its base; round 0 is the study's initial model. */
  readonly installed: InstalledModel
  /** Round of the last model that was evaluated here, and whether that was the final evaluation. */
  readonly evaluated: number
  readonly finished: boolean
  readonly evaluations: readonly EvaluatedModel[]
  /** Transactions sent and not yet seen in a snapshot: `type:round` → chain time. */
  readonly sent: Readonly<Record<string, number>>
  /** The last round that this hospital stayed out of because its privacy budget does not cover it; 0: none. */
  readonly abstained: number
  /** Key of the last task that cannot succeed any more, whatever is tried; null: none. */
  readonly givenUp: string | null
  /** Failures in a row of the current task and the chain time before which it is not tried again. */
  readonly failures: number
  readonly retryAt: number
  readonly lastError: { readonly task: Task; readonly error: unknown } | null
  /** Set by the person, or when a wallet prompt was declined; nothing new begins until 'resume'. */
  readonly paused: boolean
}

export type HospitalEvent =
  | { readonly type: 'snapshot'; readonly snapshot: StudySnapshot }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly task: Task; readonly result?: TaskResult }
  | {
      readonly type: 'failed'
      readonly task: Task
      readonly error: unknown
      readonly declined: boolean
      /** No further try can go better: what it takes is gone. */
      readonly isFinal?: boolean
    }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }

export interface InstalledModel {
  readonly round: number
  readonly hash: Hex
}

/** The contract's word for "no model yet". */
export const NO_HASH: Hex = `0x${'0'.repeat(64)}`

export type TaskResult =
  | { readonly installed: InstalledModel }
  | { readonly sent: true }
  | { readonly abstained: number }
  | { readonly evaluation: EvaluatedModel }

export type Effect =
  | { readonly type: 'start'; readonly task: Task; readonly snapshot: StudySnapshot }
  | { readonly type: 'cancel'; readonly task: Task }
  | { readonly type: 'forget'; readonly beforeRound: number }

export interface Transition {
  readonly state: HospitalState
  readonly effects: readonly Effect[]
}

export function initialState(self: Address): HospitalState {
  return {
    self,
    snapshot: null,
    task: null,
    progress: null,
    installed: { round: 0, hash: NO_HASH },
    evaluated: 0,
    finished: false,
    evaluations: [],
    sent: {},
    abstained: 0,
    givenUp: null,
    failures: 0,
    retryAt: 0,
    lastError: null,
    paused: false,
  }
}
