import './live/live.css'
import { Stack } from '@mantine/core'
import type { HospitalSession } from '../../app/session.ts'
import { LogPanel } from '../components/LogPanel.tsx'
import { useCalmView } from '../useCalmView.ts'
import { ActionPanel } from './live/ActionPanel.tsx'
import { AuditPanel } from './live/AuditPanel.tsx'
import { GainSoFarPanel } from './live/GainSoFarPanel.tsx'
import { LeavesPanel } from './live/LeavesPanel.tsx'
import { MissingPanel } from './live/MissingPanel.tsx'
import { NowPanel } from './live/NowPanel.tsx'
import { StepBackPanel } from './live/StepBackPanel.tsx'
import { PrivacyCard } from './PrivacyCard.tsx'

/** The running study: what happens, who is missing, what I do, what we gained so far, what leaves this computer. */
export function RoundView({ session }: { readonly session: HospitalSession }) {
  const view = useCalmView(session)
  return (
    <Stack gap="lg">
      <NowPanel view={view} />
      <ActionPanel view={view} session={session} />
      <AuditPanel view={view} session={session} />
      {view.stage !== 'done' && view.stage !== 'failed' && <MissingPanel view={view} />}
      <GainSoFarPanel view={view} />
      <PrivacyCard view={view} />
      <LeavesPanel view={view} />
      {view.stage === 'running' && <StepBackPanel view={view} session={session} />}
      <LogPanel lines={view.log} />
    </Stack>
  )
}
