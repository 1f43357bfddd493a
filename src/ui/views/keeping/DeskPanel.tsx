import { Button, Checkbox, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { PIN_LENGTH } from '../../../app/keeping/lock.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from '../live/ActionError.tsx'
import { useAct } from './useAct.ts'

interface DeskPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** For a shared desk: cover the page, or have the browser forget the hospital. */
export function DeskPanel({ view, session }: DeskPanelProps) {
  const { desk } = texts.keeping
  const [isWiping, setWiping] = useState(false)
  return (
    <Panel question={desk.heading} answer={desk.answer}>
      <LockForm session={session} />
      <Group>
        <Button variant="outline" color="var(--ward-danger)" onClick={() => setWiping(true)}>
          {desk.wipe.open}
        </Button>
      </Group>
      <WipeDialog view={view} session={session} isOpen={isWiping} onClose={() => setWiping(false)} />
    </Panel>
  )
}

function LockForm({ session }: { readonly session: HospitalSession }) {
  const { lock: words } = texts.keeping.desk
  const [pin, setPin] = useState('')
  const [again, setAgain] = useState('')
  const [pauses, setPauses] = useState(false)
  const [isTried, setTried] = useState(false)
  const { isBusy, error, run } = useAct()
  const isShort = pin.length < PIN_LENGTH
  const isDifferent = pin !== again
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        setTried(true)
        if (isShort || isDifferent) return
        void run(async () => {
          if (pauses) session.rounds.pause()
          await session.keeping.lock.lock(pin, { pauses })
        })
      }}
    >
      <Stack gap="sm">
        <Group align="flex-start" gap="md">
          <PasswordInput
            label={words.pin}
            value={pin}
            onChange={event => setPin(event.currentTarget.value)}
            error={isTried && isShort && words.short}
            autoComplete="new-password"
            w={280}
          />
          <PasswordInput
            label={words.repeat}
            value={again}
            onChange={event => setAgain(event.currentTarget.value)}
            error={isTried && isDifferent && words.mismatch}
            autoComplete="new-password"
            w={280}
          />
        </Group>
        <Checkbox
          checked={pauses}
          onChange={event => setPauses(event.currentTarget.checked)}
          label={words.pauses}
          description={words.pausesExplains}
        />
        <Group>
          <Button type="submit" variant="default" loading={isBusy}>
            {words.confirm}
          </Button>
        </Group>
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.protects}
        </Text>
        {error && <ActionError error={error} />}
      </Stack>
    </form>
  )
}

interface WipeDialogProps extends DeskPanelProps {
  readonly isOpen: boolean
  readonly onClose: () => void
}

function WipeDialog({ view, session, isOpen, onClose }: WipeDialogProps) {
  const { wipe: words } = texts.keeping.desk
  const heading = useId()
  const [typed, setTyped] = useState('')
  const [isLossKnown, setLossKnown] = useState(false)
  const { isBusy, error, run } = useAct()
  const isPending = isOpen && session.keeping.hasUnfinished()
  const isSure = typed.trim() === view.name && (!isPending || isLossKnown)
  return (
    <Dialog isOpen={isOpen} onClose={onClose} labelledBy={heading}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (!isSure) return
          void run(async () => {
            await session.keeping.wipe(() => session.close())
            window.location.assign('/')
          })
        }}
      >
        <Stack gap="md">
          <Title order={2} id={heading}>
            {words.heading}
          </Title>
          <ul className="ward-plain-list">
            <li>{words.what}</li>
            <li>{words.stays}</li>
            <li>{words.cost}</li>
          </ul>
          {isPending && (
            <Stack gap="sm">
              <Text c="var(--ward-danger)">
                <span aria-hidden="true">■ </span>
                {words.pending}
              </Text>
              <Checkbox
                checked={isLossKnown}
                onChange={event => setLossKnown(event.currentTarget.checked)}
                label={words.pendingConfirm}
              />
            </Stack>
          )}
          <TextInput
            label={words.type(view.name)}
            value={typed}
            onChange={event => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
          {error && <ActionError error={error} />}
          <Group>
            <Button variant="default" onClick={onClose}>
              {words.cancel}
            </Button>
            <Button type="submit" color="var(--ward-danger)" disabled={!isSure} loading={isBusy}>
              {words.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
