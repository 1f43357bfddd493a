import { describe, expect, it } from 'vitest'
import { auditShare, parseDemo, parseRound } from './share.ts'

describe('The share of a study’s time that audits take', () => {
  it('is committing once and in every round, and proving in those in which a hospital is drawn', () => {
    const figures = parseRound('2000,90,4000000,100,500')
    const { proofs, auditSeconds, share } = auditShare(figures, { rounds: 20, seconds: 450 }, 0.5)
    expect(proofs).toBe(10)
    expect(auditSeconds).toBeCloseTo(22.5, 9)
    expect(share).toBeCloseTo(0.05, 9)
  })

  it('is of the seconds that a demo says on its last line', () => {
    const output = 'Hospitals …\n{"study":"heart","rounds":20,"seconds":{"total":81.5,"train":4}}\n'
    expect(parseDemo(output)).toEqual({ rounds: 20, seconds: 81.5 })
    expect(() => parseDemo('{"rounds":0,"seconds":{"total":81.5}}')).toThrow(RangeError)
    expect(() => parseDemo('{"rounds":20}')).toThrow(RangeError)
  })

  it('is not computed from fewer figures, or from what is none', () => {
    expect(parseRound('2000,90,4000000,100,500')).toEqual({
      proveMs: 2000,
      proofKb: 90,
      gas: 4_000_000,
      commitMs: 100,
      prepareMs: 500,
    })
    expect(() => parseRound('2000,90,4000000,100')).toThrow(RangeError)
    expect(() => parseRound('2000,90,x,100,500')).toThrow(RangeError)
  })
})
