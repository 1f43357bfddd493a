import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { isInRound } from '../../../app/live/missing.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { Panel } from '../../components/Panel.tsx'
import { auditsTexts } from '../../texts/audits.ts'
import { ActionError } from '../live/ActionError.tsx'
import { useAct } from './useAct.ts'

interface ProofsPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** In a proven study: what is kept to prove rounds of training, and what it means to delete it. */
export function ProofsPanel({ view, session }: ProofsPanelProps) {
  const { keeping: words } = auditsTexts
  const { proofBytes } = view.keeping
  const [isOpen, setOpen] = useState(false)
  const [said, setSaid] = useState('')
  const { isBusy, error, run } = useAct()
  const heading = useId()
  if (proofBytes === null) return null
  const clear = () =>
    run(async () => {
      await session.keeping.clearProofs()
      setOpen(false)
      setSaid(words.cleared)
    })
  return (
    <Panel question={words.heading} answer={proofBytes === 0 ? words.none : words.answer(proofBytes)}>
      {proofBytes > 0 && (
        <Group>
          <Button variant="default" c="var(--ward-danger)" onClick={() => setOpen(true)}>
            {words.clear}
          </Button>
        </Group>
      )}
      <Text size="sm" aria-live="polite">
        {said}
      </Text>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} labelledBy={heading}>
        <Stack gap="md">
          <Title order={2} id={heading}>
            {words.dialog.heading}
          </Title>
          <ul className="ward-plain-list">
            {words.dialog.means.map(sentence => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          {isInRound(view.round?.snapshot ?? null, view.address) && (
            <Text className="ward-measure">
              <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
                ▲{' '}
              </span>
              {words.dialog.running}
            </Text>
          )}
          {error && <ActionError error={error} />}
          <Group>
            <Button variant="default" onClick={() => setOpen(false)}>
              {words.dialog.cancel}
            </Button>
            <Button color="var(--ward-danger)" loading={isBusy} onClick={clear}>
              {words.dialog.confirm}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </Panel>
  )
}
