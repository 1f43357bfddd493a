import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { hasModel, isCheap } from '../../app/desks/model.ts'
import type { ModelView } from '../../app/desks/modelView.ts'
import { shownRound } from '../../app/phases.ts'
import type { HospitalSession } from '../../app/session.ts'
import type { HospitalView } from '../../app/store.ts'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { outcomeInSentence } from '../texts/results.ts'
import { texts } from '../texts.ts'
import { CalibrationPanel } from './results/CalibrationPanel.tsx'
import { ClassesPanel } from './results/ClassesPanel.tsx'
import { GainedPanel } from './results/GainedPanel.tsx'
import { HistoryPanel } from './results/HistoryPanel.tsx'
import { RankingPanel } from './results/RankingPanel.tsx'
import { SubgroupsPanel } from './results/SubgroupsPanel.tsx'
import { ThresholdPanel } from './results/ThresholdPanel.tsx'

/** What was gained, in detail: both models on this hospital's held-out patients. */
export function ResultsView({ session }: { readonly session: HospitalSession }) {
  const view = useStore(session.store)
  const model = useStore(session.model.store)
  const { results } = texts
  useFreshDetails(session, view, model)
  if (model.shown === null) return <NotYet session={session} view={view} model={model} />
  const { details } = model.shown
  const schema = view.study?.manifest.schema
  const outcome = schema?.kind === 'table' ? outcomeInSentence(schema.outcome) : ''
  const isBinary = details.federated.thresholds !== null
  return (
    <Stack gap="lg">
      <GainedPanel details={details} majority={majorityOf(view)}>
        <Freshness session={session} view={view} model={model} />
      </GainedPanel>
      {isBinary ? (
        <>
          <ThresholdPanel details={details} outcome={outcome} />
          <RankingPanel details={details} outcome={outcome} />
          <CalibrationPanel details={details} />
        </>
      ) : (
        <ClassesPanel details={details} />
      )}
      {schema?.kind === 'table' && (
        <SubgroupsPanel details={details} isAsked={(view.study?.manifest.subgroups?.length ?? 0) > 0} />
      )}
      <HistoryPanel view={view} />
      <Text size="sm" c="dimmed" className="ward-measure">
        {results.before.how}
      </Text>
    </Stack>
  )
}

/** Computes when a newer model is installed, where that takes a moment; else the page has a button. */
export function useFreshDetails(session: HospitalSession, view: HospitalView, model: ModelView): void {
  const installed = view.round?.installed.round ?? 0
  const wanted = hasModel(view) && isCheap(view) && model.shown?.round !== installed
  // Who cancelled is not asked to cancel again.
  const isIdle = model.computing === null && model.detailsError === null && model.cancelled !== installed
  useEffect(() => {
    if (wanted && isIdle) session.model.computeDetails()
  }, [session, wanted, isIdle])
}

interface StateProps {
  readonly session: HospitalSession
  readonly view: HospitalView
  readonly model: ModelView
}

/** Before there is anything to show: before the first model, while computing, failed, ended without one. */
function NotYet({ session, view, model }: StateProps) {
  const { results } = texts
  if (model.computing) {
    return (
      <Panel question={results.heading} answer={<Text aria-live="polite">{computingText(model)}</Text>}>
        <Computing session={session} model={model} />
      </Panel>
    )
  }
  if (model.detailsError) {
    return (
      <Stack gap="lg">
        <ErrorPanel error={model.detailsError} />
        <Group>
          <Button onClick={() => session.model.computeDetails()}>{results.compute}</Button>
        </Group>
      </Stack>
    )
  }
  if (hasModel(view)) {
    return (
      <Panel question={results.heading} answer={results.waiting.answer}>
        <Text className="ward-measure">{results.waiting.slow}</Text>
        <Group>
          <Button onClick={() => session.model.computeDetails()}>{results.compute}</Button>
        </Group>
      </Panel>
    )
  }
  if (view.stage === 'done') return <Panel question={results.heading} answer={results.ended} />
  if (view.stage === 'failed') return <Panel question={results.heading} answer={results.failed} />
  return (
    <Panel question={results.heading} answer={results.before.answer}>
      <Text size="sm" c="dimmed" className="ward-measure">
        {results.before.how}
      </Text>
    </Panel>
  )
}

function Computing({ session, model }: Omit<StateProps, 'view'>) {
  const { results } = texts
  const progress = model.computing?.progress
  const share = progress && progress.total > 0 ? (progress.done / progress.total) * 100 : 0
  return (
    <Group gap="md">
      <Progress value={share} size="lg" flex={1} miw={160} aria-label={computingText(model)} />
      <Button variant="default" onClick={() => session.model.cancelDetails()}>
        {results.cancel}
      </Button>
    </Group>
  )
}

/** Which model the results are of, and the way to newer ones. */
function Freshness({ session, view, model }: StateProps) {
  const { results } = texts
  const manifest = view.study?.manifest
  if (model.shown === null || !manifest) return null
  const installed = view.round?.installed.round ?? 0
  const isOld = installed > model.shown.round
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {isOld
          ? results.newer(shownRound(installed, manifest))
          : results.ofRound(shownRound(model.shown.round, manifest))}
      </Text>
      {model.computing && isOld && <Computing session={session} model={model} />}
      {model.detailsError && <ErrorPanel error={model.detailsError} />}
      {isOld && !model.computing && (
        <Group>
          <Button variant="default" onClick={() => session.model.computeDetails()}>
            {results.recompute}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function computingText({ computing }: ModelView): string {
  const { results } = texts
  const stage = computing?.progress?.stage
  return results.computing((stage && results.computingStages[stage]) ?? results.computingElse)
}

/** What guessing reaches, as the last evaluation found; null before one. */
function majorityOf({ round, result }: HospitalView): number | null {
  return result?.majorityAccuracy ?? round?.evaluations.at(-1)?.majorityAccuracy ?? null
}
