import { describe, expect, it } from 'vitest'
import { Mode, Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { Address } from '../../study/types.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { isInRound, missingOf, rollOf } from './missing.ts'

const hospitals = [1, 2, 3].map(n => `0x${String(n).repeat(40)}` as Address)
const [first, second] = hospitals as [Address, Address]

function at(phase: Phase, change: Partial<StudySnapshot> = {}): StudySnapshot {
  const seats = { seats: [2, 0], opened: [0n, 0n] }
  return testSnapshot({ phase, participants: 0b111n, ...seats, members: hospitals, modelMembers: 3, ...change })
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

  it('waits for the masks of seats that can give them, and for the shares of those who gave them', () => {
    const frozen = { mode: Mode.Masked, submitted: 0b111n, survivors: 0b111n, attested: 0b11 }
    // Seat 1, member 0, could not check member 1: it lacks a seed, and nobody waits for it.
    const lacking = at(Phase.Unmask, { ...frozen, opened: [0b111n, 0b101n] })
    expect(standings(lacking)).toEqual(['free', 'free', 'waiting'])
    expect(standings({ ...lacking, attested: 0b01 })).toEqual(['missed', 'free', 'waiting'])
    expect(standings({ ...lacking, revealed: 0b01 })).toEqual(['free', 'free', 'done'])

    const vanished = { ...frozen, opened: [0b111n, 0b111n], revealed: 0b01, opening: 0b10 }
    expect(standings(at(Phase.Draw, vanished))).toEqual(['missed', 'free', 'free'])
    expect(standings(at(Phase.Recover, vanished))).toEqual(['missed', 'free', 'waiting'])
    expect(standings(at(Phase.Recover, { ...vanished, shared: 0b01 }))).toEqual(['missed', 'free', 'done'])
  })

  it('waits in a masked round for the answers of those who gave their masks', () => {
    const frozen = { mode: Mode.Masked, scored: true, submitted: 0b111n, survivors: 0b111n, attested: 0b11 }
    const opened = { opened: [0b111n, 0b111n], revealed: 0b01 }
    const comparing = at(Phase.Score, { ...frozen, ...opened })
    expect(standings(comparing)).toEqual(['missed', 'free', 'waiting'])
    expect(standings({ ...comparing, answered: 0b01 })).toEqual(['missed', 'free', 'done'])
    expect(standings({ ...comparing, opened: [0b111n, 0b101n] })).toEqual(['free', 'free', 'waiting'])
    const checking = at(Phase.Recover, { ...frozen, ...opened, revealed: 0b11, answered: 0b01 })
    expect(standings(checking)).toEqual(['missed', 'free', 'waiting'])
  })

  it('waits in a proven round for what was promised once it is taken, and for the proofs of those who were drawn', () => {
    const submitted = { proven: true, submitted: 0b101n }
    expect(standings(at(Phase.Reveal, submitted))).toEqual(['free', 'missed', 'free'])
    const taken = { ...submitted, revealable: true, unsealed: 0b100n }
    expect(standings(at(Phase.Reveal, taken))).toEqual(['waiting', 'missed', 'done'])
    // The deadline left the first out.
    const missed = { ...taken, revealable: false, missed: true, failed: 0b001n }
    expect(standings(at(Phase.Reveal, missed))).toEqual(['missed', 'missed', 'done'])

    const drawn = { proven: true, submitted: 0b111n, audited: 0b011n, cleared: 0b001n }
    expect(standings(at(Phase.Audit, drawn))).toEqual(['done', 'waiting', 'free'])
    // A seat owes its duties whatever became of its own round.
    expect(standings(at(Phase.Attest, { ...drawn, failed: 0b011n }))).toEqual(['waiting', 'missed', 'waiting'])
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
    expect(isInRound(at(Phase.Recover), first)).toBe(true)
    expect(isInRound(at(Phase.Settle), first)).toBe(false)
    expect(isInRound(null, first)).toBe(false)
  })
})
