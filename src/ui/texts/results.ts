import { calibrationFit, clearSubgroups, FEWEST_PATIENTS, type PlainCounts, verdictOf } from '../../app/results.ts'
import type { Measured, ModelDetails, ResultDetails } from '../../training/screen.ts'
import { decimal, percent, unsignedPoints, whole } from '../format.ts'

/** What was gained. */
export const resultsTexts = {
  heading: 'What did we gain?',

  before: {
    answer: 'After the first round you see here what the shared model gained on your own held-out patients.',
    how: 'Held-out patients are those that no model learns from. They never leave this computer, and neither do these results.',
  },
  ended:
    'The study ended before this hospital had a model of it, so there is nothing to compare. The stakes went back.',
  failed: 'This hospital stopped before it had a model.',
  waiting: {
    answer: 'A model is there. Its results on your held-out patients are not computed yet.',
    slow: 'Beside it a model is trained on your patients alone, as far as the shared one. With images that takes a while and slows the round down.',
  },
  compute: 'Compute the results',
  recompute: 'Compute again with the newest model',
  computing: (what: string) => `The results are being computed: ${what}.`,
  computingStages: { train: 'training alone', evaluate: 'trying both models' } as Readonly<Record<string, string>>,
  computingElse: 'starting',
  cancel: 'Cancel',
  ofRound: (round: number) => `The model of round ${round}, on patients that no model has learned from.`,
  newer: (round: number) => `These are the results of an older model; the newest is of round ${round}.`,

  alone: 'Alone',
  together: 'Together',
  measure: 'Measure',
  difference: 'Difference',
  interval: '95 % interval',
  meaning: 'So it is',
  verdicts: { better: 'better', worse: 'worse', open: 'not told apart' },
  measures: { accuracy: 'Accuracy', auc: 'Area under the ROC curve', logLoss: 'Log-loss (lower is better)' },
  aloneMissing: 'There is no model of your own beside it: only the shared one is shown.',
  comparisonTable: 'The shared model and your own, on the same patients',
  few: (patients: number) =>
    `${patients} held-out patients are few: the true figures may lie far from these. Nothing of them is published below ${FEWEST_PATIENTS}.`,

  threshold: {
    heading: 'Whom does the model find, and whom does it miss?',
    slider: 'Threshold: from which probability on the model says yes',
    value: (threshold: number) => `from ${Math.round(threshold * 100)} %`,
    back: 'Back to the chosen threshold',
    whichModel: 'Which model',
    chosenAt: (threshold: number) =>
      `At ${Math.round(threshold * 100)} %, the threshold chosen on patients that are not held out:`,
    sensitivity: 'Sensitivity: found of those with it',
    specificity: 'Specificity: cleared of those without',
    truth: 'In truth',
    saysYes: 'Model says yes',
    saysNo: 'Model says no',
    cells: { found: 'found', missed: 'missed', alarmed: 'false alarm', cleared: 'cleared' },
    noMark: 'chosen',
  },
  classes: {
    heading: 'Which classes does it confuse?',
    truth: 'In truth',
    says: 'The model says',
    recognised: 'Recognised',
    right: 'Right when said',
    patients: 'Patients',
    none: 'No held-out patient was taken for something else.',
    worst: (truth: string, taken: string, patients: number) =>
      `Most often “${truth}” was taken for “${taken}”: ${patients} times.`,
    perClass: 'How well is each class recognised?',
    weakest: (name: string, recall: number) => `“${name}” is recognised least: ${percent(recall)}.`,
  },
  ranking: {
    heading: 'How well does it rank patients?',
    x: 'False alarms: share of those without it',
    y: 'Found: share of those with it',
    chance: 'Chance',
    chosen: 'Threshold',
    table: { threshold: 'Threshold', sensitivity: 'Sensitivity', falseAlarms: 'False alarms' },
    none: 'Only one outcome is among the held-out patients, so there is nothing to rank.',
  },
  calibration: {
    heading: 'Can its probabilities be believed?',
    x: 'What the model said',
    y: 'What happened',
    ideal: 'Ideal',
    observed: 'Observed',
    table: { band: 'Probability said', patients: 'Patients', predicted: 'Said on average', observed: 'Happened' },
  },
  subgroups: {
    heading: 'Is it as good for every group?',
    patients: (patients: number) => `${whole(patients)} patients`,
    inBand: (band: string) => `${band} patients`,
    group: 'Group',
    tooSmall: (names: readonly string[]) =>
      `Too small to be shown, with fewer than ${FEWEST_PATIENTS} held-out patients: ${names.join('; ')}.`,
    none: `No group has ${FEWEST_PATIENTS} held-out patients here.`,
    notAsked: 'This study names no groups to be looked at apart.',
  },
  history: {
    heading: 'How did it get there?',
    x: 'Round',
    one: (accuracy: number) => `After the first round accuracy is ${percent(accuracy)}; a line needs a second one.`,
  },
} as const

/** @example inSentence({ name: 'num', label: 'Heart disease' }) // 'heart disease' */
export function outcomeInSentence(outcome: { readonly name: string; readonly label?: string | undefined }): string {
  if (outcome.label === undefined) return `“${outcome.name}”`
  const isAcronym = /^\p{Lu}{2}/u.test(outcome.label)
  return isAcronym ? outcome.label : outcome.label.charAt(0).toLowerCase() + outcome.label.slice(1)
}

/** @example '80.4 % (95 % interval 72.0 % to 87.1 %)' */
export function withInterval({ value, low, high }: Measured, format: (value: number) => string = percent): string {
  return `${format(value)} (95 % interval ${format(low)} to ${format(high)})`
}

/**
 * The page's first sentence: better, worse, or not to be told apart, by the paired interval of accuracy.
 * @param people on whom it stands; what leaves the screen says it in bands
 */
export function gainHeadline(
  { patients, federated, local, difference }: ResultDetails,
  people: string = patients === 1 ? 'one held-out patient' : `${whole(patients)} held-out patients`,
): string {
  if (local === null || difference === null) {
    return `The shared model is right for ${withInterval(federated.accuracy)} of your ${people}.`
  }
  const { accuracy } = difference
  const both = `${percent(federated.accuracy.value)} against ${percent(local.accuracy.value)} on ${people}`
  switch (verdictOf(accuracy)) {
    case 'better':
      return `Training together is better here: accuracy is ${unsignedPoints(accuracy.value)} higher (${reach(accuracy)}), ${both}.`
    case 'worse':
      return `Training together is worse here: accuracy is ${unsignedPoints(accuracy.value)} lower (${reach(accuracy)}), ${both}.`
    case 'open': {
      const points = Math.abs(accuracy.value) < 0.0005
      const came = points
        ? 'Both came out the same'
        : `Together came out ${unsignedPoints(accuracy.value)} ${accuracy.value > 0 ? 'higher' : 'lower'}`
      return `Together and alone cannot be told apart on your ${people}. ${came} in accuracy, but the truth may be anything from ${side(accuracy.low)} to ${side(accuracy.high)}.`
    }
  }
}

/** What the probabilities gained, which accuracy does not see; null where that is open or there is nothing to compare. */
export function lossSentence({ difference }: ResultDetails): string | null {
  if (difference === null) return null
  const verdict = verdictOf(difference.logLoss, true)
  if (verdict === 'open') return null
  const { value, low, high } = difference.logLoss
  const [least, most] = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b)
  return `Its probabilities are ${verdict}: log-loss is ${decimal(Math.abs(value))} ${verdict === 'better' ? 'lower' : 'higher'} (95 % interval ${decimal(least)} to ${decimal(most)}).`
}

function reach({ low, high }: Measured): string {
  const [least, most] = [Math.min(Math.abs(low), Math.abs(high)), Math.max(Math.abs(low), Math.abs(high))]
  return `95 % interval ${unsignedPoints(least).replace(' points', '')} to ${unsignedPoints(most)}`
}

function side(points: number): string {
  if (Math.abs(points) < 0.0005) return 'no difference'
  return `${unsignedPoints(points)} ${points > 0 ? 'better' : 'worse'}`
}

/** What the intervals of the comparison's picture show. */
export function comparisonSentence({ federated, local, difference }: ResultDetails): string {
  if (local === null || difference === null) return `Accuracy of the shared model: ${withInterval(federated.accuracy)}.`
  const pairs = [
    { name: 'accuracy', verdict: verdictOf(difference.accuracy) },
    ...(difference.auc ? [{ name: 'the area under the ROC curve', verdict: verdictOf(difference.auc) }] : []),
    { name: 'log-loss', verdict: verdictOf(difference.logLoss, true) },
  ]
  const named = (verdict: string) => pairs.filter(pair => pair.verdict === verdict).map(({ name }) => name)
  const parts = [
    ...[named('better')].filter(names => names.length > 0).map(names => `together is better in ${joined(names)}`),
    ...[named('worse')].filter(names => names.length > 0).map(names => `together is worse in ${joined(names)}`),
    ...[named('open')]
      .filter(names => names.length > 0)
      .map(names => `the two cannot be told apart in ${joined(names)}`),
  ]
  const text = parts.join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. Dots are measured, bands their 95 % intervals.`
}

/** @example 'Of 40 patients with heart disease 34 are found, 6 missed; of 60 without, 50 are cleared, 10 alarmed for nothing.' */
export function countsSentence(counts: PlainCounts, outcome: string): string {
  const { withOutcome, found, missed, without, cleared, alarmed } = counts
  const patients = (n: number) => (n === 1 ? '1 patient' : `${whole(n)} patients`)
  return `Of ${patients(withOutcome)} with ${outcome} ${whole(found)} found, ${whole(missed)} missed; of ${patients(without)} without, ${whole(cleared)} cleared, ${whole(alarmed)} alarmed for nothing.`
}

/** What sensitivity and specificity at the chosen threshold show. */
export function chosenSentence({ chosen }: ModelDetails, outcome: string): string {
  if (chosen === null) return ''
  return `At ${Math.round(chosen.threshold * 100)} % the shared model finds ${withInterval(chosen.sensitivity)} of those with ${outcome} and clears ${withInterval(chosen.specificity)} of those without.`
}

/** What the ROC curve shows. */
export function rankingSentence({ auc, chosen }: ModelDetails, outcome: string): string {
  if (auc === null) return resultsTexts.ranking.none
  const pairs = `The area is ${decimal(auc.value, 2)} (95 % interval ${decimal(auc.low, 2)} to ${decimal(auc.high, 2)}): of 100 pairs of a patient with ${outcome} and one without, the shared model ranks ${Math.round(auc.value * 100)} rightly; chance would rank 50.`
  if (chosen === null) return pairs
  return `${pairs} The chosen threshold of ${Math.round(chosen.threshold * 100)} % is marked.`
}

/** What the calibration curve shows. */
export function calibrationSentence(model: ModelDetails): string {
  const { bands, fitting, tooHigh, tooLow } = calibrationFit(model)
  const fit = `In ${fitting} of ${bands} bands what happened fits what was said.`
  const off = [
    ...(tooHigh > 0 ? [`in ${tooHigh} the model said too much`] : []),
    ...(tooLow > 0 ? [`in ${tooLow} too little`] : []),
  ]
  const rest = off.length === 0 ? '' : ` ${off.join(', ').replace(/^./, first => first.toUpperCase())}.`
  return `${fit}${rest} Bands are 95 % intervals; with few patients they are wide and fit easily.`
}

/** What the subgroups' picture shows. */
export function subgroupSentence(details: ResultDetails): string {
  const { subgroups } = details
  if (subgroups.length === 0) return resultsTexts.subgroups.none
  const sorted = [...subgroups].sort((a, b) => b.federated.value - a.federated.value)
  const [best, worst] = [sorted[0], sorted.at(-1)]
  if (best === undefined || worst === undefined) return ''
  const spread =
    best === worst
      ? `Accuracy in the one group that is large enough, “${best.name}”, is ${percent(best.federated.value)}.`
      : `Accuracy of the shared model goes from ${percent(worst.federated.value)} (${worst.name}) to ${percent(best.federated.value)} (${best.name}).`
  const clear = clearSubgroups(details)
  if (subgroups.every(({ local }) => local === null)) return spread
  return clear.length === 0
    ? `${spread} In no group are together and alone clearly apart.`
    : `${spread} Together and alone are clearly apart in: ${clear.join('; ')}.`
}

/** What the rounds' curve shows. */
export function historySentence(history: readonly { readonly round: number; readonly accuracy: number }[]): string {
  const [first, last] = [history[0], history.at(-1)]
  if (first === undefined || last === undefined) return ''
  if (first === last) return resultsTexts.history.one(first.accuracy)
  const best = history.reduce((top, point) => (point.accuracy > top.accuracy ? point : top))
  const way =
    Math.abs(last.accuracy - first.accuracy) < 0.0005
      ? `Accuracy is ${percent(last.accuracy)} after round ${first.round} and after round ${last.round}`
      : `Accuracy ${last.accuracy > first.accuracy ? 'rose' : 'fell'} from ${percent(first.accuracy)} after round ${first.round} to ${percent(last.accuracy)} after round ${last.round}`
  return best === last || best.accuracy - last.accuracy < 0.0005
    ? `${way}.`
    : `${way}; it was highest after round ${best.round}, ${percent(best.accuracy)}.`
}

function joined(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
