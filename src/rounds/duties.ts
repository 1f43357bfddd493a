import { sameAddress } from '../study/types.ts'
import { Phase, type StudySnapshot } from './ports.ts'
import { has, hasSeat } from './sets.ts'
import type { HospitalState, Task } from './state.ts'

/** A transaction that a snapshot does not show after this many seconds of chain time was lost, in a reorg say. */
export const LOST_AFTER_SECONDS = 12
/** How long each further hospital waits before it, too, calls advance(). */
export const ADVANCE_STAGGER_SECONDS = 3

/**
 * The next thing this hospital owes, or null. Decided from the chain's snapshot alone, but for what the trainer holds
 * and which transactions are on their way.
 */
export function nextTask(state: HospitalState): Task | null {
  const { snapshot } = state
  if (snapshot === null || state.paused) return null
  const me = memberIndex(snapshot, state)
  // By hash, not by number: a reorg can replace a model.
  if (snapshot.modelHash !== state.installed.hash && holdsModel(snapshot, me)) {
    return { type: 'install', round: snapshot.modelRound }
  }
  if (snapshot.phase === Phase.Ended) {
    if (snapshot.modelRound === 0 || state.finished || me === null || !holdsModel(snapshot, me)) return null
    return { type: 'evaluate', round: snapshot.modelRound, final: true }
  }
  if (me !== null && !isPastDeadline(snapshot)) {
    const duty = phaseDuty(snapshot, me)
    const isLeftOut = duty?.type === 'contribute' && duty.round === state.abstained
    if (duty !== null && !isLeftOut && !isOnItsWay(state, duty)) return duty
  }
  const advance = overdue(snapshot, me)
  if (advance !== null && !isOnItsWay(state, advance)) return advance
  if (me !== null && state.installed.round > state.evaluated) {
    return { type: 'evaluate', round: state.installed.round, final: false }
  }
  return null
}

/** This hospital's number in the study, by order of joining; null when it is no member. */
export function memberIndex(snapshot: StudySnapshot, state: Pick<HospitalState, 'self'>): number | null {
  const index = snapshot.members.findIndex(member => sameAddress(member, state.self))
  return index < 0 ? null : index
}

/**
 * Whether this hospital can open the last finalised model; true also where there is none, so that what a reorg took back is
 * taken back here. Who joined after the surviving set was frozen waits for the next one.
 */
export function holdsModel({ modelRound, modelMembers }: StudySnapshot, me: number | null): boolean {
  return modelRound === 0 || (me !== null && me < modelMembers)
}

/** The seat this member holds this round; null when it holds none. */
export function seatOf(snapshot: StudySnapshot, me: number): number | null {
  const seat = snapshot.seats.indexOf(me)
  return seat < 0 ? null : seat
}

export function taskKey(task: Task): string {
  return task.type === 'advance' ? `advance:${task.round}:${task.deadline}` : `${task.type}:${task.round}`
}

/** Tasks that may be dropped the moment something with a deadline is owed. */
export function isPreemptible(task: Task): boolean {
  return task.type === 'evaluate'
}

function phaseDuty(snapshot: StudySnapshot, me: number): Task | null {
  const { round } = snapshot
  const seat = seatOf(snapshot, me)
  switch (snapshot.phase) {
    case Phase.Train:
      return has(snapshot.participants, me) && !has(snapshot.submitted, me) ? { type: 'contribute', round } : null
    case Phase.Attest:
      return seat !== null && !hasSeat(snapshot.attested, seat) ? { type: 'review', round } : null
    case Phase.Score:
      return seat !== null && hasSeat(snapshot.attested, seat) && !hasSeat(snapshot.revealed, seat)
        ? { type: 'reveal', round }
        : null
    case Phase.Aggregate:
      return seat !== null && !hasSeat(snapshot.signed, seat) ? { type: 'conclude', round } : null
    default:
      return null
  }
}

/** The contract takes nothing any more that the phase asked for: it can only be moved on. */
function isPastDeadline({ deadline, time }: StudySnapshot): boolean {
  return deadline !== 0 && time >= deadline
}

/** Anyone may advance an overdue phase; hospitals take turns so that seldom two pay for it. */
function overdue(snapshot: StudySnapshot, me: number | null): Task | null {
  if (snapshot.deadline === 0 || snapshot.phase <= Phase.Draft) return null
  const count = Math.max(1, snapshot.members.length)
  const turn = me === null ? count : (me + snapshot.round + snapshot.phase) % count
  if (snapshot.time <= snapshot.deadline + turn * ADVANCE_STAGGER_SECONDS) return null
  return { type: 'advance', round: snapshot.round, deadline: snapshot.deadline }
}

function isOnItsWay(state: HospitalState, task: Task): boolean {
  const sentAt = state.sent[taskKey(task)]
  return sentAt !== undefined && state.snapshot !== null && state.snapshot.time < sentAt + LOST_AFTER_SECONDS
}
