import { inWorker } from './inWorker.ts'
import type { Proving, ProvingJob } from './job.ts'

declare global {
  interface Window {
    proving(job: ProvingJob): Promise<readonly Proving[]>
  }
}

/** Proves in a worker of its own. */
window.proving = job => inWorker(new Worker(new URL('./prover.worker.ts', import.meta.url), { type: 'module' }), job)
