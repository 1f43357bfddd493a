import { readFile } from 'node:fs/promises'
import type { Row, TableDataset } from '../../src/data/dataset.ts'
import { type Encoded, encodedWidth, encodeRows, type Standardisation, standardise } from '../../src/data/encode.ts'
import { heartCenters, heartSchema, parseHeart, validationFraction } from '../../src/data/heart.ts'
import { mixSeeds } from '../../src/data/seed.ts'
import { stratifiedSplit } from '../../src/data/split.ts'
import type { Field } from '../../src/field/Field.ts'
import { initialParameters, parameterLayout, sharedPart, withShared } from '../../src/study/layout.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import { publicRandom, shuffled } from '../../src/study/random.ts'
import type { Engine } from '../../src/training/engine.ts'
import { fitIntercept } from '../../src/training/intercept.ts'
import { type SeenRound, type SeenStudy, watchStudy } from './curiousSeat.ts'
import { exampleGradient } from './exampleGradient.ts'
import { clipped, exampleOf, likelihoodScores, replayScores, type Target } from './informed.ts'
import { maskedView } from './masked.ts'
import { directionScorer, meanVector } from './membership.ts'
import { type Guess, standardScores } from './roc.ts'

/** What the attacker looks at. */
export const views = ['update', 'masked', 'sum'] as const
export type View = (typeof views)[number]
/** By where the vector points, by how much it helps a candidate, and as who knows every other patient. */
export const methods = ['direction', 'loss', 'informed'] as const
export type Method = (typeof methods)[number]

export interface Attacked {
  readonly manifest: Manifest
  readonly rounds: number
  /** At most so many training patients of a hospital. */
  readonly patients?: number
  /** Whether to attack as one who knows every other patient, too. */
  readonly isInformed: boolean
}

/** One split's guesses. `informed` is of updates alone, and empty where it was not asked for. */
export type Guesses = Readonly<Record<View, Readonly<Record<Method, readonly Guess[]>>>>

/** Targets of a hospital for the attack that knows all others: each is a training of its own. */
const informedTargets = 24

/** One hospital under attack: patients who were trained on, and as many who were not. */
interface Hospital {
  readonly train: Encoded
  readonly targets: readonly Target[]
}

/**
 * Membership inference against what a curious seat sees of the heart study, for each of these splits: a training patient
 * and a held-out patient of a hospital are told apart by its update, by its masked vector, and by the opened sum.
 */
export async function inferMembership(
  { manifest, rounds, patients = Infinity, isInformed }: Attacked,
  seeds: readonly number[],
  engine: Engine,
  field: Field,
): Promise<readonly Guesses[]> {
  const rows = await readHeart()
  const splits: Guesses[] = []
  for (const seed of seeds) {
    const datasets = rows.map(all => split(all, seed, patients))
    const seeded = { ...manifest, seed }
    const study = await watchStudy(datasets, seeded, rounds, engine)
    const hospitals = datasets.map((dataset, h) => underAttack(dataset, study.standardisation, mixSeeds(seed, h)))
    const scores = await scoreAll(seeded, study, hospitals, field)
    const guesses = (view: View, method: Method) =>
      hospitals.flatMap(({ targets }, h) => guessesOf(targets, standardScores(scores[view][method][h]!)))
    const informed = isInformed ? await guessInformed(seeded, study, datasets, hospitals, engine) : []
    splits.push({
      update: { direction: guesses('update', 'direction'), loss: guesses('update', 'loss'), informed },
      masked: { direction: guesses('masked', 'direction'), loss: guesses('masked', 'loss'), informed: [] },
      sum: { direction: guesses('sum', 'direction'), loss: guesses('sum', 'loss'), informed: [] },
    })
  }
  return splits
}

type Scores = Record<View, Record<Method, Float64Array[]>>

/** Scores added up over the rounds, by hospital and target. */
async function scoreAll(
  manifest: Manifest,
  { rounds }: SeenStudy,
  hospitals: readonly Hospital[],
  field: Field,
): Promise<Scores> {
  const zeros = () => hospitals.map(({ targets }) => new Float64Array(targets.length))
  const none = () => ({ direction: zeros(), loss: zeros(), informed: [] })
  const scores: Scores = { update: none(), masked: none(), sum: none() }
  for (const { base, updates } of rounds) {
    const known = hospitals.map(({ targets }) => look(manifest, base, targets))
    const scorers = known.map(({ gradients }) => directionScorer(gradients))
    const means = known.map(({ gradients }) => meanVector(gradients))
    const { submitted, opened } = await maskedView(field, updates)
    const pulls = hospitals.map(({ train }) => pullOf(manifest, train.count))
    const weights = updates.map(({ weight }) => weight)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const meanPull = pulls.reduce((sum, pull, h) => sum + (pull * weights[h]!) / total, 0)
    for (const [h, { targets }] of hospitals.entries()) {
      const attack = (view: View, vector: ArrayLike<number>, pull: number, common: readonly Float64Array[]) => {
        // Downhill, without what the penalty adds: the sum of the patients' gradients, up to its length.
        const gradient = Float64Array.from(base, (value, k) => -vector[k]! - pull * value)
        const moved = base.map((value, k) => value + vector[k]!)
        const after = look(manifest, moved, targets).losses
        for (const [t, score] of scorers[h]!(gradient, common).entries()) {
          scores[view].direction[h]![t]! += score
          scores[view].loss[h]![t]! += known[h]!.losses[t]! - after[t]!
        }
      }
      attack('update', updates[h]!.vector, pulls[h]!, [means[h]!])
      attack('masked', submitted[h]!, pulls[h]!, [means[h]!])
      attack('sum', opened, meanPull, means)
    }
  }
  return scores
}

/** What a round's penalty takes off the weights, over the weights: learning rate · l2 · steps. */
function pullOf({ training, privacy }: Manifest, patients: number): number {
  const steps = privacy?.steps ?? training.epochs * Math.ceil(patients / training.batchSize)
  return training.learningRate * training.l2 * steps
}

/** The targets' losses and shared gradients, with the intercept that fits them where the hospital keeps its own. */
function look(
  { model, privacy }: Manifest,
  shared: Float32Array,
  targets: readonly Target[],
): { readonly losses: readonly number[]; readonly gradients: readonly Float64Array[] } {
  const layout = parameterLayout(model)
  const parameters = withShared(layout, initialParameters(model, 0), shared)
  const intercept = layout.tensors.find(({ local }) => local)
  if (intercept) {
    parameters[intercept.offset] = 0
    const labels = Int32Array.from(targets, ({ label }) => label)
    // −ln(1 − p) is the loss of a candidate without the outcome.
    const probabilities = targets.map(({ input }) => 1 - Math.exp(-exampleGradient(model, parameters, input, 0).loss))
    parameters[intercept.offset] = fitIntercept(Float32Array.from(probabilities), labels, 1)[0]!
  }
  const all = targets.map(({ input, label }) => exampleGradient(model, parameters, input, label))
  return {
    losses: all.map(({ loss }) => loss),
    gradients: all.map(({ gradient }) => {
      const kept = privacy ? clipped(gradient, privacy.clip) : gradient
      return Float64Array.from(sharedPart(layout, Float32Array.from(kept)))
    }),
  }
}

async function guessInformed(
  manifest: Manifest,
  { rounds, hospitals: members }: SeenStudy,
  datasets: readonly TableDataset[],
  hospitals: readonly Hospital[],
  engine: Engine,
): Promise<readonly Guess[]> {
  const guesses: Guess[] = []
  for (const [h, { train, targets }] of hospitals.entries()) {
    const seen = rounds.map(({ round, base, updates }: SeenRound) => ({ round, base, vector: updates[h]!.vector }))
    const known = { manifest, train, seen }
    if (manifest.privacy) guesses.push(...guessesOf(targets, likelihoodScores(known, targets)))
    else {
      // Members and others take turns among the targets.
      const few = targets.slice(0, informedTargets)
      const hospital = { hospital: members[h]!, dataset: datasets[h]! }
      guesses.push(...guessesOf(few, await replayScores({ ...known, ...hospital }, few, engine)))
    }
  }
  return guesses
}

function guessesOf(targets: readonly Target[], scores: Float64Array): readonly Guess[] {
  return targets.map(({ row }, t) => ({ score: scores[t]!, isMember: row !== null }))
}

/** As many training patients, drawn at random, as held-out ones (or the reverse), by turns. */
function underAttack({ train, test }: TableDataset, scale: Standardisation | null, seed: number): Hospital {
  const rows = encoded(train, scale)
  const others = encoded(test, scale)
  const count = Math.min(rows.count, others.count)
  const random = publicRandom(seed)
  const [inside, outside] = [shuffled(random, rows.count), shuffled(random, others.count)]
  const target = (from: Encoded, row: number, isMember: boolean): Target => {
    const [input, label] = exampleOf(from, row)
    return { input, label, row: isMember ? row : null }
  }
  const targets = Array.from({ length: count }, (_, i) => [
    target(rows, inside[i]!, true),
    target(others, outside[i]!, false),
  ]).flat()
  return { train: rows, targets }
}

function encoded(rows: readonly Row[], scale: Standardisation | null): Encoded {
  const columns = heartSchema.features.map(({ name }) => name)
  const matrix = encodeRows(heartSchema, rows, columns, 'bench')
  return {
    inputs: standardise(matrix, encodedWidth(heartSchema), scale),
    labels: Int32Array.from(rows, ({ label }) => label),
    count: rows.length,
  }
}

function readHeart(): Promise<readonly (readonly Row[])[]> {
  return Promise.all(
    heartCenters.map(async center => {
      const url = new URL(`../../public/studies/heart/processed.${center}.data`, import.meta.url)
      return [...parseHeart(await readFile(url, 'utf8'), center).values()]
    }),
  )
}

function split(rows: readonly Row[], seed: number, patients: number): TableDataset {
  const parts = stratifiedSplit(
    rows.map(({ label }) => label),
    { validation: validationFraction, test: 1 / 3 },
    seed,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i]!)
  const train = pick(parts.train)
  const order = shuffled(publicRandom(seed), train.length)
  return {
    schema: heartSchema,
    train: Array.from(order.subarray(0, Math.min(patients, train.length)), i => train[i]!),
    validation: pick(parts.validation),
    test: pick(parts.test),
  }
}
