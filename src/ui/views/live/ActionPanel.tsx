import { Button, Group, Text } from '@mantine/core'
import { isAsked, nextAction } from '../../../app/live/nextAction.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { actionText } from '../../texts/live.ts'
import { texts } from '../../texts.ts'

interface ActionPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** The one thing to do now; usually nothing. */
export function ActionPanel({ view, session }: ActionPanelProps) {
  const { action: words, step } = texts.live
  const action = nextAction(view)
  const isMine = isAsked(action)
  return (
    <Panel
      question={words.heading}
      answer={
        <Text fw={isMine ? 600 : 400} aria-live="polite" data-testid="action" data-asked={isMine}>
          {actionText(action)}
        </Text>
      }
    >
      {view.stage === 'running' && view.round !== null && (
        <Group gap="md">
          {view.round.paused ? (
            <Button onClick={() => session.rounds.resume()}>{step.resume}</Button>
          ) : (
            <Button variant="default" onClick={() => session.rounds.pause()}>
              {step.pause}
            </Button>
          )}
          {!view.round.paused && (
            <Text size="sm" c="dimmed">
              {step.pauseExplains}
            </Text>
          )}
        </Group>
      )}
    </Panel>
  )
}
