import { averageUpdates } from '../../src/aggregation/average.ts'
import { nextK } from '../../src/aggregation/compression/adaptiveK.ts'
import {
  bytesOfFloats,
  bytesOfMaskedUpload,
  bytesOfMasking,
  ELEMENT_BYTES,
} from '../../src/aggregation/compression/bytes.ts'
import {
  cluster,
  decodeClustered,
  encodeClustered,
  suggestedError,
  unclustered,
} from '../../src/aggregation/compression/clustering.ts'
import { owedAfter, residualAfter, startOf } from '../../src/aggregation/compression/errorFeedback.ts'
import { planRandomK, type SparsePlan, select, spread } from '../../src/aggregation/compression/randomK.ts'
import { mixSeeds } from '../../src/data/seed.ts'
import type { Evaluation } from '../../src/rounds/ports.ts'
import { initialParameters, parameterLayout } from '../../src/study/layout.ts'
import type { ModelSpec, TrainingSpec } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import type { Examples } from '../../src/training/examples.ts'
import { evaluation } from '../../src/training/metrics.ts'

export interface Setting {
  readonly name: string
  /** Uploads of the whole study in parts of the uncompressed masked ones: 8 leaves an eighth. 1: everything is sent. */
  readonly uploadFactor: number
  /** Relative error of what comes down; null: float32. */
  readonly downloadError: number | null
}

export interface Outcome extends Setting {
  /** Of the public validation images after each round, nats. */
  readonly losses: readonly number[]
  /** On the test images after the last round. */
  readonly accuracy: number
  readonly testLoss: number
  /** Coordinates sent in each round. */
  readonly ks: readonly number[]
  /** One hospital's, over all rounds, everything counted. */
  readonly uploaded: number
  readonly downloaded: number
  /** The last model clustered as it is, for who joins late and holds no earlier one. */
  readonly snapshot: { readonly bytes: number; readonly accuracy: number }
  readonly seconds: number
}

export interface SimulationOptions {
  readonly model: ModelSpec
  readonly training: TrainingSpec
  readonly hospitals: readonly Examples[]
  readonly validation: Examples
  readonly test: Examples
  readonly rounds: number
  readonly seed: number
  readonly engine: Engine
}

/**
 * A masked study of hospitals that are all seats, without the masks, which change no sum: the selected coordinates of what each
 * hospital owes are averaged, and the new model comes down as its difference to the last, which everybody holds.
 */
export async function simulate(
  setting: Setting,
  { model, training, hospitals, validation, test, rounds, seed, engine }: SimulationOptions,
): Promise<Outcome> {
  const started = performance.now()
  const { tensors, size, outputs } = parameterLayout(model)
  const committee = { seats: hospitals.length, isSeat: true }
  const evaluate = async (parameters: Float32Array, { inputs, labels, count }: Examples): Promise<Evaluation> =>
    evaluation(await engine.predict(model, parameters, inputs, count), labels, outputs)
  const budget = (rounds * bytesOfMaskedUpload({ elements: size, ...committee })) / setting.uploadFactor
  const losses: number[] = []
  const ks: number[] = []
  let base = initialParameters(model, seed)
  let residuals = hospitals.map(() => new Float32Array(size))
  let uploaded = 0
  let downloaded = 0
  let sent = 0
  for (let round = 1; round <= rounds; round++) {
    const k = nextK({
      size,
      bytesLeft: Math.max(0, budget - uploaded),
      roundsLeft: rounds - round + 1,
      overhead: bytesOfMasking(committee),
      bytesPerCoordinate: ELEMENT_BYTES,
      losses,
    })
    const plan = planRandomK({ seed, sent, size, k })
    const updates = []
    const left = []
    for (const [index, examples] of hospitals.entries()) {
      const start = startOf(base, residuals[index]!)
      const call = { model, training, parameters: start, examples, seed: mixSeeds(seed, round, index), anchor: base }
      const owed = owedAfter(base, (await engine.train(call)).parameters)
      const values = select(owed, plan)
      left.push(residualAfter(owed, plan, values))
      updates.push({ index, weight: 1, vector: values })
    }
    residuals = left
    const mean = averageUpdates(new Float32Array(k), updates)
    const { step, bytes } = download(mean, plan, tensors, setting.downloadError)
    base = startOf(base, step)
    sent += k
    ks.push(k)
    uploaded += bytesOfMaskedUpload({ elements: k, ...committee })
    downloaded += bytes
    losses.push((await evaluate(base, validation)).logLoss)
  }
  const { accuracy, logLoss } = await evaluate(base, test)
  const clustered = cluster(
    base,
    tensors.map(tensor => tensor.size),
    { relativeError: suggestedError },
  )
  const snapshot = {
    bytes: encodeClustered(clustered).length,
    accuracy: (await evaluate(unclustered(clustered), test)).accuracy,
  }
  const seconds = (performance.now() - started) / 1000
  return { ...setting, losses, accuracy, testLoss: logLoss, ks, uploaded, downloaded, snapshot, seconds }
}

/** What everybody adds to the last model, and the bytes that tell them. */
function download(
  mean: Float32Array,
  plan: SparsePlan,
  tensors: readonly { readonly offset: number; readonly size: number }[],
  relativeError: number | null,
): { readonly step: Float32Array; readonly bytes: number } {
  if (relativeError === null) return { step: spread(mean, plan), bytes: bytesOfFloats(mean.length) }
  const sizes = tensors.map(
    ({ offset, size }) => plan.coordinates.filter(at => at >= offset && at < offset + size).length,
  )
  const bytes = encodeClustered(cluster(mean, sizes, { relativeError }))
  return { step: spread(unclustered(decodeClustered(bytes, sizes)), plan), bytes: bytes.length }
}
