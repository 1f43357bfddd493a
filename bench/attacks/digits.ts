import type { Encoded } from '../../src/data/encode.ts'
import type { Field } from '../../src/field/Field.ts'
import { sigmaFor } from '../../src/privacy/accountant/sigmaFor.ts'
import { noisyOnGrid } from '../../src/privacy/noise/grid.ts'
import { initialParameters, parameterLayout } from '../../src/study/layout.ts'
import { digitsStudy } from '../../src/study/studies/digits.ts'
import { privateSettings } from '../../src/study/studies/privately.ts'
import { clipGroups } from '../../src/training/clipGroups.ts'
import type { Engine } from '../../src/training/engine.ts'
import { recoverInputs } from './inversion.ts'
import { bestLikeness, type Likeness } from './likeness.ts'
import { maskedView } from './masked.ts'
import { meanVector } from './membership.ts'

/** What one attack makes of all images that were behind the updates. */
export interface Inversion {
  readonly seen: 'update' | 'private' | 'masked' | 'sum' | 'nothing'
  /** Of the private update; null elsewhere. */
  readonly epsilon: number | null
  /** Images of a hospital. */
  readonly batch: number
  /** By image. */
  readonly images: readonly Likeness[]
}

const hospitals = 3

/**
 * Three hospitals with a few images each take one gradient step of the shipped digits model, all images in the batch. An
 * attacker makes the images again from what it sees, or guesses the average digit without seeing anything.
 * @param images to be drawn from in order
 * @param repeats of three hospitals each
 */
export async function invertDigits(
  images: Encoded,
  {
    batch,
    repeats,
    epsilons,
    delta,
  }: {
    readonly batch: number
    readonly repeats: number
    readonly epsilons: readonly number[]
    readonly delta: number
  },
  engine: Engine,
  field: Field,
): Promise<readonly Inversion[]> {
  const { manifest } = digitsStudy()
  const { model } = manifest
  const training = { ...manifest.training, epochs: 1, batchSize: batch }
  const layout = parameterLayout(model)
  const { clip } = privateSettings(manifest)
  const sigmas = epsilons.map(epsilon => sigmaFor({ epsilon, delta, q: 1, steps: 1 }))
  const results = {
    update: [] as Likeness[],
    private: epsilons.map((): Likeness[] => []),
    masked: [] as Likeness[],
    sum: [] as Likeness[],
    nothing: [] as Likeness[],
  }
  const average = meanVector(pixels(images))
  for (let repeat = 0; repeat < repeats; repeat++) {
    const base = initialParameters(model, repeat + 1)
    const parts = Array.from({ length: hospitals }, (_, h) => few(images, (repeat * hospitals + h) * batch, batch))
    const updates: Float32Array[] = []
    for (const examples of parts) {
      const { parameters } = await engine.train({ model, training, parameters: base, examples, seed: 1 })
      updates.push(parameters.map((value, k) => value - base[k]!))
    }
    const { submitted, opened } = await maskedView(
      field,
      updates.map(vector => ({ weight: 1, vector })),
    )
    // The sum is of all hospitals' images together.
    const ofSum = recoverInputs(model, opened, hospitals * batch)
    for (const [h, examples] of parts.entries()) {
      const judge = (into: Likeness[], guesses: readonly ArrayLike<number>[]) =>
        into.push(...pixels(examples).map(image => bestLikeness(image, guesses)))
      judge(results.update, recoverInputs(model, updates[h]!, batch))
      judge(results.masked, recoverInputs(model, submitted[h]!, batch))
      judge(results.sum, ofSum)
      judge(results.nothing, [average])
      for (const [e, sigma] of sigmas.entries()) {
        const { parameters } = await engine.trainPrivately({
          model,
          training,
          parameters: base,
          examples,
          steps: 1,
          sampleRate: 1,
          groups: clipGroups(layout, { clip, noise: sigma }),
          noise: noisyOnGrid,
        })
        const update = parameters.map((value, k) => value - base[k]!)
        judge(results.private[e]!, recoverInputs(model, update, batch))
      }
    }
  }
  const plain = { epsilon: null, batch }
  return [
    { ...plain, seen: 'update', images: results.update },
    ...epsilons.map((epsilon, e) => ({ seen: 'private' as const, epsilon, batch, images: results.private[e]! })),
    { ...plain, seen: 'masked', images: results.masked },
    { ...plain, seen: 'sum', images: results.sum },
    { ...plain, seen: 'nothing', images: results.nothing },
  ]
}

function few({ inputs, labels, count }: Encoded, from: number, batch: number): Encoded {
  const width = inputs.length / count
  return {
    inputs: inputs.slice(from * width, (from + batch) * width),
    labels: labels.slice(from, from + batch),
    count: batch,
  }
}

function pixels({ inputs, count }: Encoded): readonly Float32Array[] {
  const width = inputs.length / count
  return Array.from({ length: count }, (_, i) => inputs.subarray(i * width, (i + 1) * width))
}
