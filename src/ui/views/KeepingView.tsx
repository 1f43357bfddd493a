import './live/live.css'
import './keeping/keeping.css'
import { Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../app/session.ts'
import { texts } from '../texts.ts'
import { BudgetPanel } from './keeping/BudgetPanel.tsx'
import { DeskPanel } from './keeping/DeskPanel.tsx'
import { DevicePanel } from './keeping/DevicePanel.tsx'
import { HistoryPanel } from './keeping/HistoryPanel.tsx'
import { KeysPanel } from './keeping/KeysPanel.tsx'
import { MoneyPanel } from './keeping/MoneyPanel.tsx'
import { ProofsPanel } from './keeping/ProofsPanel.tsx'
import { StoragePanel } from './keeping/StoragePanel.tsx'
import { ActionError } from './live/ActionError.tsx'

/** Stake, credits, rounds, keys, storage, this computer, and the shared desk. */
export function KeepingView({ session }: { readonly session: HospitalSession }) {
  const view = useStore(session.store)
  const { error } = view.keeping
  useEffect(() => session.keeping.watch(), [session])
  return (
    <Stack gap="lg">
      {error && (
        <Stack gap={4}>
          <Text size="sm">{texts.keeping.stale}</Text>
          <ActionError error={error} />
        </Stack>
      )}
      <MoneyPanel view={view} session={session} />
      <BudgetPanel view={view} session={session} />
      <HistoryPanel view={view} />
      <KeysPanel view={view} session={session} />
      <StoragePanel view={view} session={session} />
      <ProofsPanel view={view} session={session} />
      <DevicePanel view={view} />
      <DeskPanel view={view} session={session} />
    </Stack>
  )
}
