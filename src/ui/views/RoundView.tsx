import { Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { useStore } from 'zustand'
import { phaseName, studyProgress } from '../../app/phases.ts'
import type { HospitalSession } from '../../app/session.ts'
import { situationOf } from '../../app/situation.ts'
import type { HospitalView } from '../../app/store.ts'
import { GainPanel } from '../components/GainPanel.tsx'
import { LeavesPanel } from '../components/LeavesPanel.tsx'
import { LogPanel } from '../components/LogPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { PhaseSteps } from '../components/PhaseSteps.tsx'
import { progressText, situationText, stageTexts, texts } from '../texts.ts'

/** The running study: what happens, who is missing, what we gained so far. */
export function RoundView({ session }: { readonly session: HospitalSession }) {
  const view = useStore(session.store)
  return (
    <Stack gap="lg">
      <NowPanel view={view} session={session} />
      <GainPanel round={view.round} result={view.result} study={view.study} />
      <LeavesPanel traffic={view.traffic} />
      <LogPanel lines={view.log} />
    </Stack>
  )
}

function NowPanel({ view, session }: { readonly view: HospitalView; readonly session: HospitalSession }) {
  const { hospital } = texts
  const { round, study, stage } = view
  const snapshot = round?.snapshot ?? null
  const rounds = study?.rounds ?? 0
  const share = snapshot && study ? studyProgress(snapshot, rounds, study.manifest.standardise) : 0
  return (
    <Panel
      question={hospital.now}
      answer={
        <Stack gap={0}>
          <Text aria-live="polite">{situationText(situationOf(view), snapshot?.time ?? 0)}</Text>
          {round?.progress && (
            <Text size="sm" c="dimmed">
              {progressText(round.progress)}
            </Text>
          )}
        </Stack>
      }
    >
      <Stack gap={4}>
        <Progress value={share * 100} size="lg" aria-label={hospital.rounds(snapshot?.completed ?? 0, rounds)} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            {hospital.rounds(snapshot?.completed ?? 0, rounds)}
          </Text>
          <Text size="sm" c="dimmed" data-testid="stage">
            {stageTexts[stage]}
          </Text>
        </Group>
      </Stack>
      <PhaseSteps phase={snapshot && phaseName(snapshot.phase)} />
      <Actions stage={stage} isPaused={round?.paused ?? false} session={session} />
    </Panel>
  )
}

interface ActionsProps {
  readonly stage: HospitalView['stage']
  readonly isPaused: boolean
  readonly session: HospitalSession
}

/** The one thing to do now, if there is one. */
function Actions({ stage, isPaused, session }: ActionsProps) {
  const { hospital } = texts
  switch (stage) {
    case 'needsData':
      return (
        <Stack gap={4}>
          <Group>
            <FileButton accept=".csv,text/csv" onChange={file => file && session.joining.chooseFile(file)}>
              {props => <Button {...props}>{hospital.chooseFile}</Button>}
            </FileButton>
          </Group>
          <Text size="sm" c="dimmed">
            {hospital.fileHint}
          </Text>
        </Stack>
      )
    case 'ready':
      return (
        <Group>
          <Button onClick={() => session.joining.join()}>{hospital.join}</Button>
        </Group>
      )
    case 'running':
      return (
        <Group>
          {isPaused ? (
            <Button onClick={() => session.rounds.resume()}>{hospital.resume}</Button>
          ) : (
            <Button variant="default" onClick={() => session.rounds.pause()}>
              {hospital.pause}
            </Button>
          )}
        </Group>
      )
    default:
      return null
  }
}
