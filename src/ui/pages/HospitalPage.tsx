import { Anchor, Badge, Group, Skeleton, Stack, Tabs, Text, Title, VisuallyHidden } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { Invitation } from '../../app/invitation.ts'
import { takeInvitation } from '../../app/join/keptInvitation.ts'
import type { HospitalSession, LoadHospital } from '../../app/session.ts'
import type { ListedStudy, Site } from '../../app/site.ts'
import type { HospitalView } from '../../app/store.ts'
import type { AppErrorData } from '../../errors/AppError.ts'
import { Address } from '../components/Address.tsx'
import { asErrorData, ErrorPanel } from '../components/ErrorPanel.tsx'
import { HospitalMark } from '../components/HospitalMark.tsx'
import { type HospitalViewName, hospitalViews, type Route } from '../route.ts'
import { texts } from '../texts.ts'
import { useCalmView } from '../useCalmView.ts'
import { useSession } from '../useSession.ts'
import { FramedOpening } from '../views/FramedOpening.tsx'
import { ConnectStep } from '../views/join/ConnectStep.tsx'
import { isJoining, JoinView } from '../views/join/JoinView.tsx'
import { DeskCover } from '../views/keeping/DeskCover.tsx'
import { useTabTitle } from '../views/live/useTabTitle.ts'
import { ownMark } from '../views/live/who.ts'
import { useHospitalWallet } from '../wallet/useHospitalWallet.ts'
import { useRetryOffers } from '../wallet/useRetryOffers.ts'

const FramedView = lazy(() => import('../views/FramedView.tsx').then(module => ({ default: module.FramedView })))
const RoundView = lazy(() => import('../views/RoundView.tsx').then(module => ({ default: module.RoundView })))
const ResultsView = lazy(() => import('../views/ResultsView.tsx').then(module => ({ default: module.ResultsView })))
const ModelView = lazy(() => import('../views/ModelView.tsx').then(module => ({ default: module.ModelView })))
const KeepingView = lazy(() => import('../views/KeepingView.tsx').then(module => ({ default: module.KeepingView })))

const views = { round: RoundView, results: ResultsView, model: ModelView, keeping: KeepingView }

interface HospitalPageProps {
  readonly site: Site
  readonly study: ListedStudy
  readonly route: Extract<Route, { page: 'hospital' }>
  readonly loadHospital: LoadHospital
}

/** One hospital in one study, from connecting a wallet to the end. One tab is one hospital. */
export function HospitalPage({ site, study, route, loadHospital }: HospitalPageProps) {
  const wallet = useHospitalWallet(site, route.hospital)
  const { invitation, problem } = useInvitation(study)
  const { session, error } = useSession(loadHospital, { site, study, wallet, route, invitation })
  if (error !== null) return <ErrorPanel error={error.toData()} />
  if (session === null && route.framed) return <FramedOpening />
  if (session === null) {
    const asked = { invitation, problem, isOpening: wallet !== null }
    return <ConnectStep site={site} study={study} {...asked} />
  }
  return (
    <DeskCover session={session}>
      {route.framed ? <Framed session={session} /> : <OpenHospital session={session} studyName={study.name} />}
    </DeskCover>
  )
}

/** The invitation in the link, which leaves the address bar at once, or the one that this tab still holds. */
function useInvitation({ address }: ListedStudy): { invitation: Invitation | null; problem: AppErrorData | null } {
  const [taken] = useState(() => {
    try {
      return { invitation: takeInvitation(window, address), problem: null }
    } catch (error) {
      return { invitation: null, problem: asErrorData(error) }
    }
  })
  return taken
}

interface OpenHospitalProps {
  readonly session: HospitalSession
  readonly studyName: string
}

/** Who I am, and one of the hospital's views. The session goes on whichever is shown. */
function OpenHospital({ session, studyName }: OpenHospitalProps) {
  const view = useCalmView(session)
  useTabTitle(view)
  useRetryOffers(session)
  const [shown, show] = useShownView()
  const Shown = views[shown]
  const joining = isJoining(view)
  return (
    <Stack gap="lg">
      <WhoAmI view={view} studyName={studyName} />
      {view.error && <ErrorPanel error={view.error} />}
      <VisuallyHidden aria-live="polite">{joining ? '' : texts.join.status.running}</VisuallyHidden>
      <Tabs value={shown} onChange={name => show((name as HospitalViewName | null) ?? 'round')}>
        <Tabs.List aria-label={texts.hospital.views.label}>
          {hospitalViews.map(name => (
            <Tabs.Tab key={name} value={name}>
              {texts.hospital.views[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={shown} pt="lg">
          <Suspense fallback={<Skeleton height={320} />}>
            {joining && shown === 'round' ? <JoinView session={session} /> : <Shown session={session} />}
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

/** A frame of the kiosk's wall: nobody acts here, many look at it from afar. */
function Framed({ session }: { readonly session: HospitalSession }) {
  const view = useCalmView(session)
  return (
    <Suspense fallback={<FramedOpening />}>
      <FramedView view={view} />
    </Suspense>
  )
}

/** The view in the address bar, so that a link and the back button lead to it; the page and its session stay. */
function useShownView(): [HospitalViewName, (view: HospitalViewName) => void] {
  const [shown, setShown] = useState(viewInAddress)
  useEffect(() => {
    const onBack = () => setShown(viewInAddress())
    window.addEventListener('popstate', onBack)
    return () => window.removeEventListener('popstate', onBack)
  }, [])
  const show = (view: HospitalViewName) => {
    const url = new URL(window.location.href)
    if (view === 'round') url.searchParams.delete('view')
    else url.searchParams.set('view', view)
    window.history.pushState(null, '', url)
    setShown(view)
  }
  return [shown, show]
}

function viewInAddress(): HospitalViewName {
  const asked = new URLSearchParams(window.location.search).get('view')
  return hospitalViews.find(view => view === asked) ?? 'round'
}

function WhoAmI({ view, studyName }: { readonly view: HospitalView; readonly studyName: string }) {
  const { hospital } = texts
  const mark = ownMark(view)
  return (
    <Stack gap={4}>
      <Anchor href="/" size="sm">
        ← {hospital.back}
      </Anchor>
      <Group gap="sm">
        {mark !== null && <HospitalMark number={mark} size={24} />}
        <Title order={1}>{view.name}</Title>
        <Badge variant="outline" tt="none" color={view.number === null ? 'var(--ward-live)' : 'var(--ward-attention)'}>
          {view.number === null ? hospital.ownWallet : hospital.demoAccount}
        </Badge>
        {view.address && <Address address={view.address} />}
      </Group>
      <Text c="dimmed">
        {hospital.inStudy(view.study?.manifest.name ?? studyName)}
        {view.patients !== null && ` · ${hospital.patients(view.patients)}`}
        {view.backend !== null && ` · ${hospital.backend(view.backend)}`}
      </Text>
    </Stack>
  )
}
