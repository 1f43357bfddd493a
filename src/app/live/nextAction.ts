import { holdsModel, memberIndex } from '../../rounds/duties.ts'
import type { Progress } from '../../rounds/ports.ts'
import type { TaskType } from '../../rounds/state.ts'
import { isRunning } from '../phases.ts'
import type { HospitalView } from '../store.ts'
import { isInRound } from './missing.ts'

/** The one thing that the person at this tab should know of what they have to do. Usually nothing. */
export type NextAction =
  /** The wallet is open and waits. `call`: the contract's function. */
  | { readonly kind: 'sign'; readonly call: string }
  | { readonly kind: 'chooseFile' | 'join' | 'resume' | 'retry' | 'reload' }
  /** Nothing to do: this tab works. `share`: 0 to 1, null where it is not known. */
  | {
      readonly kind: 'works'
      readonly task: TaskType
      readonly stage: Progress['stage'] | null
      readonly share: number | null
    }
  /** Nothing to do but wait. */
  | {
      readonly kind:
        | 'waits'
        | 'waitsForStart'
        | 'comesInLater'
        | 'sitsOut'
        | 'usedUp'
        | 'left'
        | 'starting'
        | 'otherTab'
    }
  | { readonly kind: 'done' }

/** Whether the person is asked for something. */
export function isAsked({ kind }: NextAction): boolean {
  return ['sign', 'chooseFile', 'join', 'resume', 'retry', 'reload'].includes(kind)
}

/** @returns what to do now, from everything that the page knows; also where nothing is known yet */
export function nextAction(view: HospitalView): NextAction {
  const { stage, live } = view
  // A wallet that is open hides everything else.
  if (live.asking !== null) return { kind: 'sign', call: live.asking }
  switch (stage) {
    case 'needsData':
      return { kind: 'chooseFile' }
    case 'ready':
      return { kind: 'join' }
    case 'failed':
      return { kind: 'reload' }
    case 'done':
      return { kind: 'done' }
    case 'wrongTab':
      return { kind: 'otherTab' }
    case 'running':
      return whileRunning(view)
    default:
      return { kind: 'starting' }
  }
}

function whileRunning({ round, live, address, study }: HospitalView): NextAction {
  const snapshot = round?.snapshot ?? null
  if (round === null || snapshot === null) return { kind: 'starting' }
  if (round.paused) return { kind: round.lastError === null ? 'resume' : 'retry' }
  if (round.task !== null) {
    const { progress } = round
    const share = progress !== null && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null
    return { kind: 'works', task: round.task.type, stage: progress?.stage ?? null, share }
  }
  if (snapshot.round === 0) return { kind: 'waitsForStart' }
  if (isInRound(snapshot, address)) return { kind: 'waits' }
  if (live.hasLeft) return { kind: 'left' }
  if (live.vetoes.includes(snapshot.round)) return { kind: 'sitsOut' }
  const me = address === null ? null : memberIndex(snapshot, { self: address })
  const most = study?.manifest.proving?.contributions
  if (me !== null && most !== undefined && (snapshot.contributions[me] ?? 0) >= most) return { kind: 'usedUp' }
  return { kind: isRunning(snapshot) || !holdsModel(snapshot, me) ? 'comesInLater' : 'waits' }
}
