/** One line of a chart. */
export interface ChartSeries {
  /** Stands at the line's end and heads its column in the table. */
  readonly name: string
  /** One value for each x; null where there is none. */
  readonly values: readonly (number | null)[]
  /** Any CSS colour, variables too: var(--ward-live). */
  readonly colour: string
  /** Lengths of dash and gap in pixels. Default: a full line. */
  readonly dash?: readonly number[]
  /** Of the line, in pixels. Default 2. */
  readonly width?: number
  /** Its own x, ascending (equal neighbours make a vertical step); default: the chart's. */
  readonly x?: readonly number[]
  /** An interval around the line, one pair for each value. */
  readonly band?: { readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] }
}

/** Columns of equal length, x first; what a plot draws and a table shows. */
export interface ChartRows {
  readonly x: readonly number[]
  /** In the order of the series. */
  readonly columns: readonly {
    readonly values: readonly (number | null)[]
    readonly low: readonly (number | null)[] | null
    readonly high: readonly (number | null)[] | null
  }[]
}

/**
 * Puts series over one x. Where a series has an x of its own, every point becomes a row of its own, so that two points at
 * the same x (a step) both stay.
 *
 * @param x of the series that have none of their own, ascending
 */
export function chartRows(x: readonly number[], series: readonly ChartSeries[]): ChartRows {
  if (series.every(one => one.x === undefined)) {
    return {
      x,
      columns: series.map(({ values, band }) => ({
        values: fitted(values, x.length),
        low: band ? fitted(band.low, x.length) : null,
        high: band ? fitted(band.high, x.length) : null,
      })),
    }
  }
  const points = series
    .flatMap((one, index) => (one.x ?? x).map((at, i) => ({ at, index, i })))
    // Stable: a series' points stay in their order.
    .sort((a, b) => a.at - b.at)
  const column = (index: number, values: readonly (number | null)[]) =>
    points.map(point => (point.index === index ? (values[point.i] ?? null) : null))
  return {
    x: points.map(({ at }) => at),
    columns: series.map(({ values, band }, index) => ({
      values: column(index, values),
      low: band ? column(index, band.low) : null,
      high: band ? column(index, band.high) : null,
    })),
  }
}

/** @returns where the last value is; null where there is none */
export function lastValue(
  values: readonly (number | null)[],
): { readonly index: number; readonly value: number } | null {
  for (let index = values.length - 1; index >= 0; index--) {
    const value = values[index]
    if (value !== null && value !== undefined) return { index, value }
  }
  return null
}

/**
 * Moves labels apart that would cover each other, as little as needed and in their order.
 *
 * @param wanted centres, in pixels
 * @param gap least distance between two centres
 * @returns centres in the order given, within least and most as far as there is room
 */
export function spreadLabels(wanted: readonly number[], gap: number, least: number, most: number): number[] {
  const order = wanted.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at)
  let floor = least
  for (const label of order) {
    label.at = Math.max(label.at, floor)
    floor = label.at + gap
  }
  let ceiling = most
  for (const label of order.toReversed()) {
    label.at = Math.min(label.at, ceiling)
    ceiling = label.at - gap
  }
  const placed = [...wanted]
  for (const { at, index } of order) placed[index] = at
  return placed
}

function fitted(values: readonly (number | null)[], length: number): (number | null)[] {
  return Array.from({ length }, (_, i) => values[i] ?? null)
}
