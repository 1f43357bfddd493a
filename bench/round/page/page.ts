import type { Job } from './job.ts'

/** Milliseconds a step, of each loop in turns. */
export interface Comparison {
  readonly ours: readonly number[]
  readonly bare: readonly number[]
}

declare global {
  interface Window {
    compare(job: Omit<Job, 'steps'>, budget: { turns: number; milliseconds: number }): Promise<Comparison>
    backends(): Promise<{ webgpu: string | null; webgl: string | null }>
  }
}

/** Lets both loops, each in a worker of its own, take turns; a turn lasts about the given milliseconds, three steps at least. */
window.compare = async (job, { turns, milliseconds }) => {
  const ours = new Worker(new URL('./ours.worker.ts', import.meta.url), { type: 'module' })
  const bare = new Worker(new URL('./bare.worker.ts', import.meta.url), { type: 'module' })
  try {
    // Twice: shaders and code are compiled in the first, the second tells how long a step takes.
    for (const worker of [ours, bare]) await ask(worker, { ...job, steps: 2 })
    const probes = [await ask(ours, { ...job, steps: 5 }), await ask(bare, { ...job, steps: 5 })]
    const steps = Math.min(2000, Math.max(3, Math.round((5 * milliseconds) / Math.min(...probes))))
    for (const worker of [ours, bare]) await ask(worker, { ...job, steps: Math.min(steps, 20) })

    const result = { ours: [] as number[], bare: [] as number[] }
    for (let turn = 0; turn < turns; turn++) {
      // Who goes first changes, or warmth would favour one.
      const order = turn % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
      for (const name of order) {
        const taken = await ask(name === 'ours' ? ours : bare, { ...job, steps })
        result[name].push(taken / steps)
      }
    }
    return result
  } finally {
    ours.terminate()
    bare.terminate()
  }
}

window.backends = async () => {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<{ info?: Record<string, string> } | null> } }).gpu
  const adapter = await gpu?.requestAdapter()
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2')
  const extension = gl?.getExtension('WEBGL_debug_renderer_info')
  return {
    webgpu: adapter ? [adapter.info?.vendor, adapter.info?.architecture].filter(Boolean).join(' ') || 'unnamed' : null,
    webgl: gl ? String(extension ? gl.getParameter(extension.UNMASKED_RENDERER_WEBGL) : 'unnamed') : null,
  }
}

function ask(worker: Worker, job: Job): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.onerror = event => reject(new Error(event.message || 'the worker did not start'))
    worker.onmessage = ({ data }: MessageEvent<{ milliseconds?: number; failure?: string }>) => {
      if (data.milliseconds === undefined) reject(new Error(data.failure))
      else resolve(data.milliseconds)
    }
    worker.postMessage(job)
  })
}
