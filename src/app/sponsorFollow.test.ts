import { describe, expect, it } from 'vitest'
import { Mode, Phase, type StudySnapshot } from '../rounds/ports.ts'
import type { Address } from '../study/types.ts'
import { type FollowedMember, type FollowedStudy, type NoticeFacts, noticesOf } from './sponsorFollow.ts'

const zero: Address = '0x0000000000000000000000000000000000000000'
const standing = { reputation: 5000, rounds: 0, qualified: 0, faults: 0 }
const member = (index: number, change: Partial<FollowedMember> = {}): FollowedMember => ({
  index,
  address: `0x${String(index + 1).padStart(40, '0')}`,
  name: `Hospital ${index + 1}`,
  isActive: true,
  stake: 10n,
  reward: 0n,
  forfeited: 0n,
  standing,
  ...change,
})

function study(snapshot: Partial<StudySnapshot>, change: Partial<FollowedStudy> = {}): FollowedStudy {
  return {
    study: zero,
    sponsor: zero,
    name: 'Falls',
    modelURI: 'ipfs://x',
    rules: { minHospitals: 2, maxHospitals: 8, rounds: 10 } as FollowedStudy['rules'],
    audits: null,
    snapshot: { phase: Phase.Train, deadline: 1000, time: 900, voids: 0, completed: 3, ...snapshot } as StudySnapshot,
    members: [member(0), member(1)],
    versions: [],
    current: undefined,
    unspent: 0n,
    refund: 0n,
    pot: 1000n,
    ...change,
  }
}

const facts: NoticeFacts = { now: 900, roundWei: 10n, hasRelay: true, hasPot: true }
const kinds = (followed: FollowedStudy, change: Partial<NoticeFacts> = {}) =>
  noticesOf(followed, { ...facts, ...change }).map(({ kind }) => kind)

describe('a sponsor is told', () => {
  it('nothing while all goes well', () => {
    expect(kinds(study({}))).toEqual([])
  })

  it('that a study was never paid for', () => {
    expect(kinds(study({ phase: Phase.Draft }))).toEqual(['unfunded'])
  })

  it.each([
    [1, 900, ['waitingForHospitals']],
    [2, 900, ['readyToStart']],
    [2, 1000, ['readyToStart']],
    [1, 1000, ['tooFewInTime']],
  ])('with %i hospitals at %i whether to wait, start or give up', (joined, now, expected) => {
    const open = study({ phase: Phase.Open }, { members: [member(0), member(1)].slice(0, joined) })
    expect(kinds(open, { now })).toEqual(expected)
  })

  it('that a deadline passed and nobody moved on, but not in the first seconds', () => {
    expect(kinds(study({}), { now: 1010 })).toEqual([])
    expect(noticesOf(study({}), { ...facts, now: 1060 })).toEqual([{ kind: 'overdue', bySeconds: 60 }])
  })

  it('by the chain’s clock where this computer’s is behind', () => {
    expect(kinds(study({ time: 1060 }), { now: 500 })).toEqual(['overdue'])
    const drawing = { phase: Phase.Draw, time: 1060, drawable: false }
    expect(kinds(study(drawing))).toEqual([])
    expect(kinds(study({ ...drawing, drawable: true }))).toEqual(['overdue'])
  })

  it('that a round was void', () => {
    const masked = study({ voids: 1, mode: Mode.Masked })
    expect(noticesOf(study({ voids: 1 }), facts)).toEqual([{ kind: 'voidRound', isMasked: false }])
    expect(noticesOf(masked, facts)).toEqual([{ kind: 'voidRound', isMasked: true }])
  })

  it('who is suspended, and whose stake is used up', () => {
    const members = [member(0, { isActive: false }), member(1, { stake: 0n, forfeited: 10n })]
    expect(noticesOf(study({}, { members }), facts)).toEqual([
      { kind: 'suspended', names: ['Hospital 1'] },
      { kind: 'stakeUsedUp', names: ['Hospital 2'] },
    ])
  })

  it('that no relay answers, and nothing where nobody asked one', () => {
    expect(kinds(study({}), { hasRelay: false })).toEqual(['noRelay'])
    expect(kinds(study({}), { hasRelay: null })).toEqual([])
  })

  it.each([
    [0n, ['potEmpty']],
    [9n, ['potEmpty']],
    [19n, ['potLow']],
    [20n, []],
  ])('with %i wei in the pot whether it lasts', (pot, expected) => {
    expect(kinds(study({}, { pot }))).toEqual(expected)
  })

  it('nothing of a pot that lasts for what is left, or that was never filled', () => {
    expect(kinds(study({ completed: 9 }, { pot: 10n }))).toEqual([])
    expect(kinds(study({}, { pot: 0n }), { hasPot: false })).toEqual([])
  })

  it('after the end what there is to get back', () => {
    expect(kinds(study({ phase: Phase.Ended }, { refund: 5n }))).toEqual(['refund', 'potLeft'])
    expect(kinds(study({ phase: Phase.Ended }, { pot: 0n }))).toEqual([])
  })
})
