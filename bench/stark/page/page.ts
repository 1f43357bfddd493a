import type { Proving, ProvingJob } from './job.ts'

declare global {
  interface Window {
    proving(job: ProvingJob): Promise<readonly Proving[]>
  }
}

/** Proves in a worker of its own. */
window.proving = job => {
  const worker = new Worker(new URL('./prover.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<readonly Proving[]>((resolve, reject) => {
    worker.onerror = event => reject(new Error(event.message || 'the worker did not start'))
    worker.onmessage = ({ data }: MessageEvent<readonly Proving[] | { failure: string }>) => {
      if ('failure' in data) reject(new Error(data.failure))
      else resolve(data)
    }
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}
