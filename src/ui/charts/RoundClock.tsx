import './charts.css'
import { Table } from '@mantine/core'
import { type ClockReading, clockPhasesOf } from '../../app/live/clockPhase.ts'
import { chartTexts } from '../texts/charts.ts'
import { clockExplains } from '../texts/live.ts'
import { PictureFrame } from './PictureFrame.tsx'

interface ClockFaceProps {
  readonly reading: ClockReading
  /** In the middle, large: the round's number. */
  readonly title: string
  /** Below it, small. */
  readonly subtitle?: string
  /** Width in pixels at most; it shrinks with its place. Default 340. */
  readonly width?: number
  /** The ring without the names around it, where what runs is named beside it. */
  readonly isBare?: boolean
}

interface RoundClockProps extends ClockFaceProps {
  /** The figure's accessible name, shown below it. */
  readonly sentence: string
}

/** A round as a clock face that fills, with its sentence and a table. */
export function RoundClock({ sentence, ...face }: RoundClockProps) {
  return (
    <PictureFrame sentence={sentence} picture={<ClockFace {...face} />} table={<ClockTable reading={face.reading} />} />
  )
}

const size = { width: 340, height: 264 }
const centre = { x: size.width / 2, y: size.height / 2 }
const ring = { inner: 66, outer: 92, label: 106 }
/** Degrees between two parts. */
const gap = 3

/**
 * The face alone: the part that runs is outlined and fills with those who have acted, what is over is full, what is to come is
 * empty. Give it a name where it stands alone: it is a picture without one.
 */
export function ClockFace({ reading, title, subtitle, width = size.width, isBare = false }: ClockFaceProps) {
  const edge = ring.outer + 4
  const phases = clockPhasesOf(reading)
  const step = 360 / phases.length
  const box = isBare
    ? `${centre.x - edge} ${centre.y - edge} ${2 * edge} ${2 * edge}`
    : `0 0 ${size.width} ${size.height}`
  return (
    <svg className="ward-clock" viewBox={box} width={width} aria-hidden="true">
      {phases.map((phase, index) => {
        const state = stateOf(reading, index)
        const from = index * step + gap / 2
        const to = (index + 1) * step - gap / 2
        const { x, y, anchor } = labelPlace((from + to) / 2)
        return (
          <g key={phase}>
            <path d={sector(from, to)} fill="var(--mantine-color-default-border)" />
            {state !== 'ahead' && (
              <path d={sector(from, from + (to - from) * filled(reading, state))} fill="var(--ward-live)" />
            )}
            {state === 'now' && (
              <path d={sector(from, to)} fill="none" stroke="var(--mantine-color-text)" strokeWidth={2} />
            )}
            {!isBare && (
              <text
                x={x}
                y={y}
                textAnchor={anchor}
                dominantBaseline="middle"
                fontSize={14}
                fontWeight={state === 'now' ? 600 : 400}
                fill={state === 'now' ? 'var(--mantine-color-text)' : 'var(--mantine-color-dimmed)'}
              >
                {chartTexts.clock.phases[phase]}
              </text>
            )}
          </g>
        )
      })}
      <text
        x={centre.x}
        y={subtitle ? centre.y - 4 : centre.y}
        textAnchor="middle"
        dominantBaseline="middle"
        fontSize={(title.length > 3 ? 20 : 40) * (isBare ? 1.4 : 1)}
        fontWeight={600}
        fill="var(--mantine-color-text)"
      >
        {title}
      </text>
      {subtitle && (
        <text
          x={centre.x}
          y={centre.y + (isBare ? 36 : 26)}
          textAnchor="middle"
          dominantBaseline="middle"
          fontSize={isBare ? 22 : 14}
          fill="var(--mantine-color-dimmed)"
        >
          {subtitle}
        </text>
      )}
    </svg>
  )
}

type PartState = keyof typeof chartTexts.clock.states

function stateOf(reading: ClockReading, index: number): PartState {
  const { phase, isOver } = reading
  if (isOver) return 'past'
  if (phase === null) return 'ahead'
  const now = clockPhasesOf(reading).indexOf(phase)
  return index < now ? 'past' : index === now ? 'now' : 'ahead'
}

/** How full a part is; one that runs shows a sliver from its beginning on. */
function filled({ done, of }: ClockReading, state: PartState): number {
  if (state === 'past') return 1
  return of === 0 ? 0.08 : Math.max(0.08, done / of)
}

function point(radius: number, degrees: number): { x: number; y: number } {
  const angle = ((degrees - 90) * Math.PI) / 180
  return { x: centre.x + radius * Math.cos(angle), y: centre.y + radius * Math.sin(angle) }
}

/** A part of the ring, clockwise, in degrees from the top. */
function sector(from: number, to: number): string {
  const [a, b, c, d] = [
    point(ring.outer, from),
    point(ring.outer, to),
    point(ring.inner, to),
    point(ring.inner, from),
  ].map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`)
  return `M${a}A${ring.outer} ${ring.outer} 0 0 1 ${b}L${c}A${ring.inner} ${ring.inner} 0 0 0 ${d}Z`
}

function labelPlace(degrees: number): { x: number; y: number; anchor: 'start' | 'middle' | 'end' } {
  const { x, y } = point(ring.label, degrees)
  const anchor = Math.abs(x - centre.x) < 12 ? 'middle' : x > centre.x ? 'start' : 'end'
  return { x, y, anchor }
}

function ClockTable({ reading }: { readonly reading: ClockReading }) {
  const { clock } = chartTexts
  return (
    <Table verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{clock.phase}</Table.Th>
          <Table.Th scope="col">{clock.state}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {clockPhasesOf(reading).map((phase, index) => {
          const state = stateOf(reading, index)
          const count = state === 'now' && reading.of > 0 ? `, ${clock.count(reading.done, reading.of)}` : ''
          return (
            <Table.Tr key={phase}>
              <Table.Th scope="row" fw={400}>
                {clock.phases[phase]}: {clockExplains(phase, reading.mode)}
              </Table.Th>
              <Table.Td fw={state === 'now' ? 600 : 400}>
                {clock.states[state]}
                {count}
              </Table.Td>
            </Table.Tr>
          )
        })}
      </Table.Tbody>
    </Table>
  )
}
