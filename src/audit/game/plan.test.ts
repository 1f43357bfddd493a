import { describe, expect, it } from 'vitest'
import {
  type AuditOutcome,
  auditBps,
  checkPlan,
  drawnHospitals,
  isDue,
  mostAuditedSteps,
  oddsOf,
  segmentSteps,
  withMoreAudits,
} from './plan.ts'

const plan = { hospitalsBps: 5000, segments: 8, audited: 4 }

describe('A plan of audits', () => {
  it('draws a share of the hospitals, rounded up, and never none', () => {
    expect([1, 2, 3, 4, 5, 8, 64].map(hospitals => drawnHospitals(plan, hospitals))).toEqual([1, 1, 2, 2, 3, 4, 32])
    expect(drawnHospitals({ ...plan, hospitalsBps: 1 }, 64)).toBe(1)
    expect(oddsOf(plan, 3)).toEqual({ drawn: 2 / 3, segments: 8, audited: 4, returned: 1 / 3 })
  })

  it.each([
    { hospitalsBps: 0 },
    { hospitalsBps: 10_001 },
    { segments: 0 },
    { segments: 257 },
    { audited: 0 },
    { audited: 9 },
    { audited: 1.5 },
  ])('refuses %o', wrong => {
    expect(() => checkPlan(plan)).not.toThrow()
    expect(() => checkPlan({ ...plan, ...wrong })).toThrow(RangeError)
  })

  it('refuses no hospitals, and more than the contracts hold', () => {
    expect(() => drawnHospitals(plan, 0)).toThrow(RangeError)
    expect(() => drawnHospitals(plan, 65)).toThrow(RangeError)
  })

  it('splits steps into segments that follow each other and differ by one at most', () => {
    for (const steps of [8, 13, 24, 750]) {
      const segments = Array.from({ length: 8 }, (_, segment) => segmentSteps(segment, steps, 8))
      expect(segments[0]!.from).toBe(0)
      expect(segments[7]!.to).toBe(steps)
      for (let i = 1; i < 8; i++) expect(segments[i]!.from).toBe(segments[i - 1]!.to)
      const lengths = segments.map(({ from, to }) => to - from)
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
    }
    expect(() => segmentSteps(0, 7, 8)).toThrow(RangeError)
    expect(() => segmentSteps(8, 8, 8)).toThrow(RangeError)
  })

  it('counts the most steps that there are to prove', () => {
    // 13 steps in 8 segments: five of 2, the last among them.
    expect(mostAuditedSteps(13, { ...plan, audited: 1 })).toBe(2)
    expect(mostAuditedSteps(13, plan)).toBe(8)
    expect(mostAuditedSteps(13, { ...plan, audited: 6 })).toBe(11)
    expect(mostAuditedSteps(13, { ...plan, audited: 8 })).toBe(13)
    expect(mostAuditedSteps(750, plan)).toBe(376)
    expect(mostAuditedSteps(13, { ...plan, segments: 1, audited: 1 })).toBe(13)
  })

  it('takes twice the hospitals and segments where a reveal is missing, but no more than there are', () => {
    expect(withMoreAudits(plan)).toEqual({ hospitalsBps: 10_000, segments: 8, audited: 8 })
    expect(withMoreAudits({ hospitalsBps: 2000, segments: 8, audited: 3 })).toMatchObject({
      hospitalsBps: 4000,
      audited: 6,
    })
    expect(withMoreAudits({ hospitalsBps: 7000, segments: 8, audited: 7 })).toMatchObject({
      hospitalsBps: 10_000,
      audited: 8,
    })
  })
})

describe('The share of hospitals that is drawn', () => {
  it('doubles after a failure or a missed beacon, and falls back by halves', () => {
    const outcomes: AuditOutcome[] = ['clean', 'failed', 'missed', 'missed', 'clean', 'clean', 'clean']
    const shares = outcomes.map((_, i) => auditBps(2000, outcomes.slice(0, i + 1)))
    expect(shares).toEqual([2000, 4000, 8000, 10_000, 6000, 4000, 3000])
  })

  it('is never below its base, and comes back to it', () => {
    for (const base of [1, 2500, 10_000]) {
      expect(auditBps(base, [])).toBe(base)
      const after = ['failed', ...Array.from({ length: 20 }, () => 'clean')] as AuditOutcome[]
      for (let i = 0; i <= after.length; i++) expect(auditBps(base, after.slice(0, i))).toBeGreaterThanOrEqual(base)
      expect(auditBps(base, after)).toBe(base)
    }
  })

  it('cannot be none', () => {
    expect(() => auditBps(0, [])).toThrow(RangeError)
  })

  it('leaves nothing to chance for a hospital that failed, until it has passed three times', () => {
    expect(isDue([])).toBe(false)
    expect(isDue([true, true])).toBe(false)
    expect(isDue([true, false])).toBe(true)
    expect(isDue([false, true, true])).toBe(true)
    expect(isDue([false, true, true, true])).toBe(false)
  })
})
