import { Text } from '@mantine/core'
import { memo } from 'react'
import type { LogLine } from '../../app/store.ts'
import { clock, exactTime } from '../format.ts'
import { texts } from '../texts.ts'
import { Panel } from './Panel.tsx'

const marks = { info: '', warning: '▲ ', error: '■ ' } as const
const colours = {
  info: 'var(--mantine-color-text)',
  warning: 'var(--ward-attention)',
  error: 'var(--ward-danger)',
} as const

/** The steps of this hospital, newest first. */
export function LogPanel({ lines }: { readonly lines: readonly LogLine[] }) {
  if (lines.length === 0) return <Panel question={texts.log.heading} answer={texts.log.empty} />
  return (
    <Panel question={texts.log.heading}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <ol className="ward-log" reversed tabIndex={0} aria-label={texts.log.heading}>
        {lines.toReversed().map(line => (
          <Line key={line.id} line={line} />
        ))}
      </ol>
    </Panel>
  )
}

/** Drawn once: a log has hundreds of lines, and the page around it changes all the time. */
const Line = memo(function Line({ line }: { readonly line: LogLine }) {
  return (
    <li>
      <Text component="time" size="sm" c="dimmed" title={exactTime(line.time)}>
        {clock(line.time)}
      </Text>
      <Text component="span" size="sm" c={colours[line.level]}>
        {marks[line.level]}
        {line.text}
      </Text>
    </li>
  )
})
