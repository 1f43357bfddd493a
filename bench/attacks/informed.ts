import { createKeys } from '../../src/crypto/keys.ts'
import type { TableDataset } from '../../src/data/dataset.ts'
import type { Encoded } from '../../src/data/encode.ts'
import type { Member } from '../../src/rounds/ports.ts'
import { parameterLayout, sharedPart, withShared } from '../../src/study/layout.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { joined, openStudy } from '../../src/training/hospitalStudy.ts'
import { SiteModel } from '../../src/training/SiteModel.ts'
import { ref } from '../shared/handToHand.ts'
import type { SeenRound } from './curiousSeat.ts'
import { exampleGradient } from './exampleGradient.ts'
import { dot } from './membership.ts'

/**
 * The attacker whom differential privacy is defined against: it knows every patient of a hospital but one, of whom it knows
 * everything but whether it was there.
 */
export interface Target {
  readonly input: Float32Array
  readonly label: number
  /** Its row among the hospital's training patients; null where it is none of them. */
  readonly row: number | null
}

/**
 * A hospital's training without differential privacy is the same to the last bit each time, so it is done again, with and
 * without the patient, and compared with the update of the first training round.
 * @returns how much nearer the update is to the training with the patient than to the one without
 */
export async function replayScores(
  {
    manifest,
    hospital,
    dataset,
    train,
    seen,
  }: Informed & { readonly hospital: Member; readonly dataset: TableDataset },
  targets: readonly Target[],
  engine: Engine,
): Promise<Float64Array<ArrayBuffer>> {
  const study = await openStudy({ ref, manifest, self: hospital.address }, dataset, await createKeys(), undefined)
  const [{ round, base, vector }] = seen as [Seen]
  const distance = async (rows: Encoded) => {
    const site = new SiteModel(study, () => Promise.resolve(engine))
    const again = sharedPart(study.layout, await site.train(round, base, rows, {}))
    return Math.hypot(...again.map((value, k) => Math.fround(value - base[k]!) - vector[k]!))
  }
  const asItWas = await distance(train)
  const scores = new Float64Array(targets.length)
  for (const [t, { input, label, row }] of targets.entries()) {
    const other = row === null ? joined(train, rowOf(input, label)) : withoutRow(train, row)
    const otherwise = await distance(other)
    scores[t] = row === null ? asItWas - otherwise : otherwise - asItWas
  }
  return scores
}

/**
 * With differential privacy and all patients in every step: the likelihood ratio of the updates with the patient to those
 * without, which is the best test there is (Neyman and Pearson). Shifts are clipped gradients over the expected batch; the
 * noise is normal. The site's own intercept, which nobody sees, moves here as it would without its noise.
 */
export function likelihoodScores(
  { manifest, train, seen }: Informed,
  targets: readonly Target[],
): Float64Array<ArrayBuffer> {
  const { model, training, privacy } = manifest
  if (privacy?.sampleRate !== 1 || privacy.steps !== 1) throw new RangeError('not one step of all patients')
  const layout = parameterLayout(model)
  const stride = training.learningRate / train.count
  const deviation = stride * privacy.noise * privacy.clip
  const scores = new Float64Array(targets.length)
  let own = new Float32Array(layout.size)
  for (const { base, vector } of seen) {
    const parameters = withShared(layout, own, base)
    const shift = (input: Float32Array, label: number) =>
      clipped(exampleGradient(model, parameters, input, label).gradient, privacy.clip).map(value => -stride * value)
    const sum = new Float64Array(layout.size)
    for (let row = 0; row < train.count; row++) add(sum, shift(...exampleOf(train, row)))
    const expected = sum.map((value, k) => value - training.learningRate * training.l2 * parameters[k]!)
    for (const [t, { input, label, row }] of targets.entries()) {
      const one = sharedPart(layout, Float32Array.from(shift(input, label)))
      const all = sharedPart(layout, Float32Array.from(expected))
      const rest = vector.map((value, k) => value - all[k]! + (row === null ? 0 : one[k]!))
      scores[t]! += (dot(rest, one) - dot(one, one) / 2) / deviation ** 2
    }
    // The penalty is on weights alone; of the sum only the site's own part counts from here on.
    own = parameters.map((value, k) => value + sum[k]!)
  }
  return scores
}

/** What is known of one hospital: its training patients, and what it sent. */
export interface Informed {
  readonly manifest: Manifest
  readonly train: Encoded
  readonly seen: readonly Seen[]
}

type Seen = Pick<SeenRound, 'round' | 'base'> & { readonly vector: Float32Array }

/** A gradient made no longer than a clip, as trainPrivately does. */
export function clipped(gradient: Float64Array<ArrayBuffer>, clip: number): Float64Array<ArrayBuffer> {
  const factor = clip / Math.max(clip, Math.sqrt(dot(gradient, gradient)))
  return gradient.map(value => value * factor)
}

/** One row's inputs and label. */
export function exampleOf({ inputs, labels, count }: Encoded, row: number): [Float32Array, number] {
  const width = inputs.length / count
  return [inputs.subarray(row * width, (row + 1) * width), labels[row]!]
}

function withoutRow(rows: Encoded, row: number): Encoded {
  const width = rows.inputs.length / rows.count
  return {
    inputs: rows.inputs.filter((_, at) => Math.floor(at / width) !== row),
    labels: rows.labels.filter((_, at) => at !== row),
    count: rows.count - 1,
  }
}

function rowOf(input: Float32Array, label: number): Encoded {
  return { inputs: input, labels: Int32Array.of(label), count: 1 }
}

function add(sum: Float64Array, vector: ArrayLike<number>): void {
  for (let k = 0; k < sum.length; k++) sum[k]! += vector[k]!
}
