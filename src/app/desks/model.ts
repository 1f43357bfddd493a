import type { HeldOutEvaluation } from '../../rounds/ports.ts'
import type { LocalOnly } from '../../study/types.ts'
import type { HospitalContext } from '../context.ts'

/** Results in detail, and the model's use, on this computer. */
export interface ModelDesk {
  /** The shared model, and a model trained alone, on this hospital's held-out patients. */
  evaluate(signal?: AbortSignal): Promise<LocalOnly<HeldOutEvaluation>>
}

export function createModelDesk({ parts }: HospitalContext): ModelDesk {
  return {
    async evaluate(signal) {
      const training = await parts.when('training')
      return training.evaluate({ withLocal: true }, signal ? { signal } : {})
    },
  }
}
