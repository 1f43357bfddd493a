import { describe, expect, it } from 'vitest'
import { Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { entryOf, isWelcoming } from './entry.ts'

const terms = { rounds: 5, maxHospitals: 4, roundSeconds: 360, trainSeconds: 180 }
const heart = { standardise: true }

/** A study in its second training round, 60 s before the phase's deadline. */
function at(change: Partial<StudySnapshot>): StudySnapshot {
  const members = ['0xa1', '0xb2'] as const
  const running = { phase: Phase.Train, kind: RoundKind.Training, round: 3, completed: 1, deadline: 1060, time: 1000 }
  return { ...running, members, ...change } as StudySnapshot
}

describe('entryOf', () => {
  it('counts who has joined and until when while a study waits', () => {
    const open = at({ phase: Phase.Open, round: 0, completed: 0, deadline: 1600 })
    expect(entryOf(open, terms, heart)).toEqual({ kind: 'waiting', joined: 2, until: 1600 })
  })

  it('names the next round, as people count, and when it begins at the latest', () => {
    expect(entryOf(at({}), terms, heart)).toEqual({ kind: 'running', round: 3, seconds: 60 + 180 })
    expect(entryOf(at({ phase: Phase.Attest }), terms, { standardise: false })).toEqual({
      kind: 'running',
      round: 4,
      seconds: 60,
    })
  })

  it('names the round after the next where the coming model is already being sealed', () => {
    expect(entryOf(at({ phase: Phase.Aggregate }), terms, heart)).toEqual({
      kind: 'running',
      round: 4,
      seconds: 60 + 360,
    })
  })

  it('says when it is too late, full or over', () => {
    expect(entryOf(at({ round: 6, completed: 4 }), terms, heart)).toEqual({ kind: 'tooLate' })
    expect(entryOf(at({}), { ...terms, maxHospitals: 2 }, heart)).toEqual({ kind: 'full' })
    expect(entryOf(at({ phase: Phase.Ended }), terms, heart)).toEqual({ kind: 'ended' })
  })
})

describe('isWelcoming', () => {
  it('is so while what is trained now will be sealed to who joins', () => {
    expect(isWelcoming(at({}))).toBe(true)
    expect(isWelcoming(at({ phase: Phase.Attest }))).toBe(true)
    expect(isWelcoming(at({ phase: Phase.Attest, deadline: 1002 }))).toBe(false)
    expect(isWelcoming(at({ phase: Phase.Aggregate }))).toBe(false)
    expect(isWelcoming(at({ phase: Phase.Settle }))).toBe(false)
  })
})
