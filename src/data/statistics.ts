import { rangeOf, type TableSchema } from '../study/manifest.ts'
import type { Standardisation } from './encode.ts'

/** What one hospital tells of its training rows in round zero: per encoded column, in float64. */
export interface Statistics {
  /** Rows behind the sums; every column has them all, since incomplete rows are left out. */
  readonly count: number
  readonly sums: Float64Array
  readonly squares: Float64Array
}

/** Counts, sums and squares of a row-major matrix's columns. */
export function statisticsOf(matrix: Float64Array, width: number): Statistics {
  const count = matrix.length / width
  const sums = new Float64Array(width)
  const squares = new Float64Array(width)
  for (let i = 0; i < matrix.length; i++) {
    const column = i % width
    const value = matrix[i] as number
    sums[column] = (sums[column] as number) + value
    squares[column] = (squares[column] as number) + value * value
  }
  return { count, sums, squares }
}

/** The range of one encoded column, [low, high] in its own unit. */
export type ColumnRange = readonly [low: number, high: number]

/** Values count in masked sums as if they lay at most so many widths of their range from its lower end. */
export const mostWidths = 8

/**
 * The public range of each encoded column: a number's own; 0 to 1 for yes and no, and for the levels of a category.
 * @throws RangeError where a number has none: see parseManifest
 */
export function columnRanges({ features }: TableSchema): ColumnRange[] {
  return features.flatMap((feature): ColumnRange[] => {
    if (feature.type !== 'number')
      return Array(feature.type === 'category' ? feature.levels.length - 1 : 1).fill([0, 1])
    const range = rangeOf(feature)
    if (range === null) throw new RangeError(`${feature.name} has no range`)
    return [range]
  })
}

/**
 * Statistics of columns on the scale of their ranges, z = (x − low)/(high − low) held to ±8: their sums have a bound that
 * everybody knows, so that they fit under masks.
 * @param ranges one for each column
 */
export function rangedStatisticsOf(matrix: Float64Array, ranges: readonly ColumnRange[]): Statistics {
  const ranged = matrix.map((value, i) => {
    const [low, high] = ranges[i % ranges.length] as ColumnRange
    return Math.min(mostWidths, Math.max(-mostWidths, (value - low) / (high - low)))
  })
  return statisticsOf(ranged, ranges.length)
}

/** Adds statistics in the order given. Floating sums depend on the order: give them in member order. */
export function mergeStatistics(parts: readonly Statistics[]): Statistics {
  const width = parts[0]?.sums.length ?? 0
  const sums = new Float64Array(width)
  const squares = new Float64Array(width)
  let count = 0
  for (const part of parts) {
    count += part.count
    for (let column = 0; column < width; column++) {
      sums[column] = (sums[column] as number) + (part.sums[column] as number)
      squares[column] = (squares[column] as number) + (part.squares[column] as number)
    }
  }
  return { count, sums, squares }
}

/**
 * Mean and (population) deviation per column. A column that never varies gets deviation 1, so that it becomes 0.
 * Only + − × ÷ and sqrt, all exact in IEEE 754: every machine computes the same bytes.
 */
export function standardisationOf(statistics: Statistics): Standardisation {
  const width = statistics.sums.length
  const mean = new Float64Array(width)
  const deviation = new Float64Array(width)
  for (let column = 0; column < width; column++) {
    const m = (statistics.sums[column] as number) / statistics.count
    const square = (statistics.squares[column] as number) / statistics.count
    const variance = square - m * m
    mean[column] = m
    // Below this the difference of two nearly equal squares is rounding, not spread.
    deviation[column] = variance > square * 1e-12 ? Math.sqrt(variance) : 1
  }
  return { mean, deviation }
}
