import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { bytes } from '../../format.ts'
import { texts } from '../../texts.ts'
import { ActionError } from '../live/ActionError.tsx'
import { Figures } from './Figures.tsx'
import { useAct } from './useAct.ts'

interface StoragePanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** What this study keeps in this browser, and how to free it. */
export function StoragePanel({ view, session }: StoragePanelProps) {
  const { storage } = texts.keeping
  const { usage } = view.keeping
  const [said, setSaid] = useState('')
  const { isBusy, error, run } = useAct()
  if (usage === null) return <Panel question={storage.heading} answer={storage.unknown} />
  const free = () => run(async () => setSaid(storage.freed(await session.keeping.free())))
  return (
    <Panel question={storage.heading} answer={storage.answer(usage.bytes)}>
      <Figures
        of={[
          { name: storage.own, value: bytes(usage.own) },
          { name: storage.others, value: bytes(usage.others) },
          { name: storage.blobs, value: String(usage.blobs) },
          ...(usage.quota === null ? [] : [{ name: storage.quota, value: storage.gigabytes(usage.quota) }]),
        ]}
      />
      <Text size="sm" c="dimmed" className="ward-measure">
        {usage.persisted ? storage.persisted : storage.notPersisted}
      </Text>
      <Group gap="md">
        <Button variant="default" loading={isBusy} onClick={free}>
          {storage.free}
        </Button>
        <Text size="sm" c="dimmed">
          {storage.keeps}
        </Text>
      </Group>
      <Text size="sm" aria-live="polite">
        {said}
      </Text>
      {error && <ActionError error={error} />}
    </Panel>
  )
}
