import type { FrozenHospital } from '../aggregation/masking/freeze.ts'
import { sameAddress } from '../study/types.ts'
import { Mode, Phase, type RoundDraw, RoundKind, type StudySnapshot } from './ports.ts'
import { has, hasSeat, indices } from './sets.ts'
import type { HospitalState, Task } from './state.ts'

/** A transaction that a snapshot does not show after this many seconds of chain time was lost, in a reorg say. */
export const LOST_AFTER_SECONDS = 12
/** How long each further hospital waits before it, too, calls advance(). */
export const ADVANCE_STAGGER_SECONDS = 3

/** How long after a draw began only the first in turn asks for it. */
export const DRAW_HEAD_START_SECONDS = 9

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
    if (duty !== null && !isLeftOut && !isGivenUp(state, duty) && !isOnItsWay(state, duty)) return duty
  }
  // Before the study is moved on: a round that starts counts only who is prepared.
  if (me !== null && owesPreparation(snapshot, me)) {
    const task: Task = { type: 'prepare', round: snapshot.round }
    if (!isGivenUp(state, task) && !isResting(state, task) && !isOnItsWay(state, task)) return task
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

/**
 * What a member's round of a proven study follows from: the order of its batches, and its noise. The same before it submits and when it
 * proves.
 */
export function drawOf({ roundSeed, contributions }: StudySnapshot, member: number): RoundDraw {
  return { seed: roundSeed, member, contribution: (contributions[member] ?? 0) - 1 }
}

/** Whether the phase ends with a block whose hash draws: its deadline says nothing before that is mined. */
export function endsWithDraw({ phase, missed }: Pick<StudySnapshot, 'phase' | 'missed'>): boolean {
  return phase === Phase.Draw || (phase === Phase.Reveal && missed)
}

/** The set that a masked round froze, in member order; those of weight 0 are not in it. */
export function frozenSet({ members, survivors, weights }: StudySnapshot): FrozenHospital[] {
  return indices(survivors).flatMap(index => {
    const weight = weights[index] ?? 0
    const hospital = members[index]
    return weight === 0 || hospital === undefined ? [] : [{ index, hospital, weight }]
  })
}

/** Whether seats of a masked study score the parts of this round's sum. Round zero's sums of columns they do not. */
export function isScoredSum({ scored, kind }: Pick<StudySnapshot, 'scored' | 'kind'>): boolean {
  return scored && kind === RoundKind.Training
}

export function taskKey(task: Task): string {
  switch (task.type) {
    case 'advance':
      return `advance:${task.round}:${task.deadline}`
    // Once for the whole study: a round that begins meanwhile changes nothing.
    case 'prepare':
      return 'prepare'
    // What a proven round is trained by follows from its seed, which a reorg changes.
    case 'contribute':
      return task.seed === undefined ? `contribute:${task.round}` : `contribute:${task.round}:${task.seed}`
    // A seat may be drawn again within a round: what was sent for the first draw does not answer the second.
    case 'recover':
      return `recover:${task.round}:${task.opening}`
    case 'conclude':
      return task.drawn ? `conclude:${task.round}:${task.drawn}` : `conclude:${task.round}`
    default:
      return `${task.type}:${task.round}`
  }
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
      if (!has(snapshot.participants, me) || has(snapshot.submitted, me)) return null
      return { type: 'contribute', round, ...(snapshot.proven && { seed: snapshot.roundSeed }) }
    case Phase.Reveal:
      return snapshot.revealable && has(snapshot.submitted, me) && !has(snapshot.unsealed, me)
        ? { type: 'unseal', round }
        : null
    case Phase.Audit:
      return has(snapshot.audited & ~snapshot.cleared & ~snapshot.failed, me) ? { type: 'prove', round } : null
    case Phase.Attest:
      return seat !== null && !hasSeat(snapshot.attested, seat) ? { type: 'review', round } : null
    case Phase.Score:
      if (snapshot.mode === Mode.Masked) {
        const owes = seat !== null && hasSeat(snapshot.revealed, seat) && !hasSeat(snapshot.answered, seat)
        return owes ? { type: 'score', round } : null
      }
      return seat !== null && hasSeat(snapshot.attested, seat) && !hasSeat(snapshot.revealed, seat)
        ? { type: 'reveal', round }
        : null
    case Phase.Unmask:
      return seat !== null && mustUnmask(snapshot, seat) && !hasSeat(snapshot.revealed, seat)
        ? { type: 'unmask', round }
        : null
    case Phase.Recover:
      return seat !== null && !hasSeat(snapshot.shared, seat) && !isShutOut(snapshot, seat)
        ? { type: 'recover', round, opening: snapshot.opening }
        : null
    case Phase.Aggregate:
      if (seat === null || hasSeat(snapshot.signed, seat) || isShutOut(snapshot, seat)) return null
      return { type: 'conclude', round, ...(snapshot.drawn !== 0 && { drawn: snapshot.drawn }) }
    default:
      return null
  }
}

/** Whether a member of a proven study has yet to say which patients it will train on: before that it takes part in no round. */
function owesPreparation({ proven, prepared, phase }: StudySnapshot, me: number): boolean {
  return proven && !has(prepared, me) && phase !== Phase.Draft && phase !== Phase.Ended
}

/** Whether a seat has all the seeds that its sum of masks takes: it attested everybody in the frozen set. */
export function mustUnmask({ attested, opened, survivors }: StudySnapshot, seat: number): boolean {
  return hasSeat(attested, seat) && (survivors & ~(opened[seat] ?? 0n)) === 0n
}

/** Whether a seat of a masked study was given less than the sum takes, by its own word: it cannot read the answers, and owes none. */
function isShutOut(snapshot: StudySnapshot, seat: number): boolean {
  return snapshot.mode === Mode.Masked && hasSeat(snapshot.attested, seat) && !mustUnmask(snapshot, seat)
}

/** The contract takes nothing any more that the phase asked for: it can only be moved on. */
function isPastDeadline({ deadline, time }: StudySnapshot): boolean {
  return deadline !== 0 && time >= deadline
}

/** Anyone may advance an overdue phase; hospitals take turns so that seldom two pay for it. */
function overdue(snapshot: StudySnapshot, me: number | null): Task | null {
  if (snapshot.deadline === 0 || snapshot.phase <= Phase.Draft) return null
  if (endsWithDraw(snapshot) && !snapshot.drawable) return null
  const count = Math.max(1, snapshot.members.length)
  const turn = me === null ? count : (me + snapshot.round + snapshot.phase) % count
  // A draw has no deadline but its block: whoever is not the first waits until the first has plainly had its chance.
  const head = endsWithDraw(snapshot) && turn > 0 ? DRAW_HEAD_START_SECONDS : 0
  if (snapshot.time <= snapshot.deadline + head + turn * ADVANCE_STAGGER_SECONDS) return null
  return { type: 'advance', round: snapshot.round, deadline: snapshot.deadline }
}

function isOnItsWay(state: HospitalState, task: Task): boolean {
  const sentAt = state.sent[taskKey(task)]
  return sentAt !== undefined && state.snapshot !== null && state.snapshot.time < sentAt + LOST_AFTER_SECONDS
}

function isGivenUp(state: HospitalState, task: Task): boolean {
  return taskKey(task) === state.givenUp
}

/** A task that failed and waits for its next try: what can be done meanwhile is done. */
function isResting({ lastError, retryAt, snapshot }: HospitalState, task: Task): boolean {
  return lastError !== null && taskKey(lastError.task) === taskKey(task) && (snapshot?.time ?? 0) < retryAt
}
