import { describe, expect, it } from 'vitest'
import { Mode } from '../../rounds/ports.ts'
import { actionText, clockExplains, list, liveTexts } from './live.ts'

describe('deadline words', () => {
  const { deadline } = liveTexts
  it('counts down in words', () => {
    expect(deadline.left(34)).toBe('Due in 34 s.')
    expect(deadline.left(187)).toBe('Due in 3 min 7 s.')
    expect(deadline.left(0)).toBe('The deadline has passed; the study moves on any moment now.')
    expect(deadline.start(90)).toBe('It starts in 1 min 30 s at the latest.')
  })

  it('says whose clock the exact time is by', () => {
    expect(deadline.exact(1_800_000_000)).toMatch(/2027.*by the chain’s clock$/)
  })

  it('says that a clock an hour off does no harm', () => {
    expect(deadline.skew(3600)).toMatch(/^This computer’s clock is 1 h ahead of the chain’s\./)
    expect(deadline.skew(-5400)).toMatch(/is 1 h 30 min behind the chain’s\./)
  })
})

describe('the tab’s title', () => {
  const { of } = liveTexts.title
  it('carries a dot when the person is asked for something', () => {
    expect(of({ kind: 'sign', call: 'submitUpdate' })).toBe('● Sign in your wallet')
    expect(of({ kind: 'resume' })).toBe('● Paused')
  })

  it('carries the share of training, and nothing else in per cent', () => {
    expect(of({ kind: 'works', task: 'contribute', stage: 'train', share: 0.404 })).toBe('Training 40 %')
    expect(of({ kind: 'works', task: 'contribute', stage: 'send', share: 0.9 })).toBe('Sending')
    expect(of({ kind: 'works', task: 'review', stage: null, share: null })).toBe('Checking updates')
  })

  it('is the product’s alone before anything is known', () => {
    expect(of({ kind: 'starting' })).toBeNull()
  })
})

describe('actionText', () => {
  it('says in plain words what the wallet asks for', () => {
    expect(actionText({ kind: 'sign', call: 'submitUpdate' })).toMatch(/^Look at your wallet.*sealed update/)
  })
})

it('does not say of a masked round that anybody opens or tries an update', () => {
  expect(clockExplains('submit', Mode.Committee)).toMatch(/opens the updates/)
  expect(clockExplains('submit', Mode.Masked)).toMatch(/Nobody can read it/)
  expect(clockExplains('compare', Mode.Masked)).not.toMatch(/opens|reads|tries/)
  expect(clockExplains('settle', Mode.Masked)).toBe(clockExplains('settle', Mode.Committee))
})

describe('who is missing', () => {
  it('says how many of the committee a masked round can do without', () => {
    const { unmask } = liveTexts.missing.whatThen
    expect(unmask(0)).toMatch(/^Nobody more of so small a committee may be missing/)
    expect(unmask(1)).toContain('up to one missing member left')
    expect(unmask(2)).toContain('up to 2 missing members left')
  })

  it('names one, you, and several', () => {
    const { waits } = liveTexts.missing
    expect(waits(['Cleveland'])).toBe('Cleveland has still to do what this phase asks for.')
    expect(waits(['You'])).toBe('You have still to do what this phase asks for.')
    expect(waits(['You', 'Cleveland', 'Basel'])).toBe(
      'You, Cleveland and Basel have still to do what this phase asks for.',
    )
    expect(list([])).toBe('')
  })
})

describe('the accuracy’s sentence', () => {
  const { accuracy } = liveTexts.gain
  it('tells the course and the model trained alone', () => {
    expect(
      accuracy([
        { together: 0.61, alone: null },
        { together: 0.8, alone: 0.72 },
      ]),
    ).toBe(
      'The shared model went from 61.0 % to 80.0 % of your held-out patients; a model trained on your patients alone is at 72.0 %.',
    )
  })

  it('tells one round, and none', () => {
    expect(accuracy([{ together: 0.61, alone: null }])).toBe(
      'The shared model is right for 61.0 % of your held-out patients.',
    )
    expect(accuracy([])).toBe('No round has been evaluated here yet.')
  })
})
