import './interval.css'
import type { CSSProperties } from 'react'
import type { Measured } from '../../training/screen.ts'

interface IntervalMark {
  /** Stands at its right; null draws nothing but keeps the place. */
  readonly name: string
  readonly value: Measured | null
  /** live: my own data's colour; quiet: a thin grey one beside it. */
  readonly tone: 'live' | 'quiet'
}

export interface IntervalGroup {
  readonly name: string
  /** Beside the name, e.g. how many patients. */
  readonly note?: string
  /** What the axis shows, from its lowest to its highest value. */
  readonly range: readonly [number, number]
  readonly format: (value: number) => string
  /** Of the axis' ends and middle; default: as the values. */
  readonly formatAxis?: (value: number) => string
  readonly marks: readonly IntervalMark[]
}

/** Dots with their intervals as bands, each group on an axis of its own with its ends named. Use inside a PictureFrame. */
export function IntervalPlot({ groups }: { readonly groups: readonly IntervalGroup[] }) {
  return (
    <div className="ward-intervals">
      {groups.map(group => (
        <Group key={group.name} {...group} />
      ))}
    </div>
  )
}

function Group({ name, note, range: [low, high], format, formatAxis = format, marks }: IntervalGroup) {
  const at = (value: number) => `${Math.min(1, Math.max(0, (value - low) / (high - low))) * 100}%`
  return (
    <div className="ward-interval-group">
      <div className="ward-interval-name">
        {name}
        {note !== undefined && <span className="ward-interval-note"> {note}</span>}
      </div>
      <div>
        {marks.map(({ name: mark, value, tone }) => (
          <div key={mark} className="ward-interval-row" data-tone={tone}>
            <div className="ward-interval-track">
              {value && (
                <>
                  <span
                    className="ward-interval-band"
                    style={{ '--from': at(value.low), '--to': at(value.high) } as CSSProperties}
                  />
                  <span className="ward-interval-dot" style={{ '--at': at(value.value) } as CSSProperties} />
                </>
              )}
            </div>
            <div className="ward-interval-label">
              {mark} {value ? format(value.value) : '–'}
            </div>
          </div>
        ))}
        <div className="ward-interval-row">
          <div className="ward-interval-ends">
            <span>{formatAxis(low)}</span>
            <span>{formatAxis((low + high) / 2)}</span>
            <span>{formatAxis(high)}</span>
          </div>
          <div className="ward-interval-label" />
        </div>
      </div>
    </div>
  )
}
