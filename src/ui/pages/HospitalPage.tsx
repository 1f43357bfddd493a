import { Anchor, Badge, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../app/session.ts'
import type { HospitalView } from '../../app/store.ts'
import { Address } from '../components/Address.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { HospitalMark } from '../components/HospitalMark.tsx'
import { type HospitalViewName, hospitalViews } from '../route.ts'
import { texts } from '../texts.ts'

const RoundView = lazy(() => import('../views/RoundView.tsx').then(module => ({ default: module.RoundView })))
const ResultsView = lazy(() => import('../views/ResultsView.tsx').then(module => ({ default: module.ResultsView })))
const ModelView = lazy(() => import('../views/ModelView.tsx').then(module => ({ default: module.ModelView })))
const KeepingView = lazy(() => import('../views/KeepingView.tsx').then(module => ({ default: module.KeepingView })))

const views = { round: RoundView, results: ResultsView, model: ModelView, keeping: KeepingView }

interface HospitalPageProps {
  readonly session: HospitalSession
  readonly studyName: string
}

/** One hospital in one study: who I am, and one of its views. The session goes on whichever is shown. */
export function HospitalPage({ session, studyName }: HospitalPageProps) {
  const view = useStore(session.store)
  const [shown, setShown] = useState<HospitalViewName>('round')
  const Shown = views[shown]
  return (
    <Stack gap="lg">
      <WhoAmI view={view} studyName={studyName} />
      {view.error && <ErrorPanel error={view.error} />}
      <Tabs value={shown} onChange={name => setShown((name as HospitalViewName | null) ?? 'round')}>
        <Tabs.List aria-label={texts.hospital.views.label}>
          {hospitalViews.map(name => (
            <Tabs.Tab key={name} value={name}>
              {texts.hospital.views[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={shown} pt="lg">
          <Suspense fallback={<Skeleton height={320} />}>
            <Shown session={session} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

function WhoAmI({ view, studyName }: { readonly view: HospitalView; readonly studyName: string }) {
  const { hospital } = texts
  return (
    <Stack gap={4}>
      <Anchor href="/" size="sm">
        ← {hospital.back}
      </Anchor>
      <Group gap="sm">
        <HospitalMark number={view.number ?? 1} size={24} />
        <Title order={1}>{view.name}</Title>
        <Badge variant="outline" tt="none" color={view.number === null ? 'var(--ward-live)' : 'var(--ward-attention)'}>
          {view.number === null ? hospital.ownWallet : hospital.demoAccount}
        </Badge>
        {view.address && <Address address={view.address} />}
      </Group>
      <Text c="dimmed">
        {hospital.inStudy(studyName)}
        {view.patients !== null && ` · ${hospital.patients(view.patients)}`}
        {view.backend !== null && ` · ${hospital.backend(view.backend)}`}
      </Text>
    </Stack>
  )
}
