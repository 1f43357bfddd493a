import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../chain/audits.ts'
import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import { type HospitalState, initialState } from '../../rounds/state.ts'
import type { Address } from '../../study/types.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { auditRows, countAudits, ownAudit, rowOf } from './auditsView.ts'

const address = (index: number): Address => `0x${String(index + 1).padStart(40, '0')}`
const record = (round: number, hospital: number, change: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ round, hospital: address(hospital), question: null, trace: '0x', verdict: 'proven' },
  ...change,
})

describe('the list of audits', () => {
  const records = [
    record(1, 0),
    record(1, 2, { verdict: 'failed', reason: 'no proof' }),
    record(2, 1, { verdict: 'failed', reason: 'no reveal' }),
    record(2, 3),
    record(3, 0, { verdict: 'open' }),
    record(3, 1),
  ]

  it('has the newest round first, and says what came of each', () => {
    const rows = auditRows(records, { round: 3, phase: Phase.Audit })
    expect(rows.map(({ record: { round }, verdict }) => [round, verdict])).toEqual([
      [3, 'awaited'],
      [3, 'proven'],
      [2, 'noReveal'],
      [2, 'proven'],
      [1, 'proven'],
      [1, 'noProof'],
    ])
    expect(rowOf(rows, 2, address(3))?.verdict).toBe('proven')
    expect(rowOf(rows, 2, address(0))).toBeUndefined()
    expect(rowOf(null, 2, address(0))).toBeUndefined()
  })

  it('waits for no proof of a round that is over', () => {
    const verdict = (snapshot: Pick<StudySnapshot, 'round' | 'phase'> | null) =>
      auditRows(records, snapshot)[0]?.verdict
    expect(verdict({ round: 3, phase: Phase.Settle })).toBe('dropped')
    expect(verdict({ round: 4, phase: Phase.Audit })).toBe('dropped')
    expect(verdict(null)).toBe('dropped')
  })

  it('is counted by rounds', () => {
    const rows = auditRows(records, { round: 3, phase: Phase.Audit })
    expect(countAudits(rows)).toEqual({ rounds: 3, proven: 3, failed: 2, fewest: 1, most: 1 })
    expect(countAudits([])).toEqual({ rounds: 0, proven: 0, failed: 0, fewest: 0, most: 0 })
    expect(countAudits(auditRows([record(1, 0), record(1, 1)], null))).toMatchObject({ fewest: 2, most: 2 })
  })
})

describe('the own audit', () => {
  const members = [0, 1, 2, 3].map(address)
  const running = { members, participants: 15n, submitted: 15n, proven: true, round: 2 }
  const state = (snapshot: Partial<StudySnapshot>, change: Partial<HospitalState> = {}): HospitalState => ({
    ...initialState(address(1)),
    snapshot: testSnapshot({ ...running, ...snapshot }),
    ...change,
  })
  const drawn = { phase: Phase.Audit, audited: 2n } as const
  const task = { type: 'prove', round: 2 } as const

  it('is none where nothing is proven, before training, and of who sent nothing', () => {
    expect(ownAudit(null)).toBeNull()
    expect(ownAudit(state({ ...drawn, proven: false }))).toBeNull()
    expect(ownAudit(state({ phase: Phase.Train }))).toBeNull()
    expect(ownAudit(state({ ...drawn, submitted: 13n }))).toBeNull()
  })

  it('waits for the draw, and says whether its part is open', () => {
    const drawing = (change: Partial<StudySnapshot>) => ownAudit(state({ phase: Phase.Reveal, ...change }))
    expect(drawing({})).toEqual({ kind: 'drawing', isOpened: false, isTaken: false })
    expect(drawing({ revealable: true })).toEqual({ kind: 'drawing', isOpened: false, isTaken: true })
    expect(drawing({ revealable: true, unsealed: 2n })).toMatchObject({ isOpened: true })
  })

  it('is spared, or drawn', () => {
    expect(ownAudit(state({ ...drawn, audited: 5n }))).toEqual({ kind: 'spared' })
    expect(ownAudit(state(drawn))).toEqual({ kind: 'waiting' })
  })

  it('says how far the proof is', () => {
    const proving = (progress: HospitalState['progress']) => ownAudit(state(drawn, { task, progress }))
    expect(proving(null)).toEqual({ kind: 'proving', share: null, isSending: false })
    expect(proving({ stage: 'prove', done: 1, total: 4 })).toEqual({ kind: 'proving', share: 0.25, isSending: false })
    expect(proving({ stage: 'send', done: 0, total: 1 })).toEqual({ kind: 'proving', share: 1, isSending: true })
  })

  it('says when it stopped, and whether by a failure', () => {
    expect(ownAudit(state(drawn, { paused: true }))).toEqual({ kind: 'stopped', hasFailed: false })
    const lastError = { task, error: new Error('out of memory') }
    expect(ownAudit(state(drawn, { lastError }))).toEqual({ kind: 'stopped', hasFailed: true })
  })

  it('says what came of it, also in the phases that follow', () => {
    expect(ownAudit(state({ ...drawn, cleared: 2n }))).toEqual({ kind: 'cleared' })
    expect(ownAudit(state({ ...drawn, phase: Phase.Attest, cleared: 2n }))).toEqual({ kind: 'cleared' })
    expect(ownAudit(state({ phase: Phase.Attest, failed: 2n }))).toEqual({ kind: 'failed' })
  })
})
