import { expose } from 'comlink'
import { type AuditCase, type AuditCheckName, type AuditFinding, checkAudit } from './auditCheck.ts'

/** What an auditor's page asks of its worker. */
export interface AuditWorkerApi {
  /** @param onCheck told of each check before it begins */
  check(given: AuditCase, onCheck: (check: AuditCheckName) => void): AuditFinding
}

expose({ check: (given, onCheck) => checkAudit(given, check => void onCheck(check)) } satisfies AuditWorkerApi)
