import type { Evaluation } from '../rounds/ports.ts'

/** Keeps the logarithm finite: a float32 probability below this is rounding. */
const smallest = 1e-7

/** Mean cross-entropy in nats. `probabilities`: of yes (one output) or of each class, row after row. */
export function logLoss(probabilities: Float32Array, labels: Int32Array, outputs: number): number {
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += lossOf(probabilities, labels, outputs, i)
  return sum / labels.length
}

/** One patient's cross-entropy in nats. */
export function lossOf(probabilities: Float32Array, labels: Int32Array, outputs: number, i: number): number {
  return -Math.log(Math.max(smallest, probabilityOfTruth(probabilities, labels, outputs, i)))
}

/**
 * Accuracy at 0.5 (or of the likeliest class), log-loss, AUC, confusion, macro precision and recall.
 * A class that is never predicted has precision 0; a class without patients is left out of the macro averages.
 */
export function evaluation(probabilities: Float32Array, labels: Int32Array, outputs: number): Evaluation {
  const classes = Math.max(2, outputs)
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < labels.length; i++) {
    const row = confusion[labels[i] as number] as number[]
    const predicted = predictedClass(probabilities, outputs, i)
    row[predicted] = (row[predicted] as number) + 1
  }
  const present = confusion.flatMap((row, c) => (row.some(n => n > 0) ? [c] : []))
  const hits = (c: number) => confusion[c]?.[c] ?? 0
  const predictedAs = (c: number) => confusion.reduce((sum, row) => sum + (row[c] as number), 0)
  const truly = (c: number) => (confusion[c] as number[]).reduce((sum, n) => sum + n, 0)
  const macro = (of: (c: number) => number) => present.reduce((sum, c) => sum + of(c), 0) / present.length
  return {
    patients: labels.length,
    accuracy: confusion.reduce((sum, _, c) => sum + hits(c), 0) / labels.length,
    logLoss: logLoss(probabilities, labels, outputs),
    auc: classes === 2 ? areaUnderCurve(yesProbabilities(probabilities, outputs), labels) : null,
    confusion,
    precision: macro(c => (predictedAs(c) === 0 ? 0 : hits(c) / predictedAs(c))),
    recall: macro(c => hits(c) / truly(c)),
  }
}

/** Probability that a random patient with the outcome is ranked above one without (ties half); null where one kind is missing. */
export function areaUnderCurve(scores: Float32Array, labels: Int32Array): number | null {
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return null
  // Sum of the positives' ranks, ties sharing their mean rank (Mann and Whitney).
  let rankSum = 0
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++
    const rank = (from + 1 + to) / 2
    for (let i = from; i < to; i++) if (labels[order[i] as number] === 1) rankSum += rank
    from = to
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/** The most frequent label; the smaller of equals. */
export function majorityClass(labels: Int32Array): number {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])
  return ranked[0]?.[0] ?? 0
}

function probabilityOfTruth(probabilities: Float32Array, labels: Int32Array, outputs: number, i: number): number {
  const label = labels[i] as number
  if (outputs > 1) return probabilities[i * outputs + label] as number
  const yes = probabilities[i] as number
  return label === 1 ? yes : 1 - yes
}

/** The likeliest class of the i-th row; of one output: yes above a half. */
export function predictedClass(probabilities: Float32Array, outputs: number, i: number): number {
  if (outputs === 1) return (probabilities[i] as number) > 0.5 ? 1 : 0
  let best = 0
  for (let c = 1; c < outputs; c++) {
    if ((probabilities[i * outputs + c] as number) > (probabilities[i * outputs + best] as number)) best = c
  }
  return best
}

/** Of yes, one a row. */
export function yesProbabilities(probabilities: Float32Array, outputs: number): Float32Array {
  if (outputs === 1) return probabilities
  return Float32Array.from(
    { length: probabilities.length / outputs },
    (_, i) => probabilities[i * outputs + 1] as number,
  )
}
