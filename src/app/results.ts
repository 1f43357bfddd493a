import type { Measured, ModelDetails, ResultDetails, ThresholdCounts } from '../training/screen.ts'

/** Fewest patients behind a figure that leaves the hospital, or that is shown for a group. */
export const FEWEST_PATIENTS = 20

/** What a paired interval says of a difference: an interval that holds or touches zero says nothing. */
export type Verdict = 'better' | 'worse' | 'open'

/**
 * @param difference together minus alone, with its 95 % interval
 * @param isLowerBetter as of a loss
 */
export function verdictOf({ low, high }: Measured, isLowerBetter = false): Verdict {
  if (low > 0) return isLowerBetter ? 'worse' : 'better'
  if (high < 0) return isLowerBetter ? 'better' : 'worse'
  return 'open'
}

/** Patients of a yes/no outcome at one threshold, as people count them. */
export interface PlainCounts {
  readonly withOutcome: number
  readonly found: number
  readonly missed: number
  readonly without: number
  readonly cleared: number
  readonly alarmed: number
}

export function plainCounts(counts: ThresholdCounts): PlainCounts {
  const { truePositive: found, falseNegative: missed, trueNegative: cleared, falsePositive: alarmed } = counts
  return { withOutcome: found + missed, found, missed, without: cleared + alarmed, cleared, alarmed }
}

/** The counts at the listed threshold next to the one asked for; undefined for more than two classes. */
export function countsAt(
  { thresholds }: Pick<ModelDetails, 'thresholds'>,
  threshold: number,
): ThresholdCounts | undefined {
  return thresholds?.reduce<ThresholdCounts | undefined>((best, counts) => {
    const isNearer = best === undefined || Math.abs(counts.threshold - threshold) < Math.abs(best.threshold - threshold)
    return isNearer ? counts : best
  }, undefined)
}

/** One class among several. */
export interface ClassFigures {
  readonly name: string
  /** Held-out patients that are of it. */
  readonly patients: number
  /** Share of them that the model recognises; null without any. */
  readonly recall: Measured | null
  /** Share of those it names so that are; null where it names none. */
  readonly precision: Measured | null
}

/** @param confusion row = truth, column = prediction */
export function perClass(confusion: ModelDetails['confusion'], classes: readonly string[]): ClassFigures[] {
  return classes.map((name, c) => {
    const hits = confusion[c]?.[c] ?? 0
    const patients = (confusion[c] ?? []).reduce((sum, n) => sum + n, 0)
    const named = confusion.reduce((sum, row) => sum + (row[c] ?? 0), 0)
    return { name, patients, recall: share(hits, patients), precision: share(hits, named) }
  })
}

/**
 * A share with its 95 % interval (Wilson, Journal of the American Statistical Association 22, 1927); null of nobody.
 */
export function share(hits: number, of: number): Measured | null {
  if (of === 0) return null
  const z2 = 1.959964 ** 2
  const p = hits / of
  const centre = (p + z2 / (2 * of)) / (1 + z2 / of)
  const half = (Math.sqrt((p * (1 - p)) / of + z2 / (4 * of * of)) * Math.sqrt(z2)) / (1 + z2 / of)
  return { value: p, low: Math.max(0, Math.min(p, centre - half)), high: Math.min(1, Math.max(p, centre + half)) }
}

/** The two classes that are most often taken for each other; null where none is. */
export function worstConfusion(
  confusion: ModelDetails['confusion'],
  classes: readonly string[],
): { readonly truth: string; readonly taken: string; readonly patients: number } | null {
  let worst: { truth: string; taken: string; patients: number } | null = null
  confusion.forEach((row, r) => {
    row.forEach((patients, c) => {
      if (r === c || patients <= (worst?.patients ?? 0)) return
      worst = { truth: classes[r] ?? String(r), taken: classes[c] ?? String(c), patients }
    })
  })
  return worst
}

/** Held-out patients with and without the outcome, from the confusion at the likeliest class. */
export function outcomeCounts({ confusion }: Pick<ModelDetails, 'confusion'>): { yes: number; no: number } {
  const sum = (row: readonly number[] | undefined) => (row ?? []).reduce((all, n) => all + n, 0)
  return { no: sum(confusion[0]), yes: sum(confusion[1]) }
}

/** Bands of predicted probability in which what happened fits what was predicted, and those in which it does not. */
export function calibrationFit({ calibration }: Pick<ModelDetails, 'calibration'>): {
  readonly bands: number
  readonly fitting: number
  readonly tooHigh: number
  readonly tooLow: number
} {
  const bins = (calibration ?? []).filter(({ patients }) => patients > 0)
  const tooHigh = bins.filter(({ predicted, observed }) => predicted > observed.high).length
  const tooLow = bins.filter(({ predicted, observed }) => predicted < observed.low).length
  return { bands: bins.length, fitting: bins.length - tooHigh - tooLow, tooHigh, tooLow }
}

/** Whether two intervals of the same measure have no value in common: only then is more said than that they overlap. */
export function areApart(a: Measured, b: Measured): boolean {
  return a.low > b.high || b.low > a.high
}

/** Groups of patients in which one of the models is clearly better: their intervals have no value in common. */
export function clearSubgroups({ subgroups }: Pick<ResultDetails, 'subgroups'>): readonly string[] {
  return subgroups.flatMap(({ name, federated, local }) => (local && areApart(federated, local) ? [name] : []))
}
