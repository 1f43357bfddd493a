import { AppError } from '../errors/AppError.ts'

/**
 * How much each update goes where the others go: the median of its cosines with the other updates, in basis points. The median,
 * so that no minority of liars moves an honest hospital's score or makes one of themselves. All inputs are noised already, so
 * that scoring touches no patient and costs no privacy.
 *
 * Only + − × ÷ and sqrt in member order: every honest seat computes the same scores.
 *
 * @param updates in member order; null where one was not opened, which gives null
 * @throws AppError aggregation.badUpdate where sizes differ
 */
export function alignmentScores(updates: readonly (Float32Array | null)[]): readonly (number | null)[] {
  const opened = updates.filter(update => update !== null)
  if (opened.some(({ length }) => length !== opened[0]?.length)) throw new AppError('aggregation.badUpdate')
  return updates.map((update, i) => {
    if (update === null) return null
    const cosines = updates.flatMap((other, j) => (other === null || j === i ? [] : [cosine(update, other)]))
    return Math.round(10_000 * median(cosines))
  })
}

/** Of nothing no direction can be told: 0. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [inner, aa, bb] = [0, 0, 0]
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k] as number, b[k] as number]
    inner += x * y
    aa += x * x
    bb += y * y
  }
  const scale = Math.sqrt(aa) * Math.sqrt(bb)
  return scale > 0 ? Math.max(-1, Math.min(1, inner / scale)) : 0
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return ((low ?? 0) + (high ?? 0)) / 2
}
