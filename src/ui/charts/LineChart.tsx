import 'uplot/dist/uPlot.min.css'
import { Table } from '@mantine/core'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import { chartTexts } from '../texts/charts.ts'
import { type ChartRows, type ChartSeries, chartRows, lastValue, spreadLabels } from './chartRows.ts'
import { PictureFrame } from './PictureFrame.tsx'

interface LineChartProps {
  /** Ascending. Series may have their own instead. */
  readonly x: readonly number[]
  readonly series: readonly ChartSeries[]
  readonly xLabel: string
  /** Default: from the first to the last x. */
  readonly xRange?: readonly [number, number]
  /** What the axis shows, from its lowest to its highest value. */
  readonly yRange: readonly [number, number]
  readonly yLabel?: string
  /** One sentence that says what the picture shows. */
  readonly sentence: string
  /** Of values, on the axis and in the table; the same function at every render. Default: two decimals. */
  readonly format?: (value: number) => string
  readonly formatX?: (x: number) => string
  /** In pixels. Default 240. */
  readonly height?: number
  /** In place of the table of all rows. */
  readonly table?: ReactNode
}

const FONT = "14px 'IBM Plex Sans', sans-serif"
const LABEL_GAP = 18
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500]

/**
 * Lines over one axis: names stand at the lines' ends, intervals are bands, the sentence says what it shows, and the same
 * figures are a table behind a button. Colours follow the scheme. Nothing moves.
 *
 * @example
 * <LineChart
 *   x={[1, 2, 3]} xLabel="Round" yRange={[0.5, 1]} format={percent} sentence="Accuracy rose from 71 % to 80 %."
 *   series={[
 *     { name: 'Together', values: [0.71, 0.78, 0.8], colour: 'var(--ward-live)' },
 *     { name: 'Alone', values: [0.7, 0.74, 0.75], colour: 'var(--mantine-color-dimmed)', width: 1 },
 *   ]}
 * />
 */
export function LineChart(props: LineChartProps) {
  const { sentence, table } = props
  // Pages build series anew at every look at the chain; the same figures are not drawn again.
  const figures = JSON.stringify([props.x, props.series])
  const shown = useMemo(() => {
    const [x, series] = JSON.parse(figures) as [number[], ChartSeries[]]
    return { x, series, rows: chartRows(x, series) }
  }, [figures])
  return (
    <PictureFrame
      sentence={sentence}
      picture={<Plot {...props} {...shown} />}
      table={table ?? <ChartTable {...props} {...shown} />}
    />
  )
}

const twoDecimals = (value: number) => value.toFixed(2)
const plain = (value: number) => String(value)

interface PlotProps extends LineChartProps {
  readonly rows: ChartRows
}

function Plot({
  rows,
  series,
  xLabel,
  xRange,
  yLabel,
  yRange,
  height = 240,
  format = twoDecimals,
  formatX = plain,
}: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const reading = useRef<HTMLDivElement>(null)
  const [low, high] = yRange
  const first = xRange?.[0] ?? rows.x[0] ?? 0
  const last = xRange?.[1] ?? rows.x.at(-1) ?? 1
  useEffect(() => {
    const element = place.current
    if (element === null) return
    let plot: uPlot | null = null
    const shape = { series, rows, xLabel, yLabel, low, high, first, last, height, format, formatX }
    const read = (text: string) => {
      if (reading.current) reading.current.textContent = text
    }
    const draw = () => {
      plot?.destroy()
      plot = new uPlot(optionsOf(shape, element, read), dataOf(rows), element)
    }
    draw()
    // A canvas does not wait for its font.
    if (!document.fonts.check(FONT)) document.fonts.load(FONT).then(() => plot && draw(), console.warn)
    let width = element.clientWidth
    const resizing = new ResizeObserver(() => {
      if (element.clientWidth === width || element.clientWidth === 0) return
      width = element.clientWidth
      plot?.setSize({ width, height })
    })
    resizing.observe(element)
    // Canvases do not follow CSS variables: light and dark draw anew.
    const scheme = new MutationObserver(draw)
    scheme.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] })
    return () => {
      resizing.disconnect()
      scheme.disconnect()
      plot?.destroy()
      plot = null
    }
  }, [rows, series, xLabel, yLabel, low, high, first, last, height, format, formatX])
  return (
    <>
      <div ref={place} className="ward-chart-plot" />
      <div ref={reading} className="ward-chart-reading" aria-hidden="true" />
    </>
  )
}

interface Shape {
  readonly series: readonly ChartSeries[]
  readonly rows: ChartRows
  readonly xLabel: string
  readonly yLabel: string | undefined
  readonly low: number
  readonly high: number
  readonly first: number
  readonly last: number
  readonly height: number
  readonly format: (value: number) => string
  readonly formatX: (x: number) => string
}

/** Each line, then the two edges of its band where it has one. */
function dataOf({ x, columns }: ChartRows): uPlot.AlignedData {
  const lines = columns.flatMap(({ values, low, high }) =>
    low && high ? [[...values], [...high], [...low]] : [[...values]],
  )
  return [[...x], ...lines]
}

function optionsOf(shape: Shape, element: HTMLElement, read: (text: string) => void): uPlot.Options {
  const { series, rows, low, high, first, last, format, formatX } = shape
  const colour = resolver(element)
  const ink = colour('var(--mantine-color-text)')
  const quiet = colour('var(--mantine-color-dimmed)')
  const line = colour('var(--mantine-color-default-border)')
  const axis = { stroke: quiet, font: FONT, labelFont: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } }
  const isWhole = rows.x.every(Number.isInteger)
  const spanGaps = series.some(one => one.x !== undefined)
  const lines: uPlot.Series[] = [{}]
  const bands: uPlot.Band[] = []
  for (const [index, one] of series.entries()) {
    const stroke = colour(one.colour)
    const few = rows.columns[index]?.values.filter(value => value !== null).length ?? 0
    lines.push({
      label: one.name,
      stroke,
      width: one.width ?? 2,
      spanGaps,
      ...(one.dash && { dash: [...one.dash] }),
      points: { show: few <= 20 && one.x === undefined, size: 6, fill: stroke },
    })
    if (!one.band) continue
    const edge = { stroke: 'transparent', width: 0, spanGaps, points: { show: false } }
    bands.push({ series: [lines.length, lines.length + 1], fill: transparent(stroke) })
    lines.push(edge, edge)
  }
  return {
    width: element.clientWidth || 320,
    height: shape.height,
    padding: [12, labelRoom(series, element.clientWidth), 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      // One point alone has no width; half a step either side gives it one.
      x: { time: false, range: first === last ? [first - 0.5, last + 0.5] : [first, last] },
      y: { range: [low, high] },
    },
    axes: [
      {
        ...axis,
        label: shape.xLabel,
        labelSize: 24,
        // Below the lowest label of the other axis, or the two run into each other.
        gap: 10,
        size: 33,
        ...(isWhole && { incrs: WHOLE_STEPS }),
        values: (_, splits) => splits.map(at => (isWhole && !Number.isInteger(at) ? '' : formatX(at))),
      },
      {
        ...axis,
        size: 64,
        values: (_, splits) => splits.map(format),
        ...(shape.yLabel !== undefined && { label: shape.yLabel, labelSize: 24 }),
      },
    ],
    series: lines,
    bands,
    hooks: {
      draw: [plot => drawLabels(plot, shape, colour, ink)],
      setCursor: [({ cursor }) => read(cursor.idx == null ? '' : readingAt(shape, cursor.idx))],
    },
  }
}

/** Names at the ends of their lines, moved apart where they would cover each other. */
function drawLabels(plot: uPlot, { series, rows }: Shape, colour: (css: string) => string, ink: string): void {
  const { ctx, bbox } = plot
  const ratio = uPlot.pxRatio
  const ends = series.flatMap(({ name, colour: css }, index) => {
    const end = lastValue(rows.columns[index]?.values ?? [])
    if (end === null) return []
    return [
      {
        name,
        stroke: colour(css),
        x: plot.valToPos(rows.x[end.index] ?? 0, 'x', true),
        y: plot.valToPos(end.value, 'y', true),
      },
    ]
  })
  const placed = spreadLabels(
    ends.map(({ y }) => y),
    LABEL_GAP * ratio,
    bbox.top + (LABEL_GAP / 2) * ratio,
    bbox.top + bbox.height - (LABEL_GAP / 2) * ratio,
  )
  ctx.save()
  ctx.font = FONT.replace('14px', `${14 * ratio}px`)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  const right = bbox.left + bbox.width
  for (const [index, { name, stroke, y }] of ends.entries()) {
    const at = placed[index] ?? y
    ctx.fillStyle = stroke
    ctx.fillRect(right + 6 * ratio, at - 1.5 * ratio, 8 * ratio, 3 * ratio)
    ctx.fillStyle = ink
    ctx.fillText(name, right + 18 * ratio, at)
  }
  ctx.restore()
}

/** Pixels to the right of the plot for the longest name. */
function labelRoom(series: readonly ChartSeries[], width: number): number {
  const context = document.createElement('canvas').getContext('2d')
  if (context === null) return 96
  context.font = FONT
  const longest = Math.max(0, ...series.map(({ name }) => context.measureText(name).width))
  return Math.min(longest + 24, Math.max(96, width * 0.4))
}

/** What the pointer is at. */
function readingAt({ series, rows, xLabel, format, formatX }: Shape, index: number): string {
  const values = series.flatMap(({ name }, i) => {
    const value = rows.columns[i]?.values[index]
    return value === null || value === undefined ? [] : [`${name} ${format(value)}`]
  })
  return values.length === 0 ? '' : `${xLabel} ${formatX(rows.x[index] ?? 0)}: ${values.join(', ')}`
}

/** Reads CSS colours, variables included, as the canvas wants them. */
function resolver(element: HTMLElement): (css: string) => string {
  const probe = document.createElement('span')
  const known = new Map<string, string>()
  return css => {
    const found = known.get(css)
    if (found !== undefined) return found
    element.append(probe)
    probe.style.color = css
    const resolved = getComputedStyle(probe).color
    probe.remove()
    known.set(css, resolved)
    return resolved
  }
}

/** @param rgb as getComputedStyle gives it */
function transparent(rgb: string): string {
  const numbers = rgb.match(/[\d.]+/g)?.slice(0, 3) ?? ['128', '128', '128']
  return `rgba(${numbers.join(', ')}, 0.16)`
}

function ChartTable({ rows, series, xLabel, format = twoDecimals, formatX = plain }: PlotProps) {
  return (
    <Table verticalSpacing={4} stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{xLabel}</Table.Th>
          {series.map(({ name }) => (
            <Table.Th key={name} scope="col" ta="right">
              {name}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.x.map((x, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same x may come twice, and rows never move
          <Table.Tr key={row}>
            <Table.Th scope="row" fw={400}>
              {formatX(x)}
            </Table.Th>
            {rows.columns.map(({ values, low, high }, column) => (
              <Table.Td key={series[column]?.name} ta="right">
                {cell(values[row], low?.[row], high?.[row], format)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function cell(
  value: number | null | undefined,
  low: number | null | undefined,
  high: number | null | undefined,
  format: (value: number) => string,
): string {
  if (value === null || value === undefined) return '–'
  if (typeof low !== 'number' || typeof high !== 'number') return format(value)
  return `${format(value)} (${chartTexts.interval(format(low), format(high))})`
}
