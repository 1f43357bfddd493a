import { describe, expect, it } from 'vitest'
import { cheats } from './detection.ts'
import {
  cheatWarnings,
  gainOf,
  largestGain,
  leastAtRisk,
  leastAudited,
  leastCaught,
  leastHospitalsBps,
  meanBalance,
} from './stakes.ts'

const worth = { rewardPerRound: 10, hospitals: 8, rounds: 15, halfToFirst: false, harm: 100 }
const temptation = { gain: 180, saved: 10 }
const odds = { drawn: 0.5, segments: 8, audited: 4, returned: 0 }
const wholeRound = { drawn: 0.5, segments: 1, audited: 1, returned: 0.25 }

describe('What a cheat brings', () => {
  it('is what the round pays, and the harm', () => {
    expect(gainOf(worth)).toBe(180)
  })

  it('is a round’s part alone of all forfeits, which are paid out at the end', () => {
    expect(gainOf({ ...worth, pot: 300 })).toBe(200)
    expect(gainOf({ ...worth, pot: 300, rounds: 5 })).toBe(240)
  })

  it('is the whole deposit where the first takes half of it', () => {
    expect(gainOf({ ...worth, halfToFirst: true })).toBe(1300)
  })
})

describe('Breaking even', () => {
  it('is at gain·(1 − p)/p + saved/p', () => {
    expect(leastAtRisk(temptation, 0.5)).toBe(200)
    expect(leastAtRisk(temptation, 3 / 14)).toBeCloseTo(706.667, 3)
    expect(leastAtRisk(temptation, 1)).toBe(10)
    expect(leastAtRisk(temptation, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  it('takes more at risk where some of it comes back', () => {
    expect(leastAtRisk(temptation, 0.5, 0.25)).toBeCloseTo(266.667, 3)
    expect(leastAtRisk(temptation, 0.5, 0.5)).toBe(400)
    expect(leastAtRisk(temptation, 0.5, 1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('leaves nothing on average, seen from the stake, the gain and the chance', () => {
    const cases = [0.01, 0.2, 0.5, 0.9].flatMap(caught => [0, 0.25].map(returned => ({ caught, returned })))
    for (const { caught, returned } of cases) {
      const atRisk = leastAtRisk(temptation, caught, returned)
      expect(meanBalance(temptation, atRisk, caught, returned)).toBeCloseTo(0, 9)
      expect(largestGain(atRisk, temptation.saved, caught, returned)).toBeCloseTo(temptation.gain, 9)
      expect(leastCaught(temptation, atRisk, returned)).toBeCloseTo(caught, 9)
      expect(meanBalance(temptation, atRisk - 1, caught, returned)).toBeGreaterThan(0)
    }
  })

  it('knows cheats that are always caught, and savings that are worth it alone', () => {
    expect(largestGain(10, 10, 1)).toBe(Number.POSITIVE_INFINITY)
    expect(largestGain(9, 10, 1)).toBe(Number.NEGATIVE_INFINITY)
    expect(largestGain(10, 10, 0.5)).toBeLessThan(0)
  })
})

describe('The least audits', () => {
  it('are the first that make the cheat lose', () => {
    for (const atRisk of [300, 500, 707, 1000]) {
      const audited = leastAudited(odds, 'badStep', temptation, atRisk)!
      const caught = (k: number) => (0.5 * (k - 1)) / 7
      expect(meanBalance(temptation, atRisk, caught(audited))).toBeLessThanOrEqual(0)
      expect(meanBalance(temptation, atRisk, caught(audited - 1))).toBeGreaterThan(0)
    }
    expect(leastAudited(odds, 'badStep', temptation, 1000)).toBe(4)
  })

  it('say how many hospitals to draw, to the basis point', () => {
    const bps = leastHospitalsBps(odds, 'badStep', temptation, 1000)!
    const caught = (share: number) => ((share / 10_000) * 3) / 7
    expect(meanBalance(temptation, 1000, caught(bps))).toBeLessThanOrEqual(0)
    expect(meanBalance(temptation, 1000, caught(bps - 1))).toBeGreaterThan(0)
  })

  it('hold at a stake that is the least to the last digit', () => {
    const atRisk = leastAtRisk(temptation, 3 / 14)
    expect(leastAudited(odds, 'badStep', temptation, atRisk)).toBe(4)
    expect(leastHospitalsBps(odds, 'badStep', temptation, atRisk)).toBe(5000)
  })

  it('do not exist where the stake is too small, or a look at the last segment is all', () => {
    expect(leastAudited(odds, 'badStep', temptation, 199)).toBeNull()
    expect(leastAudited(odds, 'badStep', temptation, 200)).toBe(8)
    expect(leastHospitalsBps(odds, 'badStep', temptation, 100)).toBeNull()
    expect(leastHospitalsBps({ ...odds, audited: 1 }, 'badStep', temptation, 1e9)).toBeNull()
  })
})

describe('A sponsor is warned', () => {
  it('of nothing where every cheat loses', () => {
    expect(cheatWarnings(odds, temptation, 1000)).toEqual([])
  })

  it('of each cheat that would pay, with what would change that', () => {
    expect(cheatWarnings(odds, temptation, 300)).toEqual([
      {
        code: 'cheatingWouldPay',
        cheat: 'badStep',
        caught: expect.closeTo(3 / 14, 9),
        gain: 180,
        atRisk: 300,
        leastAtRisk: expect.closeTo(706.667, 3),
        largestGain: expect.closeTo(69.09, 2),
        leastAudited: 7,
        leastHospitalsBps: 9237,
      },
    ])
    const all = cheatWarnings(odds, temptation, 100).map(({ cheat }) => cheat)
    expect(all).toEqual(['badStep', 'replay', 'jump', 'silence'])
  })

  it('of every cheat alike where whole rounds are proven, and of what comes back', () => {
    expect(cheatWarnings(wholeRound, temptation, 267)).toEqual([])
    const warnings = cheatWarnings(wholeRound, temptation, 266)
    expect(warnings.map(({ cheat }) => cheat)).toEqual(cheats)
    for (const warning of warnings) {
      expect(warning.leastAtRisk).toBeCloseTo(266.667, 3)
      expect(warning.largestGain).toBeCloseTo(179.5, 9)
      expect(warning.leastAudited).toBeNull()
      expect(warning.leastHospitalsBps).toBe(5007)
    }
  })

  it('where a wrong step is never looked for', () => {
    const [warning] = cheatWarnings({ ...odds, audited: 1 }, temptation, 1e6)
    expect(warning).toMatchObject({
      code: 'neverCaught',
      cheat: 'badStep',
      leastAtRisk: Number.POSITIVE_INFINITY,
      leastAudited: 2,
      leastHospitalsBps: null,
    })
  })
})
