import { describe, expect, it } from 'vitest'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { entryOf, isInTimeForNext } from './entry.ts'

const terms = { rounds: 5, maxHospitals: 4, roundSeconds: 360, trainSeconds: 180 }
const heart = { standardise: true }

/** A study in its second training round, 60 s before the phase's deadline. */
function at(change: Partial<StudySnapshot>): StudySnapshot {
  const members = ['0xa1', '0xb2'] as const
  const running = { phase: Phase.Train, kind: RoundKind.Training, round: 3, completed: 1, deadline: 1060, time: 1000 }
  return { ...running, modelRound: 2, modelMembers: 2, members, ...change } as StudySnapshot
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
      seconds: 60 + 180,
    })
  })

  it('names the round after the next where the coming model is already being sealed', () => {
    expect(entryOf(at({ phase: Phase.Aggregate }), terms, heart)).toEqual({
      kind: 'running',
      round: 4,
      seconds: 60 + 360,
    })
    expect(entryOf(at({ phase: Phase.Settle, completed: 2 }), terms, heart)).toEqual({
      kind: 'running',
      round: 4,
      seconds: 60 + 360,
    })
  })

  it('says when it is too late, full or over', () => {
    expect(entryOf(at({ round: 6, completed: 4 }), terms, heart)).toEqual({ kind: 'tooLate' })
    const lastButOne = { round: 5, completed: 3 }
    expect(entryOf(at(lastButOne), terms, heart)).toMatchObject({ kind: 'running', round: 5 })
    expect(entryOf(at({ ...lastButOne, phase: Phase.Aggregate }), terms, heart)).toEqual({ kind: 'tooLate' })
    expect(entryOf(at({ ...lastButOne, completed: 4, phase: Phase.Settle }), terms, heart)).toEqual({ kind: 'tooLate' })
    const roundZero = { round: 1, completed: 0, modelRound: 0, kind: RoundKind.Statistics, phase: Phase.Aggregate }
    expect(entryOf(at(roundZero), { ...terms, rounds: 2 }, heart)).toMatchObject({ kind: 'running', round: 2 })
    expect(entryOf(at(roundZero), { ...terms, rounds: 1 }, heart)).toEqual({ kind: 'tooLate' })
    expect(entryOf(at({}), { ...terms, maxHospitals: 2 }, heart)).toEqual({ kind: 'full' })
    expect(entryOf(at({ phase: Phase.Ended }), terms, heart)).toEqual({ kind: 'ended' })
  })
})

describe('isInTimeForNext', () => {
  it('is so while what is trained now will be sealed to who joins', () => {
    expect(isInTimeForNext(at({}))).toBe(true)
    expect(isInTimeForNext(at({ phase: Phase.Attest, deadline: 1002 }))).toBe(true)
    expect(isInTimeForNext(at({ phase: Phase.Score }))).toBe(true)
    expect(isInTimeForNext(at({ phase: Phase.Score, deadline: 1002 }))).toBe(false)
    expect(isInTimeForNext(at({ phase: Phase.Aggregate }))).toBe(false)
    expect(isInTimeForNext(at({ phase: Phase.Settle }))).toBe(false)
  })

  it('ends in a masked round with the freeze, before the masks are off', () => {
    const masked = { mode: Mode.Masked }
    expect(isInTimeForNext(at({ ...masked, phase: Phase.Attest }))).toBe(true)
    expect(isInTimeForNext(at({ ...masked, phase: Phase.Attest, deadline: 1002 }))).toBe(false)
    for (const phase of [Phase.Unmask, Phase.Draw, Phase.Recover, Phase.Aggregate]) {
      expect(isInTimeForNext(at({ ...masked, phase }))).toBe(false)
    }
  })

  it('knows that round zero scores nothing, and that without a model nobody lacks one', () => {
    const roundZero = { kind: RoundKind.Statistics, modelRound: 0 }
    expect(isInTimeForNext(at({ ...roundZero, phase: Phase.Attest }))).toBe(true)
    expect(isInTimeForNext(at({ ...roundZero, phase: Phase.Attest, deadline: 1002 }))).toBe(false)
    expect(isInTimeForNext(at({ ...roundZero, phase: Phase.Settle }))).toBe(true)
  })
})
