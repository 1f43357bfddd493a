import { mustUnmask } from '../rounds/duties.ts'
import { Mode, Phase, type Progress, type StudySnapshot } from '../rounds/ports.ts'
import { sizeOf } from '../rounds/sets.ts'
import type { TaskType } from '../rounds/state.ts'
import { answeredSeats, type ShownPhase, shownPhase } from './phases.ts'
import type { HospitalView } from './store.ts'

/** What is going on, from where this hospital stands. The page has one sentence for each kind. */
export type Situation =
  | {
      readonly kind:
        | 'starting'
        | 'wrongTab'
        | 'needsData'
        | 'checkingDevice'
        | 'ready'
        | 'joining'
        | 'connecting'
        | 'paused'
        | 'finishing'
    }
  | { readonly kind: 'waitingForStart'; readonly joined: number; readonly until: number }
  | { readonly kind: 'working'; readonly task: TaskType; readonly progress: Progress | null }
  | {
      readonly kind: 'waiting'
      readonly phase: ShownPhase
      /** How many of those who owe something in this phase have acted. */
      readonly done: number
      readonly of: number
      /** Unix seconds by the chain's clock; 0 where the phase has no deadline. */
      readonly until: number
    }
  | { readonly kind: 'done'; readonly endReason: number; readonly completed: number }
  | { readonly kind: 'failed' }

/** @returns the one thing that is worth saying now */
export function situationOf(view: HospitalView): Situation {
  const { stage, round } = view
  if (stage !== 'running' && stage !== 'done') return { kind: stage }
  const snapshot = round?.snapshot
  if (!round || !snapshot) return { kind: 'connecting' }
  if (stage === 'done') return { kind: 'done', endReason: snapshot.endReason, completed: snapshot.completed }
  if (round.task !== null) return { kind: 'working', task: round.task.type, progress: round.progress }
  if (round.paused) return { kind: 'paused' }
  if (snapshot.phase <= Phase.Open) {
    return { kind: 'waitingForStart', joined: snapshot.members.length, until: snapshot.deadline }
  }
  if (snapshot.phase === Phase.Ended) return { kind: 'finishing' }
  return { kind: 'waiting', phase: shownPhase(snapshot), ...turnout(snapshot), until: snapshot.deadline }
}

/** Who has acted in this phase, of how many who should. */
export function turnout(snapshot: StudySnapshot): { done: number; of: number } {
  const seats = snapshot.seats.length
  switch (snapshot.phase) {
    case Phase.Train:
      return { done: sizeOf(snapshot.submitted), of: sizeOf(snapshot.participants) }
    case Phase.Reveal:
      // After the deadline, and before reveals are taken, only blocks are waited for.
      if (!snapshot.revealable) return { done: 0, of: 0 }
      return { done: sizeOf(snapshot.unsealed), of: sizeOf(snapshot.submitted) }
    case Phase.Audit:
      return { done: sizeOf(snapshot.cleared), of: sizeOf(snapshot.audited) }
    case Phase.Attest:
      return { done: sizeOf(BigInt(snapshot.attested)), of: seats }
    case Phase.Score:
      // Only who gave its masks can say how they lie along the sum.
      if (snapshot.mode === Mode.Masked) {
        return { done: sizeOf(BigInt(snapshot.answered)), of: sizeOf(BigInt(snapshot.revealed)) }
      }
      return { done: sizeOf(BigInt(snapshot.revealed)), of: seats }
    case Phase.Unmask:
      return {
        done: sizeOf(BigInt(snapshot.revealed)),
        of: snapshot.seats.filter((_, seat) => mustUnmask(snapshot, seat)).length,
      }
    case Phase.Recover: {
      // Seats that answered nothing may open their shares all the same; they are not waited for.
      const awaited = answeredSeats(snapshot)
      return { done: sizeOf(BigInt(snapshot.shared & awaited)), of: sizeOf(BigInt(awaited)) }
    }
    case Phase.Aggregate:
      return { done: sizeOf(BigInt(snapshot.signed)), of: seats }
    default:
      return { done: 0, of: 0 }
  }
}
