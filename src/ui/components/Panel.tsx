import { Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

interface PanelProps {
  /** The reader's question. */
  readonly question: string
  /** The answer in one line. */
  readonly answer?: ReactNode
  /** The evidence. */
  readonly children?: ReactNode
}

/** A question, its answer in one line, then the evidence. */
export function Panel({ question, answer, children }: PanelProps) {
  const id = useId()
  return (
    <section className="ward-panel" aria-labelledby={id}>
      <Stack gap="md">
        <Title order={2} id={id}>
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
