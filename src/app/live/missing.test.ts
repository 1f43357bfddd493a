import { describe, expect, it } from 'vitest'
import { Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { NO_HASH } from '../../rounds/state.ts'
import type { Address } from '../../study/types.ts'
import { isInRound, missingOf, rollOf } from './missing.ts'

const hospitals = [1, 2, 3].map(n => `0x${String(n).repeat(40)}` as Address)
const [first, second] = hospitals as [Address, Address]

function at(phase: Phase, change: Partial<StudySnapshot> = {}): StudySnapshot {
  return {
    phase,
    kind: RoundKind.Training,
    endReason: 0,
    round: 2,
    completed: 0,
    voids: 0,
    deadline: 100,
    time: 50,
    participants: 0b111n,
    submitted: 0n,
    survivors: 0n,
    seats: [2, 0],
    attested: 0,
    revealed: 0,
    signed: 0,
    opened: [0n, 0n],
    members: hospitals,
    updates: [],
    modelRound: 1,
    modelMembers: 3,
    modelHash: NO_HASH,
    modelHeader: NO_HASH,
    ...change,
  }
}

const standings = (snapshot: StudySnapshot) => rollOf(snapshot, first).map(({ standing }) => standing)

describe('rollOf', () => {
  it('waits for the participants that have not sent their update', () => {
    const snapshot = at(Phase.Train, { submitted: 0b101n })
    expect(standings(snapshot)).toEqual(['done', 'waiting', 'done'])
    expect(missingOf(rollOf(snapshot, first)).map(({ address }) => address)).toEqual([second])
  })

  it('reads seats by their place in the committee, not by the order of joining', () => {
    // Seat 0 is member 2, seat 1 is member 0.
    expect(standings(at(Phase.Attest, { submitted: 0b111n, attested: 0b01 }))).toEqual(['waiting', 'free', 'done'])
  })

  it('does not wait in scoring for a seat that has not checked', () => {
    expect(standings(at(Phase.Score, { submitted: 0b111n, attested: 0b10, revealed: 0 }))).toEqual([
      'waiting',
      'free',
      'missed',
    ])
  })

  it('says who missed the deadline for updates', () => {
    expect(standings(at(Phase.Attest, { submitted: 0b101n }))).toEqual(['waiting', 'missed', 'waiting'])
  })

  it('says who takes no part in this round', () => {
    expect(standings(at(Phase.Train, { participants: 0b011n }))).toEqual(['waiting', 'waiting', 'out'])
  })

  it('marks the own row and the committee', () => {
    expect(rollOf(at(Phase.Train), second)).toMatchObject([
      { isMe: false, isSeat: true },
      { isMe: true, isSeat: false },
      { isMe: false, isSeat: true },
    ])
  })

  it('is empty before the chain was looked at, and waits for nobody between rounds', () => {
    expect(rollOf(null, first)).toEqual([])
    expect(missingOf(rollOf(at(Phase.Settle), first))).toEqual([])
    expect(missingOf(rollOf(at(Phase.Ended), null))).toEqual([])
  })
})

describe('isInRound', () => {
  it('is false for one that sits out, is unknown, or has no round running', () => {
    expect(isInRound(at(Phase.Train, { participants: 0b110n }), first)).toBe(false)
    expect(isInRound(at(Phase.Train), first)).toBe(true)
    expect(isInRound(at(Phase.Settle), first)).toBe(false)
    expect(isInRound(null, first)).toBe(false)
  })
})
