import { memberIndex } from '../../rounds/duties.ts'
import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import { has } from '../../rounds/sets.ts'
import type { HospitalState } from '../../rounds/state.ts'
import type { Address } from '../../study/types.ts'
import { phasePlace } from '../phases.ts'

/**
 * Whether the contract would pay a member's stake out now: after the study's end, or once it has left and its round is over.
 *
 * @returns null where that is not known, or it is no member
 */
export function isStakeFree(snapshot: StudySnapshot | null, self: Address, hasLeft: boolean): boolean | null {
  if (snapshot === null) return null
  const me = memberIndex(snapshot, { self })
  if (me === null) return null
  const { phase, participants } = snapshot
  if (phase === Phase.Ended) return true
  return hasLeft && (phase === Phase.Open || phase === Phase.Settle || !has(participants, me))
}

/** What would be lost if this tab's data went now: an update that is owed or on its way, blobs that no relay has. */
export function unfinished(state: HospitalState | null, pendingUploads: number, asking: string | null): boolean {
  if (pendingUploads > 0 || asking !== null) return true
  if (state === null || state.snapshot === null) return false
  if (state.task !== null && state.task.type !== 'evaluate') return true
  const me = memberIndex(state.snapshot, state)
  const { phase, participants, submitted, seats, proven, failed, audited, cleared } = state.snapshot
  if (me === null || phasePlace(phase) < Phase.Train || phasePlace(phase) >= Phase.Settle) return false
  // Until the draw everybody may have to prove the round, and can only from what is here.
  const provers = phase === Phase.Audit ? audited & ~cleared : submitted
  if (proven && phasePlace(phase) <= Phase.Audit && has(provers & ~failed, me)) return true
  // A seat still owes its duties until the round settles, and nobody else holds its key.
  return seats.includes(me) || (has(participants, me) && !has(submitted, me))
}
