import { inWorker } from '../../stark/page/inWorker.ts'
import type { StepProving, StepsJob } from './job.ts'

declare global {
  interface Window {
    proveSteps(job: StepsJob): Promise<readonly StepProving[]>
  }
}

/** Proves in a worker of its own. */
window.proveSteps = job => inWorker(new Worker(new URL('./steps.worker.ts', import.meta.url), { type: 'module' }), job)
