/** What a worker answers: what it was asked for, or why not. */
export type Answer<T> = T | { readonly failure: string }

/** Gives a worker of its own a job. @throws Error where the worker does not start, or says that it failed */
export function inWorker<T extends object>(worker: Worker, job: unknown): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    worker.onerror = event => reject(new Error(event.message || 'the worker did not start'))
    worker.onmessage = ({ data }: MessageEvent<Answer<T>>) => {
      if ('failure' in data) reject(new Error(data.failure))
      else resolve(data)
    }
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}

/** Answers jobs, in the worker. */
export function answerJobs<Job, T extends object>(work: (job: Job) => Promise<T>): void {
  self.onmessage = async ({ data }: MessageEvent<Job>) => {
    let answer: Answer<T>
    try {
      answer = await work(data)
    } catch (error) {
      answer = { failure: error instanceof Error ? error.message : String(error) }
    }
    self.postMessage(answer)
  }
}
