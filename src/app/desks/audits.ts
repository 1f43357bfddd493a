import { createAuditRecords } from '../../chain/audits.ts'
import { readAuditRules } from '../../chain/reads.ts'
import { AppError, isAppError } from '../../errors/AppError.ts'
import type { StudySnapshot } from '../../rounds/ports.ts'
import type { HospitalContext } from '../context.ts'
import { type AuditsView, auditRows } from './auditsView.ts'

/**
 * Keeps a proven study's audits up to date in the store: read anew whenever the study says that something of them changed. Does
 * nothing where no training is proven.
 */
export function followAudits(context: HospitalContext): void {
  const { access, options, parts, store, signal, onClose } = context
  const change = (audits: Partial<AuditsView>) =>
    store.setState(({ audits: known }) => ({ audits: { ...known, ...audits } }))
  const read = createAuditRecords(access, options.study.address)
  let isReading = false
  let isStale = false

  /** One look at a time; what changes meanwhile is seen by one more. */
  async function refresh(): Promise<void> {
    isStale = true
    if (isReading) return
    isReading = true
    try {
      while (isStale && !signal.aborted) {
        isStale = false
        await look()
      }
    } finally {
      isReading = false
    }
  }

  async function look(): Promise<void> {
    try {
      const records = await read()
      change({ rows: auditRows(records, store.getState().round?.snapshot ?? null), error: null })
    } catch (error) {
      if (!isAppError(error)) console.error(error)
      const reason = error instanceof Error ? error.message : String(error)
      change({ error: isAppError(error) ? error.toData() : new AppError('app.bug', { reason }, error).toData() })
    }
  }

  async function begin(): Promise<void> {
    const [{ rules }, manifest] = await Promise.all([parts.when('info'), parts.when('manifest')])
    if (manifest.proving === undefined) return
    const audits = await readAuditRules(access, options.study.address)
    if (audits === null) return
    change({ rules: audits, cost: (rules.stake * BigInt(audits.slashBps)) / 10_000n })
    let seen = ''
    const follow = () => {
      const now = stateOf(store.getState().round?.snapshot ?? null)
      if (now === seen) return
      seen = now
      void refresh()
    }
    onClose(store.subscribe(follow))
    follow()
  }

  // The chain's silence is told by the session, which also ends where its start fails.
  begin().catch(error => console.warn('the audits cannot be followed', error))
}

/** What audits follow from: another where one of them changed. */
function stateOf(snapshot: StudySnapshot | null): string {
  if (snapshot === null) return 'none'
  const { round, phase, audited, cleared, failed } = snapshot
  return [round, phase, audited, cleared, failed].join(':')
}
