import type { StepProving, StepsJob } from './job.ts'

declare global {
  interface Window {
    proveSteps(job: StepsJob): Promise<readonly StepProving[]>
  }
}

/** Proves in a worker of its own. */
window.proveSteps = job => {
  const worker = new Worker(new URL('./steps.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<readonly StepProving[]>((resolve, reject) => {
    worker.onerror = event => reject(new Error(event.message || 'the worker did not start'))
    worker.onmessage = ({ data }: MessageEvent<readonly StepProving[] | { failure: string }>) => {
      if ('failure' in data) reject(new Error(data.failure))
      else resolve(data)
    }
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}
