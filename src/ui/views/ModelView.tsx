import './model/model.css'
import { Button, Group, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { hasModel } from '../../app/desks/model.ts'
import { shownRound } from '../../app/phases.ts'
import type { HospitalSession } from '../../app/session.ts'
import { Panel } from '../components/Panel.tsx'
import { outcomeInSentence } from '../texts/results.ts'
import { texts } from '../texts.ts'
import { CardPanel } from './model/CardPanel.tsx'
import { cardOf, usedRound } from './model/cardOf.ts'
import { FilePanel } from './model/FilePanel.tsx'
import { ImagePanel } from './model/ImagePanel.tsx'
import { PatientPanel } from './model/PatientPanel.tsx'
import { Report } from './model/Report.tsx'
import { TakePanel } from './model/TakePanel.tsx'
import { VersionsPanel } from './model/VersionsPanel.tsx'
import { useFreshDetails } from './ResultsView.tsx'

/** Predictions, the model card, downloads, versions. */
export function ModelView({ session }: { readonly session: HospitalSession }) {
  const view = useStore(session.store)
  const model = useStore(session.model.store)
  const { model: words } = texts
  const modelRound = view.round?.snapshot?.modelRound ?? 0
  useFreshDetails(session, view, model)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newer model on the chain is what makes reading again worth it
  useEffect(() => {
    void session.model.readVersions()
  }, [session, modelRound])
  const { study } = view
  if (study === null || !hasModel(view)) {
    const isOver = view.stage === 'done' || view.stage === 'failed'
    return <Panel question={words.heading} answer={isOver ? words.ended : words.before} />
  }
  const { schema } = study.manifest
  const card = cardOf(view, model, session.model.deployment)
  return (
    <Stack gap="lg">
      <div className="ward-research-use" role="note">
        <Text>{texts.researchUse}</Text>
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {model.used === null
              ? words.inUse.newest(shownRound(usedRound(view, model), study.manifest))
              : words.inUse.older(shownRound(model.used, study.manifest))}
          </Text>
          {model.used !== null && (
            <Button variant="subtle" size="compact-sm" onClick={() => session.model.pickVersion(null)}>
              {words.inUse.back}
            </Button>
          )}
        </Group>
      </div>
      {schema.kind === 'table' ? (
        <>
          <PatientPanel session={session} schema={schema} manifest={study.manifest} shown={model.prediction} />
          <FilePanel session={session} schema={schema} study={study.manifest.name} shown={model.file} />
        </>
      ) : (
        <ImagePanel session={session} schema={schema} manifest={study.manifest} shown={model.prediction} />
      )}
      {card && <CardPanel card={card} />}
      <TakePanel session={session} />
      <VersionsPanel session={session} view={view} model={model} />
      {card && (
        <Report
          card={card}
          view={view}
          model={model}
          outcome={schema.kind === 'table' ? outcomeInSentence(schema.outcome) : ''}
        />
      )}
    </Stack>
  )
}
