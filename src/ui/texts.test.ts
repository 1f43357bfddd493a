import { describe, expect, it } from 'vitest'
import { progressText, situationText, texts } from './texts.ts'

describe('situationText', () => {
  it('says who is waited for and until when', () => {
    const text = situationText({ kind: 'waiting', phase: 'train', done: 2, of: 4, until: 1075 }, 1000)
    expect(text).toBe(
      'Your part is done. 2 of 4 hospitals have sent their update. The study goes on in 1 min 15 s at the latest.',
    )
  })

  it('says in a masked round what the committee does, and that nobody has to while the chain draws', () => {
    const waiting = { kind: 'waiting', of: 4, until: 0 } as const
    expect(situationText({ ...waiting, phase: 'unmask', done: 3 }, 1000)).toBe(
      'Your part is done. 3 of 4 committee members have sent their masks.',
    )
    expect(situationText({ ...waiting, phase: 'draw', done: 0, of: 0 }, 1000)).toMatch(
      /^The next blocks of the chain draw/,
    )
  })

  it('says in a masked round that the committee compares, not that it scores', () => {
    const waiting = { kind: 'waiting', done: 3, of: 4, until: 0 } as const
    expect(situationText({ ...waiting, phase: 'compare' }, 1000)).toMatch(/have compared the updates\.$/)
    expect(situationText({ ...waiting, phase: 'score' }, 1000)).toMatch(/have given their scores\.$/)
  })

  it('names no deadline where there is none', () => {
    const text = situationText({ kind: 'waiting', phase: 'settle', done: 0, of: 0, until: 0 }, 1000)
    expect(text).toBe('The next round begins soon.')
  })

  it('has a sentence for every way a study can end', () => {
    const endings = [1, 2, 3, 4].map(endReason => situationText({ kind: 'done', endReason, completed: 1 }, 0))
    expect(new Set(endings).size).toBe(4)
  })
})

describe('progressText', () => {
  it('counts what people would count, and says of proofs how much is done', () => {
    expect(progressText({ stage: 'train', done: 3, total: 10 })).toBe('training, 3 of 10')
    expect(progressText({ stage: 'prove', done: 10_139_648, total: 11_418_112 })).toBe('proving, 89 %')
    expect(progressText({ stage: 'prove', done: 0, total: 0 })).toBe('proving')
  })
})

describe('gain', () => {
  it('says plainly when there is none', () => {
    expect(texts.gain.difference(0.95, 0.97, 10_000)).toBe(
      'Training together did not help here: it is worse by 2.0 points of accuracy.',
    )
    expect(texts.gain.difference(0.8, 0.8, 100)).toContain('no difference')
  })

  it('says when a gain may be chance', () => {
    expect(texts.gain.difference(0.787, 0.764, 89)).toBe(
      'Training together is better here by 2.3 points of accuracy. On 89 patients that may be chance.',
    )
  })
})
