import { Mode, Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import { NO_HASH } from '../rounds/state.ts'

/** A made-up study in a training round, for unit tests; nobody has joined or acted. */
export function testSnapshot(change: Partial<StudySnapshot> = {}): StudySnapshot {
  return {
    phase: Phase.Train,
    kind: RoundKind.Training,
    endReason: 0,
    round: 2,
    completed: 0,
    voids: 0,
    deadline: 100,
    time: 50,
    participants: 0n,
    submitted: 0n,
    survivors: 0n,
    seats: [],
    attested: 0,
    revealed: 0,
    signed: 0,
    opened: [],
    members: [],
    updates: [],
    modelRound: 1,
    modelMembers: 0,
    modelHash: NO_HASH,
    modelHeader: NO_HASH,
    mode: Mode.Committee,
    weights: [],
    drawn: 0,
    opening: 0,
    shared: 0,
    drawable: false,
    masks: [],
    shares: [],
    scored: false,
    answered: 0,
    products: [],
    ...change,
  }
}
