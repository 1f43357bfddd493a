import { describe, expect, it } from 'vitest'
import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import { initialState } from '../../rounds/state.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { isStakeFree, unfinished } from './stake.ts'

const me = `0x${'1'.repeat(40)}` as const
const at = (phase: Phase, change: Partial<StudySnapshot> = {}) =>
  testSnapshot({ phase, participants: 0b1n, members: [me], modelMembers: 1, ...change })
const holding = (snapshot: StudySnapshot) => ({ ...initialState(me), snapshot })

describe('isStakeFree', () => {
  it('frees the stake of one that left once its round is over', () => {
    expect(isStakeFree(at(Phase.Train), me, true)).toBe(false)
    expect(isStakeFree(at(Phase.Train, { participants: 0n }), me, true)).toBe(true)
    expect(isStakeFree(at(Phase.Settle), me, true)).toBe(true)
  })

  it('holds the stake of one that is in, until the end', () => {
    expect(isStakeFree(at(Phase.Settle), me, false)).toBe(false)
    expect(isStakeFree(at(Phase.Ended), me, false)).toBe(true)
  })

  it('does not guess', () => {
    expect(isStakeFree(null, me, true)).toBeNull()
    expect(isStakeFree(at(Phase.Ended, { members: [] }), me, false)).toBeNull()
  })
})

describe('unfinished', () => {
  it('is true while an update or a seat’s duty is owed, something waits for a relay, or a wallet is open', () => {
    expect(unfinished(holding(at(Phase.Train)), 0, null)).toBe(true)
    expect(unfinished(holding(at(Phase.Attest, { submitted: 1n, seats: [0] })), 0, null)).toBe(true)
    expect(unfinished(holding(at(Phase.Recover, { submitted: 1n, seats: [0] })), 0, null)).toBe(true)
    expect(unfinished(holding(at(Phase.Ended)), 1, null)).toBe(true)
    expect(unfinished(null, 0, 'submitUpdate')).toBe(true)
  })

  it('is true in a proven study while a proof may be asked for or is', () => {
    const proven = (phase: Phase, change: Partial<StudySnapshot> = {}) =>
      unfinished(holding(at(phase, { proven: true, submitted: 1n, ...change })), 0, null)
    expect([Phase.Train, Phase.Reveal].map(phase => proven(phase))).toEqual([true, true])
    expect(proven(Phase.Audit, { audited: 1n })).toBe(true)
    expect(proven(Phase.Audit, { audited: 1n, cleared: 1n })).toBe(false)
    expect(proven(Phase.Audit)).toBe(false)
    expect(proven(Phase.Reveal, { failed: 1n })).toBe(false)
    expect(proven(Phase.Attest)).toBe(false)
    expect(proven(Phase.Train, { proven: false })).toBe(false)
  })

  it('is false when nothing is owed', () => {
    expect(unfinished(holding(at(Phase.Attest, { submitted: 1n })), 0, null)).toBe(false)
    expect(unfinished(holding(at(Phase.Ended)), 0, null)).toBe(false)
    expect(unfinished(null, 0, null)).toBe(false)
  })
})
