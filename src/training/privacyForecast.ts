import { isAppError } from '../errors/AppError.ts'
import { noisyOnGrid } from '../privacy/noise/grid.ts'
import { type PrivacySettings, privacyPlan } from '../privacy/plan.ts'
import type { Work } from '../rounds/ports.ts'
import { initialParameters, parameterLayout } from '../study/layout.ts'
import type { ModelSpec, TrainingSpec } from '../study/manifest.ts'
import { type PublicRandom, publicRandom } from '../study/random.ts'
import { clipGroups } from './clipGroups.ts'
import type { Engine } from './engine.ts'
import type { Examples } from './examples.ts'
import { evaluation } from './metrics.ts'
import type { Noise } from './privateTraining.ts'

export interface ForecastOptions {
  /** Of a yes or no outcome over columns on a common scale. */
  readonly model: ModelSpec
  readonly training: TrainingSpec
  readonly settings: PrivacySettings
  readonly delta: number
  readonly rounds: number
  readonly hospitals: number
  /** At each hospital, to learn from. */
  readonly patients: number
  readonly epsilons: readonly number[]
}

/** What made-up patients say of a study's accuracy. */
export interface Forecast {
  /** Without noise, but clipped alike. */
  readonly withoutNoise: number
  /** By ε, in the order asked; null where no noise keeps it. */
  readonly points: readonly { readonly epsilon: number; readonly accuracy: number | null }[]
}

/** Made-up outcomes follow a line through the columns this steeply: about 83 % can be known. */
const STEEPNESS = 3
const TEST_PATIENTS = 2000
/** The noise is another each time. */
const REPEATS = 2
const SEED = 20_260_101

const withoutNoise: Noise = values => values

/**
 * What noise costs in accuracy, from a simulation of the whole study on made-up patients: columns from a normal distribution,
 * an outcome that follows them, the study's own model, steps and clip. Real patients differ, so the differences count, not the
 * heights.
 *
 * @throws AppError training.cancelled, training.diverged, study.badManifest
 */
export async function forecastPrivacy(engine: Engine, options: ForecastOptions, work: Work = {}): Promise<Forecast> {
  const { model, epsilons, delta, rounds, settings, hospitals, patients } = options
  const random = publicRandom(SEED)
  const width = model.input.reduce((product, n) => product * n, 1)
  const line = unitVector(random, width)
  const shares = Array.from({ length: hospitals }, () => madeUp(random, line, patients))
  const test = madeUp(random, line, TEST_PATIENTS)
  const total = (1 + epsilons.length * REPEATS) * rounds
  let done = 0
  const accuracyWith = async (noise: Noise, multiplier: number) => {
    const parameters = await simulate(engine, options, shares, { noise, multiplier }, work, () => {
      done += 1
      work.onProgress?.({ stage: 'train', done, total })
    })
    const probabilities = await engine.predict(model, parameters, test.inputs, test.count, work.signal)
    return evaluation(probabilities, test.labels, probabilities.length / test.count).accuracy
  }
  const best = await accuracyWith(withoutNoise, 1)
  const points: { epsilon: number; accuracy: number | null }[] = []
  for (const epsilon of epsilons) {
    const noise = planFor(() => privacyPlan({ epsilon, delta, rounds }, settings).noise)
    let sum = 0
    if (noise !== null) for (let i = 0; i < REPEATS; i++) sum += (await accuracyWith(noisyOnGrid, noise)) / REPEATS
    points.push({ epsilon, accuracy: noise === null ? null : sum })
  }
  return { withoutNoise: best, points }
}

async function simulate(
  engine: Engine,
  { model, training, settings, rounds }: ForecastOptions,
  shares: readonly Examples[],
  { noise, multiplier }: { readonly noise: Noise; readonly multiplier: number },
  { signal }: Work,
  onRound: () => void,
): Promise<Float32Array> {
  const layout = parameterLayout(model)
  let parameters: Float32Array = initialParameters(model, SEED)
  for (let round = 0; round < rounds; round++) {
    const next = new Float32Array(parameters.length)
    for (const examples of shares) {
      const trained = await engine.trainPrivately({
        model,
        training,
        parameters,
        examples,
        steps: settings.steps,
        sampleRate: settings.sampleRate,
        groups: clipGroups(layout, { ...settings, noise: multiplier }),
        noise,
        signal,
      })
      for (let i = 0; i < next.length; i++) next[i] = next[i]! + trained.parameters[i]! / shares.length
    }
    parameters = next
    onRound()
  }
  return parameters
}

function madeUp(random: PublicRandom, line: Float64Array, count: number): Examples {
  const width = line.length
  const inputs = new Float32Array(count * width)
  const labels = new Int32Array(count)
  for (let row = 0; row < count; row++) {
    let along = 0
    for (let column = 0; column < width; column++) {
      const value = normal(random)
      inputs[row * width + column] = value
      along += value * line[column]!
    }
    labels[row] = random.unit() < 1 / (1 + Math.exp(-STEEPNESS * along)) ? 1 : 0
  }
  return { inputs, labels, count }
}

function unitVector(random: PublicRandom, width: number): Float64Array {
  const values = Float64Array.from({ length: width }, () => normal(random))
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return values.map(value => value / length)
}

/** Box and Muller. */
function normal(random: PublicRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit())
}

/** Null where the promise cannot be kept by any noise. */
function planFor(plan: () => number): number | null {
  try {
    return plan()
  } catch (error) {
    if (isAppError(error, 'privacy.noNoiseSuffices')) return null
    throw error
  }
}
