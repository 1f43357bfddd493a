import type { Standardisation } from '../data/encode.ts'
import { mergeStatistics, type Statistics, standardisationOf } from '../data/statistics.ts'
import { AppError } from '../errors/AppError.ts'

/** One survivor's statistics. */
export interface MemberStatistics extends Statistics {
  /** Member index in the study. */
  readonly index: number
}

/**
 * The study's one mean and deviation per column, from the survivors in member order: the same bytes at every seat.
 * @throws AppError aggregation.empty, aggregation.badUpdate
 */
export function aggregateStatistics(parts: readonly MemberStatistics[], width: number): Standardisation {
  if (parts.length === 0) throw new AppError('aggregation.empty')
  for (const part of parts) checkStatistics(part, width)
  return standardisationOf(mergeStatistics([...parts].sort((a, b) => a.index - b.index)))
}

/**
 * Refuses statistics that no rows can have: another width, not finite, a negative sum of squares, or a sum that is too
 * large for its squares (Cauchy and Schwarz: sum² ≤ count · squares).
 * @throws AppError aggregation.badUpdate
 */
export function checkStatistics({ count, sums, squares }: Statistics, width: number): void {
  const possible =
    Number.isSafeInteger(count) &&
    count > 0 &&
    sums.length === width &&
    squares.length === width &&
    sums.every((sum, i) => {
      const square = squares[i] as number
      return Number.isFinite(sum) && square >= 0 && square <= 1e30 && sum * sum <= count * square * (1 + 1e-9) + 1e-9
    })
  if (!possible) throw new AppError('aggregation.badUpdate')
}
