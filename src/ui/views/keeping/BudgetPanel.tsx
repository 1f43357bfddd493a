import { Button, Group, NumberInput, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from '../live/ActionError.tsx'
import { Figures } from './Figures.tsx'
import { useAct } from './useAct.ts'

interface BudgetPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** How much may be known of a patient in all studies together, and what is spent of it. */
export function BudgetPanel({ view, session }: BudgetPanelProps) {
  const { card: words, epsilon, chance } = texts.privacy
  const { account, error: ledgerError } = view.privacy
  const [typed, setTyped] = useState<number | null>(null)
  const [said, setSaid] = useState('')
  const { isBusy, error, run } = useAct()
  if (view.study?.manifest.privacy === undefined) return null
  if (account === null) {
    return (
      <Panel question={words.ledgerHeading} answer={words.reading}>
        {ledgerError && <ActionError error={ledgerError} />}
      </Panel>
    )
  }
  const { budget, spent } = account
  const wanted = typed ?? budget.epsilon
  const change = () =>
    run(async () => {
      await session.privacy.setBudget(wanted)
      setSaid(words.changed(epsilon(wanted)))
      setTyped(null)
    })
  return (
    <Panel question={words.ledgerHeading} answer={words.ledgerAnswer}>
      <Figures
        of={[
          { name: words.budget, value: epsilon(budget.epsilon) },
          { name: words.spent, value: epsilon(spent) },
        ]}
      />
      <Stack gap="xs">
        <Group align="end">
          <NumberInput
            label={words.budgetField}
            value={wanted}
            min={0.1}
            max={100}
            step={1}
            decimalScale={2}
            onChange={value => setTyped(typeof value === 'number' && value > 0 ? value : null)}
          />
          <Button variant="default" loading={isBusy} disabled={wanted === budget.epsilon} onClick={change}>
            {words.change}
          </Button>
        </Group>
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.budgetHint} {words.delta(chance(budget.delta))}
        </Text>
        <Text size="sm" aria-live="polite">
          {said}
        </Text>
        {error && <ActionError error={error} />}
      </Stack>
    </Panel>
  )
}
