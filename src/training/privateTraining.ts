import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../errors/AppError.ts'
import { counterGrid } from '../privacy/clipping.ts'
import { chargedSensitivity, gridFor } from '../privacy/noise/grid.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { activateBackend, type BackendName } from './backends.ts'
import { convNumbers } from './exampleGradients.ts'
import { checkSizes, type Examples, oneHot, wrongSize } from './examples.ts'
import { createNetwork, type Network, type Tape } from './layers.ts'
import { createOptimizer, download, type Steps, upload } from './optimizer.ts'
import { createPace, SHOW_EVERY_MS, stopIfAborted } from './pace.ts'
import { type Coins, poissonSample, secureCoins } from './poissonSampling.ts'

/** Parameters that are clipped and noised together: usually those of one layer, or all of them for one flat clip. */
export interface ClipGroup {
  /** Indexes into the tensors of parameterLayout, none of a frozen layer. What is in no group stays as it is. */
  readonly tensors: readonly number[]
  /** Largest Euclidean norm that one patient's gradient keeps. */
  readonly clip: number
  /** Standard deviation of the noise over the group's sensitivity, for each step: what the accountant calls σ. */
  readonly noiseMultiplier: number
}

/** noisyOnGrid, or in a test what shows how it is called: values rounded to the grid, with noise of this deviation added. */
export type Noise = (values: Float32Array, options: { readonly sigma: number; readonly grid: number }) => Float32Array

/** Lets each group's clip follow a quantile of the norms (Andrew et al. 2021). */
export interface AdaptiveClip {
  /**
   * Standard deviation of the noise on each group's count of patients under the clip. A patient counts for +½ or −½, so the
   * accountant's multiplier is twice this; every group's count is charged, every step.
   */
  readonly countSigma: number
  /**
   * The group's next clip: nextClip.
   * @param passing noised share of patients under the clip; noise may take it below 0 and above 1
   */
  next(clip: number, passing: number): number
}

export interface PrivateTrainingCall {
  readonly model: ModelSpec
  /** Epochs and batch size are not looked at: see steps and sampleRate. */
  readonly training: Steps
  /** Where to start, in the order of parameterLayout; not changed. Public, or itself private by an earlier account. */
  readonly parameters: Float32Array
  readonly examples: Examples
  /** Each row's patient, any numbers; every row is a patient of its own unless given. */
  readonly patients?: Int32Array | undefined
  /** What FedProx pulls the shared parameters to; the start unless given. As public as the start. */
  readonly anchor?: Float32Array | undefined
  readonly steps: number
  /** Probability with which each patient is in a step's batch: above 0, at most 1. */
  readonly sampleRate: number
  readonly groups: readonly ClipGroup[]
  readonly adaptive?: AdaptiveClip | undefined
  readonly noise: Noise
  /** For tests; from crypto.getRandomValues unless given. */
  readonly coins?: Coins | undefined
  readonly signal?: AbortSignal | undefined
  /** About twice a second. There is no loss: it would be of patients, and not noised. */
  readonly onProgress?: ((step: number, steps: number) => void) | undefined
}

export interface PrivateTrainingResult {
  readonly parameters: Float32Array<ArrayBuffer>
  readonly steps: number
  /** Each group's clip after the last step; as given unless adaptive. */
  readonly clips: readonly number[]
}

/** Rows computed at once: every micro-batch has as many, filled up with rows that count for nothing. */
const MICRO_BATCH = 64
/** Largest tensor of a micro-batch, in numbers: 16 MB. */
const LARGEST = 4_000_000

/**
 * Record-level differentially private SGD (Abadi et al. 2016): each step draws patients independently, clips what each
 * would change, adds noise to the sum and divides by the expected batch, never by the drawn one. A patient's rows are summed
 * first and clipped together, so the guarantee is for all of a patient. An empty batch takes its step, of noise alone.
 *
 * Noise: standard deviation noiseMultiplier · sensitivity(…), which is a little more than the clip: see there. Momentum, the
 * penalty and FedProx's pull come after the noise and use no patient, so they cost nothing.
 *
 * Site-local parameters are treated as all others: a group must hold them, or they stay as they are. They never leave the
 * hospital, yet fitting them without noise would undo the guarantee: the next shared gradient is taken at them, so they
 * would carry what was not noised about the patients from step to step and from round to round into what is shared, and
 * composition holds only where a step's start is public or private by earlier steps. Clipped and noised, they are part of
 * the private state and could even be published. A copy may be fitted without noise to predict on this hospital's own
 * screen, as long as nothing computed with it comes back into training or leaves.
 *
 * Not covered: the number of patients, by which steps are scaled, is taken as known; stopping because float32 overflowed
 * (training.diverged) or because somebody pressed cancel is not noised; time is not hidden.
 *
 * @throws AppError training.noData, training.diverged, training.cancelled; training.noBackend where the backend computes in
 *   16 bits; study.badManifest when data and model differ
 * @throws RangeError for settings that make no mechanism: clips or rates out of range, a tensor in two groups or frozen
 */
export async function trainPrivately(backend: BackendName, call: PrivateTrainingCall): Promise<PrivateTrainingResult> {
  const { examples, training, steps, sampleRate, groups, adaptive, coins = secureCoins } = call
  const network = createNetwork(call.model)
  const { layout } = network
  checkSizes(call.model, network, call.parameters, examples.inputs, examples.count)
  if (call.anchor && call.anchor.length !== layout.size) throw wrongSize('anchor', call.anchor.length, layout.size)
  checkSettings(call, network)
  if (examples.count === 0) throw new AppError('training.noData')
  const targets = oneHot(examples, layout.outputs)
  const rowsOf = patientRows(call.patients ?? examples.labels.map((_, row) => row))
  const mostRows = rowsOf.reduce((most, { length }) => Math.max(most, length), 0)
  const size = Math.max(
    mostRows,
    Math.min(MICRO_BATCH, examples.count, Math.floor(LARGEST / widest(call.model, network))),
  )
  const expected = sampleRate * rowsOf.length
  const batchBound = largestBatch(rowsOf.length, sampleRate)
  const rounding = { batch: batchBound, rows: size, parts: Math.ceil(batchBound / Math.floor(size / mostRows)) }
  const wanted = layout.tensors.map((_, i) => groups.some(({ tensors }) => tensors.includes(i)))
  const width = examples.inputs.length / examples.count
  stopIfAborted(call.signal)

  activateBackend(backend)
  if (tf.backend().floatPrecision() !== 32) throw new AppError('training.noBackend', { tried: `${backend}, 16 bits` })
  const device = {
    inputs: tf.tensor2d(examples.inputs, [examples.count, width]),
    targets: tf.tensor2d(targets, [examples.count, layout.outputs]),
    parameters: upload(network, call.parameters),
  }
  const optimizer = createOptimizer(network, training, call.anchor ?? call.parameters, wanted)
  const pace = createPace(backend)
  const clips = groups.map(({ clip }) => clip)
  /** The groups' clipped sums one after the other, then their counts. */
  let sums: tf.Tensor1D | undefined
  try {
    let shownAt = performance.now()
    for (let step = 0; step < steps; step++) {
      for (const batch of microBatches(poissonSample(rowsOf.length, sampleRate, coins), rowsOf, size)) {
        const before: tf.Tensor1D | undefined = sums
        sums = tf.tidy(() => {
          const part = clippedSums(network, device, batch, { groups, clips, wanted, isOneRowEach: mostRows === 1 })
          return before ? tf.add(before, part) : part
        })
        before?.dispose()
        const pause = pace.after(sums)
        if (pause) {
          await pause
          stopIfAborted(call.signal)
          activateBackend(backend)
        }
      }
      const values = (await sums!.data()) as Float32Array
      stopIfAborted(call.signal)
      activateBackend(backend)
      sums!.dispose()
      sums = undefined

      // From here on nothing is of patients but by way of noise.
      const noised = noiseAdded(values, clips, call, network, rounding)
      if (adaptive)
        for (const [g, sum] of noised.counts.entries()) clips[g] = adaptive.next(clips[g]!, 0.5 + sum / expected)
      const change = noised.sums.map(value => (value * training.learningRate) / expected)

      const old: tf.Tensor[] = [...device.parameters, ...optimizer.velocities()]
      tf.tidy(() => {
        const gradients = upload(network, change).map((tensor, i) => (wanted[i] ? tensor : undefined))
        device.parameters = optimizer.step(device.parameters, gradients)
        for (const tensor of [...device.parameters, ...optimizer.velocities()]) tf.keep(tensor)
      })
      const kept = new Set<tf.Tensor>([...device.parameters, ...optimizer.velocities()])
      for (const tensor of old) if (!kept.has(tensor)) tensor.dispose()

      const now = performance.now()
      if (call.onProgress && now - shownAt >= SHOW_EVERY_MS && step + 1 < steps) {
        shownAt = now
        call.onProgress(step + 1, steps)
      }
    }
    const parameters = await download(network, device.parameters, call.parameters, wanted)
    stopIfAborted(call.signal)
    if (!parameters.every(Number.isFinite)) throw new AppError('training.diverged')
    call.onProgress?.(steps, steps)
    return { parameters, steps, clips }
  } finally {
    activateBackend(backend)
    tf.dispose([device.inputs, device.targets, device.parameters])
    sums?.dispose()
    optimizer.dispose()
  }
}

/** One clip group for each layer that learns: the tensors of its weight and bias. */
export function layerTensors({ tensors }: Network['layout']): readonly (readonly number[])[] {
  const layers = [...new Set(tensors.filter(({ frozen }) => !frozen).map(({ layer }) => layer))]
  return layers.map(layer => tensors.flatMap((tensor, i) => (tensor.layer === layer ? [i] : [])))
}

/** What the float32 sums of a step depend on. */
interface Rounding {
  /** Most patients in a batch. */
  readonly batch: number
  /** Rows of a micro-batch. */
  readonly rows: number
  /** Most micro-batches of a batch. */
  readonly parts: number
}

/**
 * By how much one patient can move a group's sum, in Euclidean norm, once it is computed in float32 and rounded to a grid:
 * the clip, what rounding may add, and what float32 may lose of others' terms when a patient's presence reorders them. That
 * is at most n·2⁻²⁴ of the terms' magnitudes in each of both sums, n the terms that are added one after the other, within a
 * micro-batch and then over them (Higham 2002, section 4.2; that this is not nothing: Casacuberta et al. 2022). The noise is
 * scaled by the total, so that the accountant's multiplier stays exact.
 */
export function sensitivity(
  clip: number,
  dimensions: number,
  { batch, rows, parts }: Rounding,
): { readonly total: number; readonly grid: number } {
  const grid = gridFor({ clip, dimensions })
  const floatError = 2 * (rows + parts + 8) * 2 ** -24 * batch * clip
  return { total: chargedSensitivity({ clip, grid, dimensions, floatError }), grid }
}

/** More patients than this are drawn less than once in 10²⁰ batches (Bernstein's inequality). */
function largestBatch(patients: number, rate: number): number {
  const expected = patients * rate
  return Math.min(patients, Math.ceil(expected + 10 * Math.sqrt(expected * (1 - rate)) + 34))
}

interface MicroBatch {
  /** Indexes of rows, filled up with the first row. */
  readonly rows: Int32Array
  /** Which patient each row is of; of the fillers −1. */
  readonly patients: Int32Array
}

/** The drawn patients in parts of so many rows, at least one part; a patient's rows are never parted. */
function microBatches(drawn: Int32Array, rowsOf: readonly Int32Array[], size: number): readonly MicroBatch[] {
  const empty = (): MicroBatch => ({ rows: new Int32Array(size), patients: new Int32Array(size).fill(-1) })
  const batches = [empty()]
  let filled = 0
  for (const patient of drawn) {
    const rows = rowsOf[patient]!
    if (filled + rows.length > size) {
      batches.push(empty())
      filled = 0
    }
    const batch = batches[batches.length - 1]!
    batch.rows.set(rows, filled)
    batch.patients.fill(patient, filled, filled + rows.length)
    filled += rows.length
  }
  return batches
}

/** Each group's clipped sum over a micro-batch, then each group's count of patients under the clip, centred. */
function clippedSums(
  network: Network,
  device: { readonly inputs: tf.Tensor2D; readonly targets: tf.Tensor2D; readonly parameters: readonly tf.Tensor[] },
  batch: MicroBatch,
  {
    groups,
    clips,
    wanted,
    isOneRowEach,
  }: {
    readonly groups: readonly ClipGroup[]
    readonly clips: readonly number[]
    readonly wanted: readonly boolean[]
    readonly isOneRowEach: boolean
  },
): tf.Tensor1D {
  const { patients } = batch
  const size = patients.length
  const rows = tf.tensor1d(batch.rows, 'int32')
  const areReal = tf.tensor2d(
    Float32Array.from(patients, patient => (patient < 0 ? 0 : 1)),
    [size, 1],
  )
  const tape: Tape = []
  const logits = network.forward(tf.gather(device.inputs, rows), device.parameters, tape)
  const probabilities = network.layout.outputs === 1 ? tf.sigmoid(logits) : tf.softmax(logits)
  const errors = tf.mul(tf.sub(probabilities, tf.gather(device.targets, rows)), areReal) as tf.Tensor2D
  const same = isOneRowEach
    ? undefined
    : (tf.cast(tf.equal(tf.tensor2d(patients, [size, 1]), tf.tensor2d(patients, [1, size])), 'float32') as tf.Tensor2D)
  const gradients = network.exampleGradients(errors, device.parameters, tape, wanted, same)
  /** +½ for a patient's first row, 0 for its others and for fillers. */
  const halves = tf.tensor1d(
    Float32Array.from(patients, (patient, i) => (patient < 0 || patients[i - 1] === patient ? 0 : 0.5)),
  )

  const sums: tf.Tensor1D[] = []
  const under: tf.Tensor1D[] = []
  for (const [g, { tensors }] of groups.entries()) {
    const clip = tf.scalar(clips[g]!)
    const norms = tf.sqrt(tf.addN(tensors.map(i => gradients[i]!.squaredNorms)))
    const factors = tf.div(clip, tf.maximum(norms, clip)) as tf.Tensor1D
    for (const i of tensors) sums.push(tf.reshape(gradients[i]!.sum(factors), [-1]))
    const signs = tf.sub(tf.mul(tf.cast(tf.lessEqual(norms, clip), 'float32'), 2), 1)
    under.push(tf.reshape(tf.sum(tf.mul(signs, halves)), [1]))
  }
  return tf.concat1d([...sums, ...under])
}

/** The sums of clippedSums with noise, laid out as the parameters are, and the noised counts where they are asked for. */
function noiseAdded(
  values: Float32Array,
  clips: readonly number[],
  { groups, adaptive, noise }: PrivateTrainingCall,
  { layout }: Network,
  rounding: Rounding,
): { readonly sums: Float32Array; readonly counts: readonly number[] } {
  const sums = new Float32Array(layout.size)
  let at = 0
  for (const [g, { tensors, noiseMultiplier }] of groups.entries()) {
    const length = tensors.reduce((sum, i) => sum + layout.tensors[i]!.size, 0)
    const sum = values.slice(at, at + length)
    // Noise on numbers that are none would be none.
    if (!sum.every(Number.isFinite)) throw new AppError('training.diverged')
    const { total, grid } = sensitivity(clips[g]!, length, rounding)
    const noised = noise(sum, { sigma: noiseMultiplier * total, grid })
    let from = 0
    for (const i of tensors) {
      const { offset, size } = layout.tensors[i]!
      sums.set(noised.subarray(from, from + size), offset)
      from += size
    }
    at += length
  }
  if (!adaptive) return { sums, counts: [] }
  const { countSigma } = adaptive
  const counts = groups.map((_, g) => {
    const [count] = noise(values.slice(at + g, at + g + 1), { sigma: countSigma, grid: counterGrid(countSigma) })
    return count!
  })
  return { sums, counts }
}

/** The rows of each patient, in the order in which patients first appear. */
function patientRows(patients: Int32Array): readonly Int32Array[] {
  const rows = new Map<number, number[]>()
  for (const [row, patient] of patients.entries()) {
    const known = rows.get(patient)
    if (known) known.push(row)
    else rows.set(patient, [row])
  }
  return [...rows.values()].map(list => Int32Array.from(list))
}

/** Numbers that one row's part of the largest tensor has. */
function widest(model: ModelSpec, { layout }: Network): number {
  const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const shapes = [model.input, ...layout.activations]
  const numbers = (layer: LayerSpec, i: number): number => {
    // Of a frozen one no gradients are taken.
    if (layer.type !== 'conv2d' || layer.frozen) return 0
    const [height, width, filters] = shapes[i + 1]!
    return convNumbers(height! * width!, layer.kernel ** 2 * shapes[i]![2]!, filters!)
  }
  return Math.max(...shapes.map(product), ...model.layers.map(numbers))
}

function checkSettings(
  { steps, sampleRate, groups, adaptive, patients, examples }: PrivateTrainingCall,
  { layout }: Network,
): void {
  const tensors = groups.flatMap(group => group.tensors)
  const isKnown = (i: number) => layout.tensors[i] !== undefined
  if (tensors.length === 0 || groups.some(group => group.tensors.length === 0))
    throw new RangeError('A group is empty.')
  if (new Set(tensors).size !== tensors.length || !tensors.every(isKnown)) {
    throw new RangeError('A tensor is in two groups, or the model does not have it.')
  }
  if (tensors.some(i => layout.tensors[i]?.frozen)) throw new RangeError('A frozen tensor is in a group.')
  // NaN compares false.
  if (!groups.every(({ clip, noiseMultiplier }) => clip > 0 && Number.isFinite(clip) && noiseMultiplier >= 0)) {
    throw new RangeError('Clips are above 0 and noise multipliers at least 0.')
  }
  if (adaptive && !(adaptive.countSigma >= 0)) throw new RangeError('The noise on counts is at least 0.')
  if (!(sampleRate > 0 && sampleRate <= 1)) throw new RangeError(`A sampling rate of ${sampleRate} is not in (0, 1].`)
  if (!Number.isInteger(steps) || steps < 0) throw new RangeError(`${steps} steps.`)
  if (patients && patients.length !== examples.count) throw wrongSize('patients', patients.length, examples.count)
}
