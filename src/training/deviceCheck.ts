import { type Dataset, isTable } from '../data/dataset.ts'
import { encodedWidth, encodeImages, encodeRows, standardise } from '../data/encode.ts'
import { standardisationOf, statisticsOf } from '../data/statistics.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type { Work } from '../rounds/ports.ts'
import { checkModel, initialParameters } from '../study/layout.ts'
import type { Manifest } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { type BackendName, chooseBackend, graphicsAdapter } from './backends.ts'
import type { Engine } from './engine.ts'
import type { Examples } from './examples.ts'
import { report, stopIfAborted } from './hospitalStudy.ts'
import type { DeviceCheck, Unused } from './screen.ts'

export interface DeviceCheckOptions {
  readonly manifest: Manifest
  /** Null: made-up rows stand in. */
  readonly dataset: Dataset | null
  /** What this page is made to use; null: the best. */
  readonly force: BackendName | null
  readonly createEngine: (backend: BackendName) => Promise<Engine>
  readonly work?: Work
}

/** Time for the steps on what will be used, and on each that will not. */
const USED_MS = 1200
const OTHER_MS = 600
/** Rows that a hospital is thought to have while none are loaded. */
const STAND_IN_ROWS = 500
const all: readonly BackendName[] = ['webgpu', 'wasm', 'webgl', 'cpu']

type Tried = DeviceCheck['tried'][number]

/**
 * Times real steps of a study's own model at its batch size on what this computer can train on. What will be used is chosen
 * as for training, not by these times; they say how long a round will take.
 * @throws AppError training.noBackend when nothing starts, training.cancelled; study.badManifest
 */
export async function checkDevice(options: DeviceCheckOptions): Promise<DeviceCheck> {
  const { manifest, force, work = {} } = options
  checkModel(manifest.model, manifest.schema, encodedWidth(manifest.schema))
  const choice = await chooseBackend({ force: force ?? undefined })
  const { examples, patients } = examplesFor(options)
  stopIfAborted(work)
  const engine = await options.createEngine(choice.name)
  const step = await timeSteps(engine, manifest, examples, USED_MS, work)
  report(work, { stage: 'load', done: 1, total: 2 })
  const others: Tried[] = []
  for (const backend of all) {
    if (backend !== choice.name) others.push(await other(backend, step, options, examples))
    stopIfAborted(work)
  }
  report(work, { stage: 'load', done: 2, total: 2 })
  const used: Tried = { backend: choice.name, unused: null, step }
  const batches = Math.ceil(patients / Math.min(manifest.training.batchSize, patients))
  return {
    backend: choice.name,
    tried: all.map(backend => others.find(one => one.backend === backend) ?? used),
    secondsPerRound: (manifest.training.epochs * batches * step) / 1000,
  }
}

/** Why a backend is not used: it is not there, it is slower, or it is known to be. */
async function other(
  backend: BackendName,
  usedStep: number,
  { createEngine, manifest, work = {} }: DeviceCheckOptions,
  examples: Examples,
): Promise<Tried> {
  const not = (unused: Unused, step: number | null = null): Tried => ({ backend, unused, step })
  if (backend === 'webgpu') {
    const adapter = await graphicsAdapter()
    if (adapter === null) return not({ kind: 'noGraphics' })
    if (adapter.isSoftware) return not({ kind: 'software', adapter: adapter.name })
  }
  // With a graphics processor WebGPU is faster, without one WebAssembly.
  if (backend === 'webgl') return not({ kind: 'needless' })
  if (backend === 'wasm' && typeof WebAssembly !== 'object') return not({ kind: 'noWasm' })
  try {
    const engine = await createEngine(backend)
    const step = await timeSteps(engine, manifest, examples, OTHER_MS, work)
    const ratio = step / usedStep
    const times = ratio >= 10 ? Math.round(ratio) : Math.round(ratio * 10) / 10
    if (ratio >= 1) return not({ kind: 'slower', times }, step)
    return not({ kind: 'quicker' }, step)
  } catch (error) {
    if (isAppError(error, 'training.noBackend')) return not({ kind: 'noStart' })
    throw error
  }
}

/** Milliseconds a step, of as many steps as fit into the time; the first, which compiles, is not counted. */
async function timeSteps(
  engine: Engine,
  { model, training, seed }: Manifest,
  examples: Examples,
  milliseconds: number,
  work: Work,
): Promise<number> {
  const size = Math.min(training.batchSize, examples.count)
  const batches = Math.ceil(examples.count / size)
  const parameters = initialParameters(model, seed)
  const run = async (steps: number) => {
    const some = Math.min(steps, batches)
    const count = Math.min(examples.count, some * size)
    const width = examples.inputs.length / examples.count
    const epochs = Math.max(1, Math.round(steps / some))
    const since = performance.now()
    const result = await engine.train({
      model,
      training,
      parameters,
      seed,
      epochs,
      examples: {
        inputs: examples.inputs.subarray(0, count * width),
        labels: examples.labels.subarray(0, count),
        count,
      },
      ...(work.signal && { signal: work.signal }),
    })
    return { elapsed: performance.now() - since, steps: result.steps }
  }
  await run(1)
  let best: { elapsed: number; steps: number } = await run(2)
  const until = performance.now() + milliseconds - best.elapsed
  while (performance.now() < until) {
    const left = until - performance.now()
    const fitting = Math.floor((left * best.steps) / best.elapsed)
    if (fitting < 1) break
    // Longer and longer, so that a bad first guess does not take all day.
    best = await run(Math.max(1, Math.min(fitting, best.steps * 4)))
  }
  return best.elapsed / best.steps
}

function examplesFor({ manifest, dataset }: DeviceCheckOptions): {
  readonly examples: Examples
  readonly patients: number
} {
  const { schema, training } = manifest
  const width = encodedWidth(schema)
  if (dataset !== null && dataset.schema.kind !== schema.kind) {
    throw new AppError('study.badManifest', { reason: 'the study is of another kind of data than was loaded' })
  }
  if (dataset !== null && isTable(dataset) && schema.kind === 'table') {
    const names = dataset.schema.features.map(feature => feature.name)
    const matrix = encodeRows(schema, dataset.train, names, 'The data')
    const labels = Int32Array.from(dataset.train, row => row.label)
    // By its own mean and deviation: nobody else's are known yet, and the time is the same.
    const inputs = standardise(matrix, width, standardisationOf(statisticsOf(matrix, width)))
    return { examples: { inputs, labels, count: labels.length }, patients: labels.length }
  }
  const most = 64 * training.batchSize
  if (dataset !== null && !isTable(dataset)) {
    const { pixels, labels } = dataset.train
    const count = Math.min(labels.length, most)
    const some = { pixels: pixels.subarray(0, count * width), labels: labels.subarray(0, count) }
    return { examples: encodeImages(some), patients: labels.length }
  }
  const random = publicRandom(manifest.seed)
  const count = Math.min(STAND_IN_ROWS, most)
  const classes = schema.kind === 'images' ? schema.classes.length : 2
  const inputs = Float32Array.from({ length: count * width }, () => 2 * random.unit() - 1)
  const labels = Int32Array.from({ length: count }, () => random.below(classes))
  return { examples: { inputs, labels, count }, patients: STAND_IN_ROWS }
}
