import { decodeWeights, type ExactBatch, encodeBatches, encodeWeights } from '../../src/audit/engine/batch.ts'
import { createExactTrainer } from '../../src/audit/engine/ExactTrainer.ts'
import { ACTIVATION_LIMIT, type ExactShape } from '../../src/audit/engine/shape.ts'
import { mixSeeds } from '../../src/data/seed.ts'
import { initialParameters } from '../../src/study/layout.ts'
import { publicRandom, shuffled } from '../../src/study/random.ts'
import { median } from '../shared/numbers.ts'
import { accuracyOf, createFloatTrainer, type FloatBatch, floatBatches } from './float.ts'
import { type Kind, modelOf } from './tasks.ts'

export interface Accuracies {
  readonly exact: number
  readonly float: number
  readonly steps: number
  /** Largest magnitudes, as parts of where they are refused: of a weight after any round, of a hidden activation in the end. */
  readonly weight: number
  readonly activation: number
}

/** One hospital's batches, for both. */
interface Batches {
  readonly rows: number
  readonly exact: readonly ExactBatch[]
  readonly float: readonly FloatBatch[]
}

/** Trains both ways from the same start on the same batches in the same order, a round an epoch, and tests both models. */
export async function compareAccuracy({ shape, rounds, task }: Kind, seed: number): Promise<Accuracies> {
  const { hospitals, test } = await task(seed)
  const batches = hospitals.map((rows, h): Batches => {
    const order = shuffled(publicRandom(mixSeeds(seed, h)), rows.count)
    return {
      rows: rows.count,
      exact: encodeBatches(shape, rows, order),
      float: floatBatches(shape, rows, order),
    }
  })
  const start = initialParameters(modelOf(shape), seed)
  let exact = encodeWeights(shape, start)
  let float = start
  let weight = 0
  for (let round = 0; round < rounds; round++) {
    const orders = batches.map((of, h) => shuffled(publicRandom(mixSeeds(seed, h, round)), of.exact.length))
    exact = averageExact(
      await Promise.all(batches.map((of, h) => trainExact(shape, exact, of.exact, orders[h]!))),
      batches,
    )
    float = averageFloat(
      await Promise.all(batches.map((of, h) => trainFloat(shape, float, of.float, orders[h]!))),
      batches,
    )
    weight = Math.max(weight, ...decodeWeights(exact).map(Math.abs))
  }
  const result = decodeWeights(exact)
  return {
    exact: accuracyOf(shape, result, test),
    float: accuracyOf(shape, float, test),
    steps: rounds * batches.reduce((sum, of) => sum + of.exact.length, 0),
    weight: weight / 16,
    activation: Math.max(...batches.map(of => largestActivation(shape, result, of.exact))),
  }
}

/**
 * Milliseconds of a step, exact on WASM and in float32 on the active backend of tfjs, which take turns; medians over the turns.
 */
export async function compareTime({ shape, task }: Kind): Promise<{ readonly exact: number; readonly float: number }> {
  const rows = (await task(1)).hospitals[0]!
  const order = shuffled(publicRandom(1), rows.count)
  const full = Math.floor(rows.count / shape.batch)
  const exactBatches = encodeBatches(shape, rows, order).slice(0, full)
  const floats = floatBatches(shape, rows, order).slice(0, full)
  const start = initialParameters(modelOf(shape), 1)
  const exact: number[] = []
  const float: number[] = []
  for (let turn = 0; turn < 12; turn++) {
    const trainer = await createExactTrainer(shape, encodeWeights(shape, start))
    const other = createFloatTrainer(shape, start)
    const measure = [
      () => exact.push(timeOf(step => trainer.step(exactBatches[step % full]!))),
      () => float.push(timeOf(step => other.step(floats[step % full]!))),
    ]
    for (const run of turn % 2 === 0 ? measure : measure.reverse()) run()
    other.dispose()
  }
  // The first turns warm up.
  return { exact: median(exact.slice(2)), float: median(float.slice(2)) }
}

/** Milliseconds of a step, over 500: many more and a small hospital's rows would be learned by heart. */
function timeOf(step: (index: number) => void): number {
  const steps = 500
  const started = performance.now()
  for (let index = 0; index < steps; index++) step(index)
  return (performance.now() - started) / steps
}

async function trainExact(
  shape: ExactShape,
  weights: BigInt64Array,
  batches: readonly ExactBatch[],
  order: ArrayLike<number>,
): Promise<BigInt64Array> {
  const trainer = await createExactTrainer(shape, weights)
  for (const index of Array.from(order)) trainer.step(batches[index]!)
  return trainer.weights()
}

async function trainFloat(
  shape: ExactShape,
  parameters: Float32Array,
  batches: readonly FloatBatch[],
  order: ArrayLike<number>,
): Promise<Float32Array> {
  const trainer = createFloatTrainer(shape, parameters)
  for (const index of Array.from(order)) trainer.step(batches[index]!)
  const result = await trainer.parameters()
  trainer.dispose()
  return result
}

/** Weighted by rows, rounded towards 0. */
function averageExact(models: readonly BigInt64Array[], of: readonly Batches[]): BigInt64Array<ArrayBuffer> {
  const rows = BigInt(of.reduce((sum, hospital) => sum + hospital.rows, 0))
  return models[0]!.map(
    (_, i) => models.reduce((sum, model, h) => sum + model[i]! * BigInt(of[h]!.rows), 0n) / rows,
  ) as BigInt64Array<ArrayBuffer>
}

function averageFloat(models: readonly Float32Array[], of: readonly Batches[]): Float32Array<ArrayBuffer> {
  const rows = of.reduce((sum, hospital) => sum + hospital.rows, 0)
  return Float32Array.from(
    models[0]!,
    (_, i) => models.reduce((sum, model, h) => sum + model[i]! * of[h]!.rows, 0) / rows,
  )
}

/** As a part of the most that is accepted; 0 without a hidden layer. */
function largestActivation(
  { inputs, hidden }: ExactShape,
  weights: Float32Array,
  batches: readonly ExactBatch[],
): number {
  let largest = 0
  for (const { inputs: rows } of batches) {
    for (let at = 0; at < rows.length; at += inputs) {
      for (let j = 0; j < hidden; j++) {
        let sum = 0
        for (let k = 0; k < inputs; k++) sum += rows[at + k]! * weights[k * hidden + j]!
        largest = Math.max(largest, Math.abs(sum))
      }
    }
  }
  return largest / ACTIVATION_LIMIT
}
