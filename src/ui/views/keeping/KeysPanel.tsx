import { Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useId, useState } from 'react'
import type { KeysView } from '../../../app/desks/keepingView.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { Panel } from '../../components/Panel.tsx'
import { exactTime } from '../../format.ts'
import { texts } from '../../texts.ts'
import { ActionError } from '../live/ActionError.tsx'
import { useAct } from './useAct.ts'

interface KeysPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** Which keys there are, what becomes of them on another computer, and how to destroy them. */
export function KeysPanel({ view, session }: KeysPanelProps) {
  const { keys: words, reading } = texts.keeping
  const { keys } = view.keeping
  const [isDestroying, setDestroying] = useState(false)
  const [isDestroyed, setDestroyed] = useState(false)
  if (keys === null) return <Panel question={words.heading} answer={reading} />
  return (
    <Panel question={words.heading} answer={keys.isHere ? words.answer.here : words.answer.none}>
      <div className="ward-table-scroll">
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{words.columns.key}</Table.Th>
              <Table.Th scope="col">{words.columns.here}</Table.Th>
              <Table.Th scope="col">{words.columns.chain}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[words.duty, words.encryption].map(name => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name}
                </Table.Th>
                <Table.Td>{keys.isHere ? words.here : words.notHere}</Table.Td>
                <Table.Td>{registration(keys)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <details>
        <summary>{words.moving}</summary>
        <Stack gap="sm" mt="sm">
          <Text className="ward-measure">{words.moved}</Text>
          <ul className="ward-plain-list">
            {words.movedDo.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Stack>
      </details>
      {isDestroyed ? (
        <Group role="status">
          <Text>{words.destroyed}</Text>
          <Button variant="outline" size="compact-sm" onClick={() => window.location.reload()}>
            {words.reload}
          </Button>
        </Group>
      ) : (
        keys.isHere && (
          <Group>
            <Button variant="outline" color="var(--ward-danger)" onClick={() => setDestroying(true)}>
              {words.destroy}
            </Button>
          </Group>
        )
      )}
      <DestroyDialog
        session={session}
        isOpen={isDestroying}
        onClose={() => setDestroying(false)}
        onDone={() => {
          setDestroying(false)
          setDestroyed(true)
        }}
      />
    </Panel>
  )
}

function registration({ isRegistered, isSame, registeredAt }: KeysView): string {
  const { keys: words } = texts.keeping
  if (isRegistered === null) return words.unread
  if (!isRegistered) return words.notRegistered
  if (isSame === false) return words.other
  return registeredAt === null ? words.registeredSometime : words.registered(exactTime(registeredAt * 1000))
}

interface DestroyDialogProps {
  readonly session: HospitalSession
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onDone: () => void
}

function DestroyDialog({ session, isOpen, onClose, onDone }: DestroyDialogProps) {
  const { destroyDialog: words } = texts.keeping.keys
  const heading = useId()
  const [typed, setTyped] = useState('')
  const { isBusy, error, run } = useAct()
  const isSure = typed.trim().toLowerCase() === words.word
  return (
    <Dialog isOpen={isOpen} onClose={onClose} labelledBy={heading}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isSure) void run(() => session.keeping.destroyKeys().then(onDone))
        }}
      >
        <Stack gap="md">
          <Title order={2} id={heading}>
            {words.heading}
          </Title>
          <ul className="ward-plain-list">
            <li>{words.what}</li>
            <li>{words.cost}</li>
            <li>{words.cannot}</li>
          </ul>
          <TextInput
            label={words.type(words.word)}
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
