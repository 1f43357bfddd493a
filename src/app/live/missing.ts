import { memberIndex, mustUnmask } from '../../rounds/duties.ts'
import { Mode, Phase, type StudySnapshot } from '../../rounds/ports.ts'
import { has, hasSeat } from '../../rounds/sets.ts'
import { type Address, sameAddress } from '../../study/types.ts'
import { answeredSeats, isRunning } from '../phases.ts'

/** How a hospital stands in the running phase. */
export type Standing =
  /** Has done what the phase asks for. */
  | 'done'
  /** Owes it. */
  | 'waiting'
  /** Owes nothing in this phase. */
  | 'free'
  /** Missed an earlier deadline of this round: nobody waits for it any more. */
  | 'missed'
  /** Takes no part in this round. */
  | 'out'

export interface RollRow {
  readonly address: Address
  /** Order of joining, from 0. */
  readonly index: number
  readonly isMe: boolean
  readonly isSeat: boolean
  readonly standing: Standing
}

/**
 * Everybody in the study and what they owe now: the whole roll, so that nobody has to remember who is absent from a list.
 *
 * @returns in order of joining; empty before the study was looked at
 */
export function rollOf(snapshot: StudySnapshot | null, self: Address | null): readonly RollRow[] {
  if (snapshot === null) return []
  return snapshot.members.map((address, index) => ({
    address,
    index,
    isMe: self !== null && sameAddress(address, self),
    isSeat: isRunning(snapshot) && snapshot.seats.includes(index),
    standing: standingOf(snapshot, index),
  }))
}

/** Those that the phase waits for. */
export function missingOf(roll: readonly RollRow[]): readonly RollRow[] {
  return roll.filter(({ standing }) => standing === 'waiting')
}

/** Whether this hospital takes part in the running round. */
export function isInRound(snapshot: StudySnapshot | null, self: Address | null): boolean {
  if (snapshot === null || self === null || !isRunning(snapshot)) return false
  const me = memberIndex(snapshot, { self })
  return me !== null && has(snapshot.participants, me)
}

function standingOf(snapshot: StudySnapshot, index: number): Standing {
  if (!isRunning(snapshot)) return 'free'
  if (!has(snapshot.participants, index)) return 'out'
  if (snapshot.phase === Phase.Train) return has(snapshot.submitted, index) ? 'done' : 'waiting'
  if (snapshot.phase === Phase.Reveal || snapshot.phase === Phase.Audit) return proverStanding(snapshot, index)
  const seat = snapshot.seats.indexOf(index)
  if (seat < 0) return has(snapshot.submitted & ~snapshot.failed, index) ? 'free' : 'missed'
  switch (snapshot.phase) {
    case Phase.Attest:
      return hasSeat(snapshot.attested, seat) ? 'done' : 'waiting'
    case Phase.Score:
      if (snapshot.mode === Mode.Masked) {
        if (hasSeat(snapshot.revealed, seat)) return hasSeat(snapshot.answered, seat) ? 'done' : 'waiting'
        return withoutMasks(snapshot, seat)
      }
      if (!hasSeat(snapshot.attested, seat)) return 'missed'
      return hasSeat(snapshot.revealed, seat) ? 'done' : 'waiting'
    case Phase.Unmask:
      if (hasSeat(snapshot.revealed, seat)) return 'done'
      // A seat that could not check everybody lacks a seed: its part is opened from the others' shares, at no fault of its own.
      if (mustUnmask(snapshot, seat)) return 'waiting'
      return hasSeat(snapshot.attested, seat) ? 'free' : 'missed'
    case Phase.Draw:
    case Phase.Recover:
      if (!hasSeat(snapshot.revealed, seat)) return withoutMasks(snapshot, seat)
      if (!hasSeat(answeredSeats(snapshot), seat)) return 'missed'
      if (snapshot.phase === Phase.Draw) return 'free'
      return hasSeat(snapshot.shared, seat) ? 'done' : 'waiting'
    case Phase.Aggregate:
      if (hasSeat(snapshot.signed, seat)) return 'done'
      return hasSeat(snapshot.attested, seat) ? 'waiting' : 'missed'
    default:
      return 'free'
  }
}

/** Reveals and proofs are the participants' own, whether or not they hold a seat. */
function proverStanding(snapshot: StudySnapshot, index: number): Standing {
  const { phase, submitted, failed, unsealed, audited, cleared, revealable } = snapshot
  if (!has(submitted & ~failed, index)) return 'missed'
  if (phase === Phase.Reveal) {
    if (has(unsealed, index)) return 'done'
    // Blocks have to come first.
    return revealable ? 'waiting' : 'free'
  }
  if (!has(audited, index)) return 'free'
  return has(cleared, index) ? 'done' : 'waiting'
}

/** A seat that gave no masks: at no fault of its own where it lacked a seed. */
function withoutMasks(snapshot: StudySnapshot, seat: number): Standing {
  return mustUnmask(snapshot, seat) || !hasSeat(snapshot.attested, seat) ? 'missed' : 'free'
}
