import { readFile } from 'node:fs/promises'
import type { Row, TableDataset } from '../../src/data/dataset.ts'
import {
  type HeartSplit,
  heartCenters,
  heartDataset,
  heartSchema,
  parseHeart,
  validationFraction,
} from '../../src/data/heart.ts'
import { stratifiedSplit } from '../../src/data/split.ts'
import { gaussianAccountant } from '../../src/privacy/accountant/gaussian.ts'
import { rdpAccountant } from '../../src/privacy/accountant/rdp.ts'
import { roundMechanism } from '../../src/privacy/studyPrivacy.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { privately } from '../../src/study/studies/privately.ts'
import type { StudyPlan } from '../../src/study/studies/StudyPlan.ts'
import type { Engine } from '../../src/training/engine.ts'
import { evaluation, majorityClass } from '../../src/training/metrics.ts'
import { runStudy } from '../shared/handToHand.ts'
import { mean } from '../shared/numbers.ts'

/** Noise over the clip: less than a thousandth of what one patient may change. */
const hardlyAny = 1e-3

export const splits = ['FLamby’s split', 'stratified splits'] as const
export type Split = (typeof splits)[number]

/** Mean accuracy of the four hospitals, one number a seed. */
export interface HeartReport {
  /** null: without differential privacy; Infinity: as with it, and hardly any noise. */
  readonly epsilon: number | null
  readonly rounds: number
  readonly manifest: Manifest
  /** What the ledger charges, and what q = 1 exactly costs; null without differential privacy. */
  readonly charged: number | null
  readonly exact: number | null
  readonly accuracy: Readonly<Record<Split, readonly number[]>>
}

export interface HeartBaselines {
  /** Each hospital alone, without differential privacy, on the same rows. */
  readonly alone: Readonly<Record<Split, readonly number[]>>
  /** Each hospital always says what most of its own training patients have: nothing learned from any column. */
  readonly majority: Readonly<Record<Split, readonly number[]>>
}

/**
 * The heart study at each ε, by the app's own trainers, sealed blobs and all, for each seed on FLamby's one split (where the
 * seeds vary the noise and which patients validate) and on a stratified split of that seed.
 * @param epsilons null: without differential privacy, the study as it ships; Infinity: the settings of the private studies
 *   with hardly any noise, which tells the noise's cost from that of the settings
 */
export async function learnHeartPrivately(
  {
    epsilons,
    delta,
    rounds,
    seeds,
    clipTimes = 1,
    adaptive = false,
  }: {
    readonly epsilons: readonly (number | null)[]
    readonly delta: number
    /** Of the private studies; the other keeps its own. */
    readonly rounds: number
    readonly seeds: readonly number[]
    /** What the private studies' clip is multiplied with: a badly chosen one. */
    readonly clipTimes?: number
    /** Whether that clip follows the patients. */
    readonly adaptive?: boolean
  },
  engine: Engine,
  log: (line: string) => void,
): Promise<{ readonly studies: readonly HeartReport[]; readonly baselines: HeartBaselines }> {
  const datasetsOf = await readHeart()
  const studies: HeartReport[] = []
  const baselines = { alone: empty(), majority: empty() }
  for (const epsilon of epsilons) {
    const plan = clippedAt(planOf(epsilon, delta, rounds), clipTimes, adaptive)
    const accuracy = empty()
    for (const seed of seeds) {
      for (const split of splits) {
        const datasets = datasetsOf[split](seed)
        const results = await runStudy(datasets, { ...plan.manifest, seed }, plan.rules.rounds, engine)
        accuracy[split].push(mean(results.map(({ federated, labels }) => evaluation(federated, labels, 1).accuracy)))
        if (epsilon === null) {
          baselines.alone[split].push(mean(results.map(({ local, labels }) => evaluation(local!, labels, 1).accuracy)))
          baselines.majority[split].push(mean(datasets.map(majorityAccuracy)))
        }
      }
      log(`heart, ε ${epsilon ?? 'none'}, seed ${seed}: ${splits.map(split => accuracy[split].at(-1)!.toFixed(3))}`)
    }
    const { privacy } = plan.manifest
    const mechanisms = epsilon !== Infinity && privacy && [roundMechanism(privacy, plan.rules.rounds)]
    studies.push({
      epsilon,
      rounds: plan.rules.rounds,
      manifest: plan.manifest,
      charged: mechanisms ? rdpAccountant().epsilon(mechanisms, delta) : null,
      exact: mechanisms ? gaussianAccountant().epsilon(mechanisms, delta) : null,
      accuracy,
    })
  }
  return { studies, baselines }
}

function planOf(epsilon: number | null, delta: number, rounds: number): StudyPlan {
  if (epsilon === null) return heartStudy()
  if (epsilon !== Infinity) return privately(heartStudy({ rounds }), { epsilon, delta })
  const plan = privately(heartStudy({ rounds }), { epsilon: 1, delta })
  const privacy = { ...plan.manifest.privacy!, noise: hardlyAny }
  return { ...plan, manifest: { ...plan.manifest, privacy } }
}

function clippedAt(plan: StudyPlan, times: number, adaptive: boolean): StudyPlan {
  const { privacy } = plan.manifest
  if (privacy === undefined) return plan
  const clipped = { ...privacy, clip: privacy.clip * times, ...(adaptive && { adaptive }) }
  return { ...plan, manifest: { ...plan.manifest, privacy: clipped } }
}

async function readHeart(): Promise<Readonly<Record<Split, (seed: number) => TableDataset[]>>> {
  const read = (file: string) => readFile(new URL(`../../public/studies/heart/${file}`, import.meta.url), 'utf8')
  const flamby = JSON.parse(await read('flamby-split.json')) as HeartSplit
  const texts = await Promise.all(heartCenters.map(center => read(`processed.${center}.data`)))
  return {
    'FLamby’s split': seed => heartCenters.map((center, i) => heartDataset(center, texts[i]!, flamby, seed)),
    'stratified splits': seed =>
      heartCenters.map((center, i) => stratified([...parseHeart(texts[i]!, center).values()], seed)),
  }
}

function stratified(rows: readonly Row[], seed: number): TableDataset {
  const parts = stratifiedSplit(
    rows.map(row => row.label),
    { validation: validationFraction, test: 1 / 3 },
    seed,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i]!)
  return { schema: heartSchema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

function majorityAccuracy({ train, test }: TableDataset): number {
  const majority = majorityClass(Int32Array.from(train, ({ label }) => label))
  return test.filter(({ label }) => label === majority).length / test.length
}

function empty(): Record<Split, number[]> {
  return { 'FLamby’s split': [], 'stratified splits': [] }
}
