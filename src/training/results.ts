import { mixSeeds } from '../data/seed.ts'
import type { Manifest } from '../study/manifest.ts'
import { aucDifferenceInterval, delong, meanInterval, wilson } from './intervals.ts'
import { evaluation, lossOf, predictedClass, yesProbabilities } from './metrics.ts'
import type { CalibrationBin, ModelDetails, ResultDetails, RocPoint, Subgroup, ThresholdCounts } from './screen.ts'
import { type Group, smallestGroup } from './subgroups.ts'

/** One model's probabilities, row after row. */
export interface ModelPredictions {
  /** Held-out patients. */
  readonly test: Float32Array
  /** Patients that are not held out, whom the threshold is chosen on. */
  readonly fit: Float32Array
}

export interface ResultsInput {
  readonly classes: readonly string[]
  /** Numbers a row: 1 = of yes, more = of each class. */
  readonly outputs: number
  readonly labels: { readonly test: Int32Array; readonly fit: Int32Array }
  readonly federated: ModelPredictions
  readonly local: ModelPredictions | null
  readonly groups: readonly Group[]
  /** Seeds the bootstraps. */
  readonly seed: number
}

const largestBins = 10
const smallestBin = 5
/** More points than a curve can show. */
const mostRocPoints = 400

/**
 * What the results page shows of a hospital's held-out patients. Intervals are of 95 %: Wilson for proportions, DeLong for the
 * area under the curve, the bootstrap (seeded, 1,000 draws) for the log-loss and, paired, for differences; of more than 2,000
 * patients the normal approximation stands for the bootstrap.
 */
export function resultDetails(input: ResultsInput): ResultDetails {
  const { classes, outputs, labels, federated, local, groups, seed } = input
  const isRight = (model: ModelPredictions) =>
    Float64Array.from(labels.test, (label, i) => (predictedClass(model.test, outputs, i) === label ? 1 : 0))
  const losses = (model: ModelPredictions) =>
    Float64Array.from(labels.test, (_, i) => lossOf(model.test, labels.test, outputs, i))
  const right = { federated: isRight(federated), local: local && isRight(local) }
  const shown = groups.filter(group => group.patients.length >= smallestGroup)
  const share = (hits: Float64Array, patients: readonly number[]) =>
    wilson(
      patients.reduce((sum, i) => sum + (hits[i] as number), 0),
      patients.length,
    )
  const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - (b[i] as number))
  return {
    patients: labels.test.length,
    classes,
    federated: modelDetails(federated, input),
    local: local && modelDetails(local, input),
    difference:
      local && right.local
        ? {
            accuracy: meanInterval(minus(right.federated, right.local), mixSeeds(seed, 1)),
            auc:
              classes.length === 2
                ? aucDifferenceInterval(
                    yesProbabilities(federated.test, outputs),
                    yesProbabilities(local.test, outputs),
                    labels.test,
                    mixSeeds(seed, 2),
                  )
                : null,
            logLoss: meanInterval(minus(losses(federated), losses(local)), mixSeeds(seed, 3)),
          }
        : null,
    subgroups: shown.map(
      ({ name, patients }): Subgroup => ({
        name,
        patients: patients.length,
        federated: share(right.federated, patients),
        local: right.local && share(right.local, patients),
      }),
    ),
    tooSmall: groups.filter(group => group.patients.length < smallestGroup).map(group => group.name),
  }
}

function modelDetails(model: ModelPredictions, { outputs, classes, labels, seed }: ResultsInput): ModelDetails {
  const { test } = labels
  const { confusion } = evaluation(model.test, test, outputs)
  const hits = confusion.reduce((sum, row, c) => sum + (row[c] as number), 0)
  const losses = Float64Array.from(test, (_, i) => lossOf(model.test, test, outputs, i))
  const common = {
    accuracy: wilson(hits, test.length),
    logLoss: meanInterval(losses, mixSeeds(seed, 4)),
    brier: brierScore(model.test, test, outputs),
    confusion,
  }
  if (classes.length > 2) {
    return { ...common, auc: null, roc: null, calibration: null, thresholds: null, chosen: null }
  }
  const yes = yesProbabilities(model.test, outputs)
  const threshold = youdenThreshold(yesProbabilities(model.fit, outputs), labels.fit)
  const at = countsAt(yes, test, threshold)
  return {
    ...common,
    auc: delong(yes, test),
    roc: rocCurve(yes, test),
    calibration: calibrationBins(yes, test),
    thresholds: Array.from({ length: 101 }, (_, i) => countsAt(yes, test, i / 100)),
    chosen: {
      threshold,
      sensitivity: wilson(at.truePositive, at.truePositive + at.falseNegative),
      specificity: wilson(at.trueNegative, at.trueNegative + at.falsePositive),
    },
  }
}

/** Counts where a probability from the threshold up means yes. */
export function countsAt(probabilities: Float32Array, labels: Int32Array, threshold: number): ThresholdCounts {
  let [truePositive, falsePositive, trueNegative, falseNegative] = [0, 0, 0, 0]
  for (let i = 0; i < labels.length; i++) {
    const isYes = (probabilities[i] as number) >= threshold
    if (labels[i] === 1) isYes ? truePositive++ : falseNegative++
    else isYes ? falsePositive++ : trueNegative++
  }
  return { threshold, truePositive, falsePositive, trueNegative, falseNegative }
}

/**
 * The threshold with the highest sensitivity + specificity (Youden 1950), half-way between two neighbouring probabilities, of
 * equals the one nearest to a half; a half where one outcome is missing.
 */
export function youdenThreshold(probabilities: Float32Array, labels: Int32Array): number {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return 0.5
  let best = { gain: 0, threshold: 0.5 }
  let [truePositive, falsePositive] = [0, 0]
  for (const { score, next, yes, no } of byScore(probabilities, labels)) {
    truePositive += yes
    falsePositive += no
    const gain = truePositive / positives - falsePositive / negatives
    const threshold = next === undefined ? score : (score + next) / 2
    const isNearer = Math.abs(threshold - 0.5) < Math.abs(best.threshold - 0.5)
    if (gain > best.gain + 1e-12 || (gain > best.gain - 1e-12 && gain > 0 && isNearer)) best = { gain, threshold }
  }
  return best.threshold
}

/** From no patient to all, one point a probability; null where one outcome is missing. The first threshold is above all. */
export function rocCurve(probabilities: Float32Array, labels: Int32Array): readonly RocPoint[] | null {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return null
  const points: RocPoint[] = [{ threshold: Number.POSITIVE_INFINITY, sensitivity: 0, specificity: 1 }]
  let [truePositive, falsePositive] = [0, 0]
  for (const { score, yes, no } of byScore(probabilities, labels)) {
    truePositive += yes
    falsePositive += no
    const point = {
      threshold: score,
      sensitivity: truePositive / positives,
      specificity: 1 - falsePositive / negatives,
    }
    points.push(point)
  }
  const step = Math.ceil(points.length / mostRocPoints)
  return points.filter((_, i) => i % step === 0 || i === points.length - 1)
}

/**
 * Predicted against observed: ten bins of equal width, neighbours joined until each has at least 5 patients. Fewer than 5
 * patients in all give one bin.
 */
export function calibrationBins(probabilities: Float32Array, labels: Int32Array): readonly CalibrationBin[] {
  const tenths = Array.from({ length: largestBins }, (_, b) => ({
    from: b / largestBins,
    to: (b + 1) / largestBins,
    patients: 0,
    sum: 0,
    yes: 0,
  }))
  for (let i = 0; i < labels.length; i++) {
    const p = probabilities[i] as number
    const bin = tenths[Math.min(largestBins - 1, Math.floor(p * largestBins))] as (typeof tenths)[number]
    bin.patients++
    bin.sum += p
    bin.yes += labels[i] as number
  }
  const bins: typeof tenths = []
  for (const tenth of tenths) {
    const last = bins[bins.length - 1]
    if (last !== undefined && last.patients < smallestBin) bins[bins.length - 1] = join(last, tenth)
    else bins.push(tenth)
  }
  while (bins.length > 1 && (bins[bins.length - 1] as (typeof bins)[number]).patients < smallestBin) {
    const tail = bins.pop() as (typeof bins)[number]
    bins[bins.length - 1] = join(bins[bins.length - 1] as (typeof bins)[number], tail)
  }
  return bins
    .filter(bin => bin.patients > 0)
    .map(({ from, to, patients, sum, yes }) => ({
      from,
      to,
      patients,
      predicted: sum / patients,
      observed: wilson(yes, patients),
    }))
}

interface Bin {
  from: number
  to: number
  patients: number
  sum: number
  yes: number
}

function join(a: Bin, b: Bin): Bin {
  return { from: a.from, to: b.to, patients: a.patients + b.patients, sum: a.sum + b.sum, yes: a.yes + b.yes }
}

/** Mean squared error of the probabilities (Brier 1950): of yes for two classes, summed over the classes for more. */
function brierScore(probabilities: Float32Array, labels: Int32Array, outputs: number): number {
  let sum = 0
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    if (outputs <= 2) {
      const yes = outputs === 1 ? (probabilities[i] as number) : (probabilities[i * 2 + 1] as number)
      sum += (yes - label) ** 2
    } else {
      for (let c = 0; c < outputs; c++) sum += ((probabilities[i * outputs + c] as number) - (label === c ? 1 : 0)) ** 2
    }
  }
  return sum / labels.length
}

/** Patients with the same probability together, from the highest down; `next` is the following probability. */
function byScore(
  probabilities: Float32Array,
  labels: Int32Array,
): readonly { readonly score: number; readonly next: number | undefined; readonly yes: number; readonly no: number }[] {
  const order = Int32Array.from(probabilities.keys()).sort(
    (a, b) => (probabilities[b] as number) - (probabilities[a] as number),
  )
  const groups: { score: number; next: number | undefined; yes: number; no: number }[] = []
  for (const patient of order) {
    const score = probabilities[patient] as number
    let group = groups[groups.length - 1]
    if (group === undefined || group.score !== score) {
      if (group !== undefined) group.next = score
      group = { score, next: undefined, yes: 0, no: 0 }
      groups.push(group)
    }
    if (labels[patient] === 1) group.yes++
    else group.no++
  }
  return groups
}

/** What the classes are called: a table's outcome is no or yes. */
export function classesOf(schema: Manifest['schema']): readonly string[] {
  return schema.kind === 'images' ? schema.classes : ['no', 'yes']
}
