import type { CSSProperties } from 'react'
import type { SceneName } from '../../../app/kiosk/story.ts'
import { HospitalMark } from '../../components/HospitalMark.tsx'
import { texts } from '../../texts.ts'

/** A hospital around the model. */
export interface Actor {
  readonly name: string
  /** Its mark's number; null before it has joined. */
  readonly mark: number | null
  /** On this round's committee. */
  readonly isSeat: boolean
}

interface TheatreProps {
  readonly hospitals: readonly Actor[]
  readonly scene: SceneName
}

const width = 560
const height = 400
const centre = { x: width / 2, y: height / 2 }

/** What travels in a scene, and whereto. */
const journeys: Readonly<Partial<Record<SceneName, 'in' | 'seats' | 'out'>>> = {
  join: 'in',
  statistics: 'seats',
  check: 'seats',
  average: 'in',
  settle: 'out',
}

/** The hospitals around the model they learn together; what travels, travels while it is told. */
export function Theatre({ hospitals, scene }: TheatreProps) {
  const { kiosk } = texts
  const names = hospitals.map(({ name }) => name)
  const places = hospitals.map((_, index) => placeOf(index, hospitals.length))
  const seats = hospitals.flatMap(({ isSeat }, index) => (isSeat ? [index] : []))
  const journey = journeys[scene]
  return (
    <svg className="kiosk-theatre" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={kiosk.theatre(names)}>
      <g className={`kiosk-model${scene === 'average' ? ' kiosk-busy' : ''}`}>
        <circle cx={centre.x} cy={centre.y} r={44} />
        <text x={centre.x} y={centre.y + 68} textAnchor="middle">
          {kiosk.model}
        </text>
        <path d={`M${centre.x - 18} ${centre.y + 12}l12 -22l10 14l14 -20`} />
      </g>
      {places.map(({ x, y }, index) => (
        <g key={names[index]} className={scene === 'train' || scene === 'end' ? 'kiosk-busy' : undefined}>
          <circle className={`kiosk-hospital${seats.includes(index) ? ' kiosk-seat' : ''}`} cx={x} cy={y} r={34} />
          <svg x={x - 16} y={y - 16} width={32} height={32} aria-hidden="true">
            {hospitals[index]?.mark && <HospitalMark number={hospitals[index].mark} size={32} />}
          </svg>
          <text x={x} y={y + 54} textAnchor="middle">
            {names[index]}
          </text>
          {seats.includes(index) && (
            <text x={x} y={y - 42} textAnchor="middle" className="kiosk-note">
              {kiosk.committee}
            </text>
          )}
        </g>
      ))}
      {journey !== undefined &&
        parcels(journey, places, seats).map(({ from, to, key }) => (
          <g
            key={`${scene} ${key}`}
            className="kiosk-parcel"
            style={
              {
                '--from-x': `${from.x}px`,
                '--from-y': `${from.y}px`,
                '--to-x': `${to.x}px`,
                '--to-y': `${to.y}px`,
              } as CSSProperties
            }
          >
            <rect x={-13} y={-9} width={26} height={18} rx={2} />
            <path d="M-13 -9l13 10l13 -10" />
          </g>
        ))}
    </svg>
  )
}

interface Place {
  readonly x: number
  readonly y: number
}

function placeOf(index: number, count: number): Place {
  const angle = (2 * Math.PI * (index + 0.5)) / count - Math.PI / 2
  return { x: centre.x + 210 * Math.cos(angle), y: centre.y + 126 * Math.sin(angle) }
}

function parcels(journey: 'in' | 'seats' | 'out', places: readonly Place[], seats: readonly number[]) {
  if (journey === 'in') return places.map((from, i) => ({ from, to: centre, key: String(i) }))
  if (journey === 'out') return places.map((to, i) => ({ from: centre, to, key: String(i) }))
  return places.flatMap((from, i) =>
    seats.filter(seat => seat !== i).map(seat => ({ from, to: places[seat] ?? centre, key: `${i}-${seat}` })),
  )
}
