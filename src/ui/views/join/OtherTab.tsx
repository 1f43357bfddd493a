import { Button, Group, Text } from '@mantine/core'
import type { JoinDesk } from '../../../app/desks/joining.ts'
import type { JoinView } from '../../../app/desks/joinView.ts'
import { texts } from '../../texts.ts'
import { StepPanel } from './StepPanel.tsx'

interface OtherTabProps {
  readonly view: JoinView
  readonly desk: JoinDesk
  readonly takesFocus: boolean
}

/** This hospital is open in another tab, or went to one. */
export function OtherTab({ view, desk, takesFocus }: OtherTabProps) {
  const { tab } = texts.join
  const kind = view.tab ?? 'elsewhere'
  const { heading, answer, hint } = tab[kind]
  const isBusy = view.busy === 'takingOver'
  return (
    <StepPanel key={kind} question={heading} answer={answer} takesFocus={takesFocus || kind !== 'elsewhere'}>
      <Group gap="md">
        {kind === 'handedOver' ? (
          <Button variant="default" onClick={() => window.location.reload()}>
            {tab.bringBack}
          </Button>
        ) : (
          <Button loading={isBusy} onClick={() => desk.takeOver()}>
            {tab.takeOver}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" className="ward-measure" aria-live="polite">
        {isBusy ? tab.takingOver : hint}
      </Text>
    </StepPanel>
  )
}
