import { proxy, wrap } from 'comlink'
import type { OnProgress } from '../audit/stark/pace.ts'
import { AppError } from '../errors/AppError.ts'
import type { Work } from '../rounds/ports.ts'
import { report, stopIfAborted } from './hospitalStudy.ts'
import { type ProofJob, proveJob } from './proofJob.ts'
import { orCancelled } from './proving.ts'

/** Makes a round's proof. @throws AppError training.cancelled */
export type Prover = (job: ProofJob, work: Work) => Promise<Uint8Array>

/** In this thread, which has turns for others in between. */
export const proveHere: Prover = (job, work) =>
  orCancelled(work, () => proveJob(job, (done, total) => report(work, { stage: 'prove', done, total }), work.signal))

/** What a worker that proves offers. */
export interface ProofWorkerApi {
  prove(job: ProofJob, onProgress: OnProgress): Promise<Uint8Array>
}

/**
 * In a worker of its own for each proof, which ends with it, or at once when it is cancelled.
 * @param start a worker that runs proofWorker.ts
 */
export function workerProver(start: () => Worker): Prover {
  return (job, work) => {
    stopIfAborted(work)
    const worker = start()
    return new Promise<Uint8Array>((resolve, reject) => {
      work.signal?.addEventListener('abort', () => reject(new AppError('training.cancelled')), { once: true })
      worker.addEventListener('error', ({ message }) => reject(new Error(`the proofs’ worker ended: ${message}`)))
      const onProgress = proxy((done: number, total: number) => report(work, { stage: 'prove', done, total }))
      wrap<ProofWorkerApi>(worker).prove(job, onProgress).then(resolve, reject)
    }).finally(() => worker.terminate())
  }
}
