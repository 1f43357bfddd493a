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
