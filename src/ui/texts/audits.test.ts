import { describe, expect, it } from 'vitest'
import type { AuditFinding } from '../../app/auditCheck.ts'
import type { AuditProgress } from '../../app/auditorDesk.ts'
import { auditProgressText, auditsTexts, ownAuditText } from './audits.ts'

const said = { steps: 3, inputs: 14, contributions: 10, noised: true, blinded: false }
const shape = { inputs: 14, batch: 64, steps: 3, shift: 5, contributions: 10, noise: null, blinded: false }
const done = (finding: AuditFinding, change: Partial<Extract<AuditProgress, { stage: 'done' }>> = {}) =>
  auditProgressText({ stage: 'done', finding, seconds: 0.42, proofBytes: 65_900, said, shape, ...change }, 'Basel')

describe('what came of a check', () => {
  it('says what was proven, how long the check took, and by whose rules', () => {
    expect(done({ holds: true, rulesAreKnown: true })).toBe(
      'It holds, checked on this computer in 0.4 s from a proof of 65.9 kB: Basel trained on up to 192 patients, in 3 batches of 64, with the noise that was fixed beforehand, by the rules in the study’s description.',
    )
    const unknown = done({ holds: true, rulesAreKnown: false }, { shape: null, seconds: 0.02 })
    expect(unknown).toMatch(/in less than 0\.1 s .* trained in 3 batches, .* could not be fetched/)
  })

  it('names the check that failed, and what the verifier says', () => {
    expect(done({ holds: false, check: 'data' })).toMatch(/^It does not hold: it is not of the patients/)
    const refused = done({ holds: false, check: 'proof', refusal: 'constraints' })
    expect(refused).toMatch(/^It does not hold: the proof itself does not hold: its numbers do not follow/)
  })

  it('says nothing against a proof that cannot be looked at', () => {
    const texts = (['elsewhere', 'foreignVerifier', 'noKey'] as const).map(why =>
      auditProgressText({ stage: 'unchecked', why }, 'Basel'),
    )
    expect(new Set(texts).size).toBe(3)
    for (const text of texts) expect(text).toMatch(/^This proof cannot be checked here/)
  })
})

it('counts audits in plain words', () => {
  const { some } = auditsTexts.page.what
  const counted = { rounds: 1, proven: 1, failed: 0, fewest: 1, most: 1 }
  expect(some(counted)).toBe('In one round a hospital had to prove its training; it did.')
  expect(some({ ...counted, rounds: 3, proven: 6 })).toBe(
    'In 3 rounds hospitals had to prove their training 6 times; each time they did.',
  )
  expect(some({ ...counted, rounds: 3, proven: 5, failed: 1 })).toMatch(/6 times; once one did not\.$/)
})

it('tells a hospital whether it has to prove, and what it waits for', () => {
  const drawing = { kind: 'drawing', isOpened: false, isTaken: false } as const
  expect(ownAuditText(drawing)).toMatch(/^Waiting for the draw\. A few blocks/)
  expect(ownAuditText({ ...drawing, isTaken: true })).toMatch(/opens its part of it now/)
  expect(ownAuditText({ ...drawing, isOpened: true })).toMatch(/Your part of it is open/)
  expect(ownAuditText({ kind: 'proving', share: 1, isSending: true })).toMatch(/on its way to the chain/)
  expect(ownAuditText({ kind: 'stopped', hasFailed: false })).toMatch(/you paused/)
  expect(ownAuditText({ kind: 'stopped', hasFailed: true })).toMatch(/did not succeed/)
})
