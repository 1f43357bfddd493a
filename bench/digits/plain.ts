import { averageUpdates } from '../../src/aggregation/average.ts'
import { weightOf } from '../../src/aggregation/weights.ts'
import type { ImageDataset } from '../../src/data/dataset.ts'
import { type Encoded, encodeImages } from '../../src/data/encode.ts'
import { mixSeeds } from '../../src/data/seed.ts'
import { initialParameters } from '../../src/study/layout.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'

/** Federated averaging as without Wardround: nothing is encoded, sealed, signed, opened or checked; one server averages. */
export interface PlainStudy {
  playRound(round: number): Promise<void>
  /** Class probabilities of the test images. */
  predict(): Promise<Float32Array>
}

/**
 * The same start, batches, steps and weights as the study of the manifest: the models must come out equal in every bit.
 * @param addresses the hospitals', which seed the order of their batches
 */
export function createPlainStudy(
  datasets: readonly ImageDataset[],
  addresses: readonly string[],
  manifest: Manifest,
  engine: Engine,
): PlainStudy {
  const { model, training } = manifest
  const hospitals: Encoded[] = datasets.map(({ train }) => encodeImages(train))
  const test = encodeImages(datasets[0]!.test)
  let parameters = initialParameters(model, manifest.seed)
  return {
    async playRound(round) {
      const updates = []
      for (const [index, examples] of hospitals.entries()) {
        const seed = mixSeeds(manifest.seed, round, Number.parseInt(addresses[index]!.slice(-8), 16))
        const trained = await engine.train({ model, training, parameters, examples, seed, anchor: parameters })
        const vector = trained.parameters.map((value, i) => value - parameters[i]!)
        updates.push({ index, weight: weightOf(examples.count, manifest.patientsPerWeight), vector })
      }
      parameters = averageUpdates(parameters, updates)
    },
    predict: () => engine.predict(model, parameters, test.inputs, test.count),
  }
}
