import type * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../errors/AppError.ts'
import { nextTask } from '../errors/nextTask.ts'
import type { BackendName } from './backends.ts'

/** How often a synchronous backend lets other events in; a press on cancel waits this long. */
const YIELD_EVERY_MS = 40
/** How much work may be queued on a GPU before we wait for it. */
const QUEUE_MS = 200
/** How often progress is told. */
export const SHOW_EVERY_MS = 500

/**
 * Decides after which steps to let other events in. undefined means: go on at once, without even a microtask, so that no
 * other engine of this realm comes between two steps.
 */
export function createPace(backend: BackendName): { after(step: tf.Tensor): Promise<void> | undefined } {
  const queued = backend === 'webgpu' || backend === 'webgl'
  let since = performance.now()
  let steps = 0
  let burst = 1

  const pause = async (step: tf.Tensor): Promise<void> => {
    if (queued) await step.data()
    else await nextTask()
    const now = performance.now()
    // Twice as many at most: the first steps compile shaders and say little.
    burst = Math.max(1, Math.min(2 * burst, Math.floor((QUEUE_MS * steps) / Math.max(1, now - since))))
    since = now
    steps = 0
  }

  return {
    after(step) {
      steps++
      // A GPU's steps return at once; without waiting, cancel would come after minutes of queued work.
      const due = queued ? steps >= burst : performance.now() - since >= YIELD_EVERY_MS
      return due ? pause(step) : undefined
    },
  }
}

/** @throws AppError training.cancelled */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError('training.cancelled')
}
