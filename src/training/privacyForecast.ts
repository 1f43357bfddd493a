import { owedAfter, residualAfter, startOf } from '../aggregation/compression/errorFeedback.ts'
import { planRandomK, type SparsePlan, select, spread } from '../aggregation/compression/randomK.ts'
import { isAppError } from '../errors/AppError.ts'
import { noisyOnGrid } from '../privacy/noise/grid.ts'
import { type PrivacySettings, privacyPlan } from '../privacy/plan.ts'
import type { Work } from '../rounds/ports.ts'
import { initialParameters, type ParameterLayout, parameterLayout, sharedPart, withShared } from '../study/layout.ts'
import type { Manifest, ModelSpec, PrivacySpec, TrainingSpec } from '../study/manifest.ts'
import { type PublicRandom, publicRandom } from '../study/random.ts'
import { coordinatesSent } from '../study/upload.ts'
import { adaptiveClip, clipGroups } from './clipGroups.ts'
import type { Engine } from './engine.ts'
import type { Examples } from './examples.ts'
import { evaluation } from './metrics.ts'
import type { Noise } from './privateTraining.ts'

export interface ForecastOptions {
  /** Of a yes or no outcome over columns on a common scale. */
  readonly model: ModelSpec
  readonly training: TrainingSpec
  readonly settings: PrivacySettings
  /** Of the updates; they go up whole unless given. */
  readonly compression?: Manifest['compression']
  readonly delta: number
  readonly rounds: number
  readonly hospitals: number
  /** At each hospital, to learn from. */
  readonly patients: number
  readonly epsilons: readonly number[]
}

/** What made-up patients say of a study's accuracy. */
export interface Accuracies {
  /** Without noise, but clipped and compressed alike. */
  readonly withoutNoise: number
  /** By ε, in the order asked; null where no noise keeps it. */
  readonly points: readonly { readonly epsilon: number; readonly accuracy: number | null }[]
}

export interface Forecast extends Accuracies {
  /** Of the same study with whole updates; null where it sends them whole. */
  readonly uncompressed: Accuracies | null
}

/** Made-up outcomes follow a line through the columns this steeply: about 83 % can be known. */
const STEEPNESS = 3
const TEST_PATIENTS = 2000
/** The noise is another each time. */
const REPEATS = 4
const SEED = 20_260_101

const withoutNoise: Noise = values => values

/**
 * What noise and compression cost in accuracy, from a simulation of the whole study on made-up patients: columns from a normal
 * distribution, an outcome that follows them, the study's own model, steps, clip and parts of updates. Real patients differ, so the
 * differences count, not the heights.
 *
 * @throws AppError training.cancelled, training.diverged, study.badManifest
 */
export async function forecastPrivacy(engine: Engine, options: ForecastOptions, work: Work = {}): Promise<Forecast> {
  const { model, epsilons, delta, rounds, settings, compression, hospitals, patients } = options
  const random = publicRandom(SEED)
  const width = model.input.reduce((product, n) => product * n, 1)
  const line = unitVector(random, width)
  const shares = Array.from({ length: hospitals }, () => madeUp(random, line, patients))
  const test = madeUp(random, line, TEST_PATIENTS)
  const total = (compression ? 2 : 1) * (1 + epsilons.length * REPEATS) * rounds
  let done = 0
  const accuracyOf = async (study: ForecastOptions, noise: Noise, multiplier: number) => {
    const privacy = { ...settings, delta, noise: multiplier }
    const parameters = await simulate(engine, study, shares, { noise, privacy }, work, () => {
      done += 1
      work.onProgress?.({ stage: 'train', done, total })
    })
    const probabilities = await engine.predict(model, parameters, test.inputs, test.count, work.signal)
    return evaluation(probabilities, test.labels, probabilities.length / test.count).accuracy
  }
  const accuraciesOf = async (study: ForecastOptions): Promise<Accuracies> => {
    const best = await accuracyOf(study, withoutNoise, 1)
    const points: { epsilon: number; accuracy: number | null }[] = []
    for (const epsilon of epsilons) {
      const noise = planFor(() => privacyPlan({ epsilon, delta, rounds }, settings).noise)
      let sum = 0
      if (noise !== null)
        for (let i = 0; i < REPEATS; i++) sum += (await accuracyOf(study, noisyOnGrid, noise)) / REPEATS
      points.push({ epsilon, accuracy: noise === null ? null : sum })
    }
    return { withoutNoise: best, points }
  }
  const accuracies = await accuraciesOf(options)
  const { compression: _, ...whole } = options
  return { ...accuracies, uncompressed: compression ? await accuraciesOf(whole) : null }
}

/** A made-up hospital between two rounds. */
interface Hospital {
  readonly examples: Examples
  /** What it owes the shared parameters. */
  residual: Float32Array
  /** Where its adaptive clips stand. */
  clips: readonly number[] | undefined
}

/** How a simulated study keeps its patients private. */
interface Noised {
  readonly noise: Noise
  readonly privacy: PrivacySpec
}

async function simulate(
  engine: Engine,
  options: ForecastOptions,
  shares: readonly Examples[],
  noised: Noised,
  work: Work,
  onRound: () => void,
): Promise<Float32Array> {
  const { model, rounds, compression } = options
  const layout = parameterLayout(model)
  const size = layout.sharedSize
  const k = coordinatesSent({ compression }, size)
  const hospitals = shares.map(
    (examples): Hospital => ({ examples, residual: new Float32Array(size), clips: undefined }),
  )
  let parameters: Float32Array = initialParameters(model, SEED)
  for (let round = 0; round < rounds; round++) {
    const plan = compression && planRandomK({ seed: SEED, sent: round * k, size, k })
    const next = new Float32Array(parameters.length)
    for (const hospital of hospitals) {
      const sent = await trainedAndSent(engine, options, hospital, { parameters, layout, plan }, noised, work)
      for (let i = 0; i < next.length; i++) next[i] = next[i]! + sent[i]! / hospitals.length
    }
    parameters = next
    onRound()
  }
  return parameters
}

/** One hospital's round. @returns the parameters as those know them whom it sends to; what it does not share, as it has it */
async function trainedAndSent(
  engine: Engine,
  { model, training, settings }: ForecastOptions,
  hospital: Hospital,
  {
    parameters,
    layout,
    plan,
  }: { readonly parameters: Float32Array; readonly layout: ParameterLayout; readonly plan: SparsePlan | undefined },
  { noise, privacy }: Noised,
  { signal }: Work,
): Promise<Float32Array> {
  const base = sharedPart(layout, parameters)
  const trained = await engine.trainPrivately({
    model,
    training,
    parameters: plan ? withShared(layout, parameters, startOf(base, hospital.residual)) : parameters,
    examples: hospital.examples,
    steps: settings.steps,
    sampleRate: settings.sampleRate,
    groups: clipGroups(layout, privacy, hospital.clips),
    adaptive: adaptiveClip(layout, privacy),
    noise,
    signal,
  })
  if (privacy.adaptive) hospital.clips = trained.clips
  if (!plan) return trained.parameters
  const owed = owedAfter(base, sharedPart(layout, trained.parameters))
  const values = select(owed, plan)
  hospital.residual = residualAfter(owed, plan, values)
  return withShared(layout, trained.parameters, startOf(base, spread(values, plan)))
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
