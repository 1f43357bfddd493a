import { expose } from 'comlink'
import { afterEach, describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import type { Progress } from '../rounds/ports.ts'
import type { ProofJob } from './proofJob.ts'
import { type ProofWorkerApi, workerProver } from './prover.ts'

const job = { maskKey: Uint8Array.of(1, 2, 3) } as unknown as ProofJob
const ended: string[] = []
const closers: (() => void)[] = []

afterEach(() => {
  ended.length = 0
  for (const close of closers.splice(0)) close()
})

/** A worker at the other end of a channel; what it is told to end with is kept. */
function startWith(prove: ProofWorkerApi['prove'], started: EventTarget[] = []): () => Worker {
  return () => {
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port1.close())
    expose({ prove }, port2)
    const worker = Object.assign(port1, { terminate: () => ended.push('terminated') })
    started.push(port1)
    return worker as unknown as Worker
  }
}

describe('a prover in a worker of its own', () => {
  it('gives what the worker proved and tells how far it is, and ends the worker', async () => {
    const progress: Progress[] = []
    const prover = workerProver(
      startWith(async ({ maskKey }, onProgress) => {
        await onProgress(1, 4)
        return maskKey
      }),
    )
    const proof = await prover(job, { onProgress: step => progress.push(step) })
    expect(proof).toEqual(job.maskKey)
    expect(progress).toEqual([{ stage: 'prove', done: 1, total: 4 }])
    expect(ended).toEqual(['terminated'])
  })

  it('ends the worker at once when it is cancelled, and starts none where it was before', async () => {
    const controller = new AbortController()
    const started: EventTarget[] = []
    const prover = workerProver(
      startWith((_, onProgress) => {
        onProgress(1, 4)
        return new Promise(() => {})
      }, started),
    )
    const work = { signal: controller.signal, onProgress: () => controller.abort() }
    await expect(prover(job, work)).rejects.toSatisfy(error => isAppError(error, 'training.cancelled'))
    expect(ended).toEqual(['terminated'])
    expect(() => prover(job, work)).toThrow(expect.objectContaining({ code: 'training.cancelled' }))
    expect(started).toHaveLength(1)
  })

  it('says that a worker ended, or could not prove', async () => {
    const started: EventTarget[] = []
    const hanging = workerProver(startWith(() => new Promise(() => {}), started))(job, {})
    started[0]!.dispatchEvent(Object.assign(new Event('error'), { message: 'no memory' }))
    await expect(hanging).rejects.toThrow('no memory')
    const failing = workerProver(startWith(() => Promise.reject(new RangeError('row 3'))))
    await expect(failing(job, {})).rejects.toThrow('row 3')
    expect(ended).toEqual(['terminated', 'terminated'])
  })
})
