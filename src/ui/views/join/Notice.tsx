import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

interface NoticeProps {
  readonly kind: 'attention' | 'danger' | 'live'
  /** Said at once by screen readers; for what stands in the way. */
  readonly isAlert?: boolean
  readonly heading?: string
  readonly children: ReactNode
}

const marks = { attention: '▲', danger: '⚠', live: '●' } as const

/** Something to be noticed where one is: a shape and a word, not colour alone. */
export function Notice({ kind, isAlert = false, heading, children }: NoticeProps) {
  return (
    <div className="ward-join-notice" data-kind={kind} role={isAlert ? 'alert' : undefined}>
      <Stack gap="sm">
        {heading !== undefined && (
          <Text fw={600} component="h3">
            <Mark kind={kind} /> {heading}
          </Text>
        )}
        {typeof children === 'string' ? (
          <Text className="ward-measure">
            {heading === undefined && <Mark kind={kind} />} {children}
          </Text>
        ) : (
          children
        )}
      </Stack>
    </div>
  )
}

function Mark({ kind }: Pick<NoticeProps, 'kind'>) {
  return (
    <span aria-hidden="true" style={{ color: `var(--ward-${kind})` }}>
      {marks[kind]}
    </span>
  )
}
