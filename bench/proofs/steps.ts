import { type ExactBatch, encodeBatches, encodeWeights } from '../../src/audit/engine/batch.ts'
import { createExactTrainer } from '../../src/audit/engine/ExactTrainer.ts'
import type { ExactShape } from '../../src/audit/engine/shape.ts'
import { initialParameters } from '../../src/study/layout.ts'
import { publicRandom, shuffled } from '../../src/study/random.ts'
import { type Kind, kinds, modelOf } from '../exact/tasks.ts'

/** A step of training as a hospital takes it, to be proven. */
export interface TrainedStep {
  readonly name: string
  readonly shape: ExactShape
  /** Before it. */
  readonly weights: BigInt64Array
  readonly batch: ExactBatch
  /** How many there are in an epoch of its hospital. */
  readonly stepsOfEpoch: number
}

/** Rows of a batch, by kind: large models learn from fewer. */
const batches = [16, 16, 16, 8]

/** What bench/exact trains, with these batches. */
export const stepKinds: readonly Kind[] = kinds.map((kind, i) => ({
  ...kind,
  shape: { ...kind.shape, batch: batches[i]! },
}))

/** The first step of the second epoch at the first hospital. */
export async function trainedStep({ name, shape, task }: Kind): Promise<TrainedStep> {
  const { hospitals } = await task(1)
  const rows = hospitals[0]!
  const epoch = encodeBatches(shape, rows, shuffled(publicRandom(1), rows.count))
  const trainer = await createExactTrainer(shape, encodeWeights(shape, initialParameters(modelOf(shape), 1)))
  for (const batch of epoch) trainer.step(batch)
  return { name, shape, weights: trainer.weights(), batch: epoch[0]!, stepsOfEpoch: epoch.length }
}
