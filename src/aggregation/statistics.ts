import type { Standardisation } from '../data/encode.ts'
import {
  type ColumnRange,
  mergeStatistics,
  mostWidths,
  type Statistics,
  standardisationOf,
} from '../data/statistics.ts'
import { AppError } from '../errors/AppError.ts'
import { type Encoding, stepsPerUnit, toElements } from './masking/encoding.ts'
import { maxWeight, mostHospitals } from './weights.ts'

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

/** The most patients of a hospital whose sums fit under masks: 2^20. */
const mostPatients = 1_048_576

/** How sums of columns are written under masks: Σz² of the most patients, z being ±8, is the largest. */
export const columnEncoding: Encoding = {
  hospitals: mostHospitals,
  clip: mostPatients * mostWidths * mostWidths,
  fractionBits: 20,
  maxWeight,
}

/**
 * Statistics as field elements: count, sums, squares, each as the nearest multiple of 2⁻²⁰.
 * @param statistics of columns on the scale of their ranges: see rangedStatisticsOf
 * @throws AppError masking.overflow for more patients than the bound allows
 */
export function encodeColumnSums({ count, sums, squares }: Statistics): BigUint64Array<ArrayBuffer> {
  const { hospitals, clip, fractionBits: bits } = columnEncoding
  if (count > mostPatients) throw new AppError('masking.overflow', { hospitals, clip, bits })
  const steps = stepsPerUnit(columnEncoding)
  return toElements([count, ...sums, ...squares].map(value => BigInt(Math.round(value * steps))))
}

/**
 * The study's one mean and deviation per column, in the columns' own units, from the opened sum. A column that varies by less than
 * what rounding to 2⁻²⁰ may make of nothing gets deviation 1, like one that never varies.
 * @param sum of what encodeColumnSums gave, weighted
 * @param totalWeight of the hospitals in it
 * @throws AppError masking.outOfRange for sums that no patients can have
 */
export function standardisationOfSums(
  sum: BigInt64Array,
  ranges: readonly ColumnRange[],
  totalWeight: number,
): Standardisation {
  const steps = stepsPerUnit(columnEncoding)
  const [count = 0, ...columns] = Array.from(sum, value => Number(value) / steps)
  if (count < 1 || columns.length !== 2 * ranges.length) throw new AppError('masking.outOfRange')
  // What rounding may have moved a mean by: half a step from each hospital.
  const rounding = totalWeight / (2 * steps * count)
  const mean = new Float64Array(ranges.length)
  const deviation = new Float64Array(ranges.length)
  for (const [column, [low, high]] of ranges.entries()) {
    const m = (columns[column] as number) / count
    const square = (columns[ranges.length + column] as number) / count
    const variance = square - m * m
    const least = (1 + 2 * Math.abs(m)) * rounding + square * 1e-12
    if (!(variance >= -least)) throw new AppError('masking.outOfRange')
    mean[column] = low + m * (high - low)
    deviation[column] = variance > least ? Math.sqrt(variance) * (high - low) : 1
  }
  return { mean, deviation }
}
