import { AppError } from '../errors/AppError.ts'

/** An opened update of a study with differential privacy. */
export interface AlignedUpdate {
  readonly weight: number
  /** Difference to the base. */
  readonly vector: Float32Array
  /** Downhill for this hospital's validation patients at the base: clipped, averaged, noised, like the update. */
  readonly descent: Float32Array
}

/**
 * How much each update goes where the others' validation patients want to go: the cosine between update i and Σ_{j≠i} w_j d_j,
 * in basis points. Nobody's own descent counts for their own score, so sending c·d scores nothing by itself, and all inputs
 * are noised already, so that scoring costs no privacy (post-processing).
 *
 * Only + − × ÷ and sqrt in member order: every honest seat computes the same scores.
 *
 * @param updates in member order; null where one was not opened, which gives null
 * @throws AppError aggregation.badUpdate where sizes differ
 */
export function alignmentScores(updates: readonly (AlignedUpdate | null)[]): readonly (number | null)[] {
  const opened = updates.filter(update => update !== null)
  const size = opened[0]?.vector.length ?? 0
  const all = new Float64Array(size)
  for (const { weight, vector, descent } of opened) {
    if (vector.length !== size || descent.length !== size) throw new AppError('aggregation.badUpdate')
    for (let k = 0; k < size; k++) all[k] = (all[k] as number) + weight * (descent[k] as number)
  }
  return updates.map(update => {
    if (update === null) return null
    const { weight, vector, descent } = update
    let [inner, own, others] = [0, 0, 0]
    for (let k = 0; k < size; k++) {
      const u = vector[k] as number
      const v = (all[k] as number) - weight * (descent[k] as number)
      inner += u * v
      own += u * u
      others += v * v
    }
    const scale = Math.sqrt(own) * Math.sqrt(others)
    // Of nothing, or among nobody, no direction can be told.
    const cosine = scale > 0 ? inner / scale : 0
    return Math.round(10_000 * Math.max(-1, Math.min(1, cosine)))
  })
}
