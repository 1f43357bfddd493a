import { describe, expect, it } from 'vitest'
import { beaconOf } from './beacon.ts'
import { drawHospitals } from './draw.ts'
import { auditRound, type Submission, type SubmittedRound } from './round.ts'

const members = [0, 1, 2, 4, 5, 6, 7, 9]
const where = {
  chainId: 31337,
  contract: '0x00000000000000000000000000000000000000a2',
  study: '0x00000000000000000000000000000000000000a2',
  round: 3,
} as const
const submissions: readonly Submission[] = members.map(member => {
  return { member, commitment: filled(100 + member), reveal: filled(member) }
})
const round: SubmittedRound = {
  where,
  submissions,
  seedHash: filled(200),
  laterHash: filled(201),
  plan: { hospitalsBps: 2500, segments: 1, audited: 1 },
  due: [],
}
const everyoneProves = () => true

function filled(value: number): Uint8Array {
  return new Uint8Array(32).fill(value)
}

describe('A round’s audit', () => {
  it('draws the share by the seed block and all reveals, and is clean where all prove', () => {
    const drawn = drawHospitals(beaconOf(where, filled(200), submissions), members, 2)
    expect(auditRound(round, everyoneProves)).toEqual({ drawn, failed: new Map(), outcome: 'clean' })
  })

  it('fails who is drawn and proves nothing in time, and nobody who is not drawn', () => {
    const { drawn } = auditRound(round, everyoneProves)
    const [silent] = drawn
    const audited = auditRound(round, member => drawn.includes(member) && member !== silent)
    expect(audited).toEqual({ drawn, failed: new Map([[silent, 'no proof']]), outcome: 'failed' })
  })

  it('draws who is due beside the share', () => {
    const { drawn } = auditRound(round, everyoneProves)
    const due = members.find(member => !drawn.includes(member))!
    const audited = auditRound({ ...round, due: [due] }, everyoneProves)
    expect(audited.drawn).toContain(due)
    expect(audited.drawn).toHaveLength(3)
  })

  it('leaves out who keeps its reveal back, and draws twice the share of the others by the later block', () => {
    const withheld = submissions.map(one => (one.member === 4 ? { ...one, reveal: null } : one))
    const left = members.filter(member => member !== 4)
    // A quarter, twice, of seven.
    const drawn = drawHospitals(beaconOf(where, filled(201), withheld), left, 4)
    const audited = auditRound({ ...round, submissions: withheld, due: [4] }, everyoneProves)
    expect(audited).toEqual({ drawn, failed: new Map([[4, 'no reveal']]), outcome: 'failed' })
  })

  it('draws twice the share by the later block where nobody captured the hash', () => {
    const drawn = drawHospitals(beaconOf(where, filled(201), submissions), members, 4)
    expect(auditRound({ ...round, seedHash: null }, everyoneProves)).toEqual({
      drawn,
      failed: new Map(),
      outcome: 'missed',
    })
  })

  it('fails all where nobody reveals', () => {
    const nobody = submissions.map(one => ({ ...one, reveal: null }))
    const { drawn, failed } = auditRound({ ...round, submissions: nobody }, everyoneProves)
    expect(drawn).toEqual([])
    expect([...failed.keys()]).toEqual(members)
  })
})
