import { initialParameters } from '../../../src/study/layout.ts'
import type { ModelSpec } from '../../../src/study/manifest.ts'
import { createEngine, type Engine } from '../../../src/training/engine.ts'
import { wasmFiles } from '../../../src/training/wasmFiles.ts'
import { BATCH, type Job, LEARNING_RATE, type ModelName, makeData, serve } from './job.ts'

const models: Record<ModelName, ModelSpec> = {
  logistic: { input: [13], layers: [{ type: 'dense', units: 1, activation: 'linear' }], siteLocal: 'none' },
  mlp: {
    input: [784],
    layers: [
      { type: 'dense', units: 128, activation: 'relu' },
      { type: 'dense', units: 10, activation: 'linear' },
    ],
    siteLocal: 'none',
  },
  cnn: {
    input: [28, 28, 1],
    layers: [
      { type: 'conv2d', filters: 8, kernel: 5, padding: 'same', activation: 'relu' },
      { type: 'maxPool', size: 2 },
      { type: 'conv2d', filters: 16, kernel: 5, padding: 'same', activation: 'relu' },
      { type: 'maxPool', size: 2 },
      { type: 'flatten' },
      { type: 'dense', units: 10, activation: 'linear' },
    ],
    siteLocal: 'none',
  },
}

let engine: Engine | undefined

serve(async (job: Job) => {
  engine ??= await createEngine(job.backend, { wasm: wasmFiles })
  const model = models[job.model]
  const examples = makeData(job)
  const parameters = initialParameters(model, 1)
  const started = performance.now()
  const trained = await engine.train({
    model,
    training: { epochs: 1, batchSize: BATCH, learningRate: LEARNING_RATE, momentum: 0, l2: 0, proximal: 0 },
    parameters,
    examples,
    seed: 1,
    // The app shows progress, so the benchmark pays for it.
    onProgress: () => {},
  })
  const milliseconds = performance.now() - started
  return { milliseconds, update: trained.parameters.map((value, i) => value - parameters[i]!) }
})
