import { pooledWithIntercepts, prepare } from '../../bench/heart/baselines.ts'
import { type ImageDataset, isTable } from '../../src/data/dataset.ts'
import { type Encoded, encodeImages } from '../../src/data/encode.ts'
import { initialParameters } from '../../src/study/layout.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import { createEngine } from '../../src/training/engine.ts'
import { evaluation } from '../../src/training/metrics.ts'
import type { StudySource } from './studyData.ts'

/**
 * Mean accuracy over the hospitals of the same model trained in one place on all training patients together, for as many
 * epochs, and with the same site-local part: what federation is compared with.
 */
export async function pooledAccuracy(source: StudySource, manifest: Manifest, rounds: number): Promise<number> {
  const datasets = await source.datasets()
  const { schema } = manifest
  if (schema.kind === 'table') {
    const engine = await createEngine('cpu')
    const prepared = prepare(datasets.filter(isTable), schema)
    const predictions = await pooledWithIntercepts(prepared, manifest, rounds, engine)
    const accuracies = prepared.map(({ test }, i) => evaluation(predictions[i]!, test.labels, 1).accuracy)
    return accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
  }
  const images = datasets.filter((dataset): dataset is ImageDataset => !isTable(dataset))
  return pooledImages(images, manifest, rounds, schema.classes.length)
}

/** All hospitals are tested on the same images: the mean is one number. */
async function pooledImages(
  datasets: readonly ImageDataset[],
  manifest: Manifest,
  rounds: number,
  classes: number,
): Promise<number> {
  const engine = await createEngine('wasm')
  const { model, training, seed } = manifest
  const examples = concat(datasets.map(({ train }) => encodeImages(train)))
  const parameters = initialParameters(model, seed)
  const epochs = training.epochs * rounds
  const trained = await engine.train({ model, training, parameters, examples, epochs, seed })
  const test = encodeImages(datasets[0]!.test)
  const predictions = await engine.predict(model, trained.parameters, test.inputs, test.count)
  return evaluation(predictions, test.labels, classes).accuracy
}

function concat(parts: readonly Encoded[]): Encoded {
  const inputs = new Float32Array(parts.reduce((sum, part) => sum + part.inputs.length, 0))
  const labels = new Int32Array(parts.reduce((sum, part) => sum + part.count, 0))
  let at = 0
  let row = 0
  for (const part of parts) {
    inputs.set(part.inputs, at)
    labels.set(part.labels, row)
    at += part.inputs.length
    row += part.count
  }
  return { inputs, labels, count: row }
}
