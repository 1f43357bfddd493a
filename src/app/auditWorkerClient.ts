import { proxy, type Remote, wrap } from 'comlink'
import type { AuditCase, AuditCheckName, AuditFinding } from './auditCheck.ts'
import type { AuditWorkerApi } from './auditWorker.ts'

/** Checks proofs, away from the window's thread. */
export interface AuditChecker {
  /** @param onCheck told of each check before it begins */
  check(given: AuditCase, onCheck: (check: AuditCheckName) => void): Promise<AuditFinding>
  /** What is under way never answers. */
  close(): void
}

/** Starts the worker with the first proof. */
export function createAuditChecker(): AuditChecker {
  let worker: Worker | undefined
  let remote: Remote<AuditWorkerApi> | undefined
  return {
    async check(given, onCheck) {
      worker ??= new Worker(new URL('./auditWorker.ts', import.meta.url), { type: 'module' })
      remote ??= wrap<AuditWorkerApi>(worker)
      return remote.check(given, proxy(onCheck))
    },
    close() {
      worker?.terminate()
      worker = undefined
      remote = undefined
    },
  }
}
