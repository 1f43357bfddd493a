import { Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useId, useRef } from 'react'

interface StepPanelProps {
  readonly question: string
  readonly answer?: ReactNode
  readonly children?: ReactNode
  /** Whether the heading takes the focus when the panel appears: not on a page's first one, which nobody asked for. */
  readonly takesFocus: boolean
}

/** One step of the way in. Its heading takes the focus, so that a keyboard goes on from there and a screen reader says it. */
export function StepPanel({ question, answer, children, takesFocus }: StepPanelProps) {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the step appears
  useEffect(() => {
    if (takesFocus) heading.current?.focus()
  }, [])
  return (
    <section className="ward-panel" aria-labelledby={id}>
      <Stack gap="md">
        <Title order={2} id={id} ref={heading} tabIndex={-1} className="ward-join-heading">
          {question}
        </Title>
        {answer !== undefined && (
          <Text component="div" className="ward-measure">
            {answer}
          </Text>
        )}
        {children}
      </Stack>
    </section>
  )
}
