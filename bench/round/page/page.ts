import type { Job, Outcome, Sealing, SealingJob } from './job.ts'

/** Milliseconds a step, of each loop in turns. */
export interface Comparison {
  readonly ours: readonly number[]
  readonly bare: readonly number[]
  /** How far five steps end from our cpu backend's, over how far they went: a fast wrong kernel must show. */
  readonly difference: number
}

declare global {
  interface Window {
    compare(job: Omit<Job, 'steps'>, budget: { turns: number; milliseconds: number }): Promise<Comparison>
    sealing(job: SealingJob): Promise<Sealing>
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
    const [fromHere, fromCpu] = [probes[0]!.update!, await onCpu(job.model)]
    const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const difference = largest(fromHere.map((value, i) => value - fromCpu[i]!)) / largest(fromCpu)
    const fewest = Math.min(...probes.map(probe => probe.milliseconds))
    const steps = Math.min(2000, Math.max(3, Math.round((5 * milliseconds) / fewest)))
    for (const worker of [ours, bare]) await ask(worker, { ...job, steps: Math.min(steps, 20) })

    const result = { ours: [] as number[], bare: [] as number[] }
    for (let turn = 0; turn < turns; turn++) {
      // Who goes first changes, or warmth would favour one.
      const order = turn % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
      for (const name of order) {
        const { milliseconds: taken } = await ask(name === 'ours' ? ours : bare, { ...job, steps })
        result[name].push(taken / steps)
      }
    }
    return { ...result, difference }
  } finally {
    ours.terminate()
    bare.terminate()
  }
}

window.sealing = async job => {
  const worker = new Worker(new URL('./sealing.worker.ts', import.meta.url), { type: 'module' })
  try {
    return await ask<SealingJob, Sealing>(worker, job)
  } finally {
    worker.terminate()
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

const cpuResults = new Map<Job['model'], Promise<Float32Array>>()

function onCpu(model: Job['model']): Promise<Float32Array> {
  const known = cpuResults.get(model)
  if (known) return known
  const worker = new Worker(new URL('./ours.worker.ts', import.meta.url), { type: 'module' })
  const result = ask(worker, { backend: 'cpu', model, steps: 5 })
    .then(({ update }) => update!)
    .finally(() => worker.terminate())
  cpuResults.set(model, result)
  return result
}

function ask<J = Job, O extends object = Outcome>(worker: Worker, job: J): Promise<O> {
  return new Promise((resolve, reject) => {
    worker.onerror = event => reject(new Error(event.message || 'the worker did not start'))
    worker.onmessage = ({ data }: MessageEvent<O | { failure: string }>) => {
      if ('failure' in data) reject(new Error(data.failure))
      else resolve(data)
    }
    worker.postMessage(job)
  })
}
