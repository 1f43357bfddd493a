/** One line of the chart, drawn with its mark. */
export interface Series {
  /** One character. */
  readonly mark: string
  /** 0 to 1, one a point. */
  readonly values: readonly number[]
}

const HEIGHT = 16
const WIDTH = 72

/**
 * Values over epochs as text; * where lines meet.
 * @param stride epochs from one point to the next; the first point is after as many
 */
export function chart(series: readonly Series[], stride = 1): string {
  const all = series.flatMap(({ values }) => values)
  const points = Math.max(...series.map(({ values }) => values.length))
  const bottom = Math.floor(Math.min(...all) * 100) / 100
  const top = Math.max(bottom + 0.01, Math.ceil(Math.max(...all) * 100) / 100)
  const step = Math.max(1, Math.floor(WIDTH / points))
  const grid = Array.from({ length: HEIGHT }, () => new Array<string>(points * step).fill(' '))
  for (const { mark, values } of series) {
    values.forEach((value, point) => {
      const row = grid[HEIGHT - 1 - Math.round(((value - bottom) / (top - bottom)) * (HEIGHT - 1))]!
      const column = point * step + step - 1
      row[column] = row[column] === ' ' ? mark : '*'
    })
  }
  const label = (row: number) => `${((top - ((top - bottom) * row) / (HEIGHT - 1)) * 100).toFixed(1)} %`
  const every = Math.max(1, Math.ceil(4 / step)) * (points > 30 ? 5 : 1)
  const ticks = Array.from({ length: points }, (_, i) =>
    (i + 1) % every === 0 || i === 0 ? String((i + 1) * stride) : '',
  )
  const axis = ticks.reduce((line, tick, i) => line.padEnd((i + 1) * step - tick.length) + tick, '')
  return [
    ...grid.map((row, i) => `${label(i).padStart(7)} |${row.join('').trimEnd()}`),
    `${' '.repeat(8)}+${'-'.repeat(points * step)}`,
    `${' '.repeat(9)}${axis}  epoch`,
  ].join('\n')
}
