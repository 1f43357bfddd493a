import type { AuditRecord } from '../../chain/audits.ts'
import type { AuditRules } from '../../chain/reads.ts'
import type { AppErrorData } from '../../errors/AppError.ts'
import { memberIndex } from '../../rounds/duties.ts'
import { Phase, type Progress, type StudySnapshot } from '../../rounds/ports.ts'
import { has } from '../../rounds/sets.ts'
import type { HospitalState } from '../../rounds/state.ts'
import { type Address, sameAddress } from '../../study/types.ts'

/** What became of a hospital that was drawn, or kept back what draws. */
export type AuditVerdict =
  | 'proven'
  | 'noProof'
  | 'noReveal'
  /** Its proof may still come. */
  | 'awaited'
  /** Its round ended before it had to prove. */
  | 'dropped'

/** One audit, as pages list it. */
export interface AuditRow {
  readonly record: AuditRecord
  readonly verdict: AuditVerdict
}

/** The study's audits, as a hospital's page shows them. */
export interface AuditsView {
  /** How the study audits; null where it does not, and before that was read. */
  readonly rules: AuditRules | null
  /** Smallest units of credit that a failed audit costs. */
  readonly cost: bigint
  /** The newest first; null before the first look. */
  readonly rows: readonly AuditRow[] | null
  /** Why the last look failed; what was read before still stands. */
  readonly error: AppErrorData | null
}

export const initialAuditsView: AuditsView = { rules: null, cost: 0n, rows: null, error: null }

/** What tells one audit from others of its study. */
export function rowId({ record }: AuditRow): string {
  return `${record.round}-${record.hospital.toLowerCase()}`
}

/** Records as rows, the newest round first, and in a round by order of joining. @param snapshot null before the study was looked at */
export function auditRows(
  records: readonly AuditRecord[],
  snapshot: Pick<StudySnapshot, 'phase' | 'round'> | null,
): readonly AuditRow[] {
  return records
    .map(record => ({ record, verdict: verdictOf(record, snapshot) }))
    .sort((a, b) => b.record.round - a.record.round)
}

function verdictOf(
  { verdict, reason, round }: AuditRecord,
  snapshot: Pick<StudySnapshot, 'phase' | 'round'> | null,
): AuditVerdict {
  if (verdict === 'proven') return 'proven'
  if (verdict === 'failed') return reason === 'no reveal' ? 'noReveal' : 'noProof'
  return snapshot?.round === round && snapshot.phase === Phase.Audit ? 'awaited' : 'dropped'
}

/** How many of its audits a study passed and failed, and in how many rounds. */
export interface AuditCount {
  readonly rounds: number
  readonly proven: number
  readonly failed: number
  /** Fewest and most that proved in a round of those. */
  readonly fewest: number
  readonly most: number
}

/** Rounds that are still open, and hospitals that a round did not wait for, are not counted. */
export function countAudits(rows: readonly AuditRow[]): AuditCount {
  const settled = rows.filter(({ verdict }) => verdict !== 'awaited' && verdict !== 'dropped')
  const proven = settled.filter(({ verdict }) => verdict === 'proven')
  const rounds = [...new Set(settled.map(({ record }) => record.round))]
  const each = rounds.map(round => proven.filter(({ record }) => record.round === round).length)
  return {
    rounds: rounds.length,
    proven: proven.length,
    failed: settled.length - proven.length,
    fewest: rounds.length === 0 ? 0 : Math.min(...each),
    most: Math.max(0, ...each),
  }
}

/** Where this hospital stands in the running round's audit. */
export type OwnAudit =
  /** Who proves is not drawn yet, and what draws has not been opened here. */
  | { readonly kind: 'drawing'; readonly isOpened: boolean; readonly isTaken: boolean }
  /** Others were drawn. */
  | { readonly kind: 'spared' }
  /** Drawn, and at work on it: share 0 to 1, null where it is not known. */
  | { readonly kind: 'proving'; readonly share: number | null; readonly isSending: boolean }
  /** Drawn; the person paused, or something failed. */
  | { readonly kind: 'stopped'; readonly hasFailed: boolean }
  /** Drawn; the tab has not begun, or what it sent is not on the chain yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'failed' }

/** @returns null where nothing of this hospital's is audited now: in other phases it is only once it was drawn in this round */
export function ownAudit(state: HospitalState | null): OwnAudit | null {
  const snapshot = state?.snapshot ?? null
  if (state === null || snapshot === null || !snapshot.proven) return null
  const me = memberIndex(snapshot, state)
  if (me === null || !has(snapshot.submitted, me)) return null
  if (has(snapshot.failed, me)) return { kind: 'failed' }
  if (has(snapshot.cleared, me)) return { kind: 'cleared' }
  if (snapshot.phase === Phase.Reveal) {
    return { kind: 'drawing', isOpened: has(snapshot.unsealed, me), isTaken: snapshot.revealable }
  }
  if (snapshot.phase !== Phase.Audit) return null
  if (!has(snapshot.audited, me)) return { kind: 'spared' }
  return proverState(state)
}

function proverState({ task, progress, paused, lastError }: HospitalState): OwnAudit {
  if (task?.type === 'prove') return { kind: 'proving', ...shareOf(progress) }
  if (paused || lastError?.task.type === 'prove') return { kind: 'stopped', hasFailed: lastError !== null }
  return { kind: 'waiting' }
}

function shareOf(progress: Progress | null): { readonly share: number | null; readonly isSending: boolean } {
  if (progress?.stage === 'send') return { share: 1, isSending: true }
  if (progress === null || progress.total === 0) return { share: null, isSending: false }
  return { share: Math.min(1, progress.done / progress.total), isSending: false }
}

/** The own audit of a round, where the chain has it. */
export function rowOf(rows: readonly AuditRow[] | null, round: number, hospital: Address): AuditRow | undefined {
  return rows?.find(({ record }) => record.round === round && sameAddress(record.hospital, hospital))
}
