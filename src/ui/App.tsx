import { Anchor, MantineProvider, Skeleton, Stack, Text } from '@mantine/core'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import { WagmiProvider } from 'wagmi'
import type { LoadHospital } from '../app/session.ts'
import { findStudy, type ListedStudy, loadSite, type Site } from '../app/site.ts'
import { publicClientFor } from '../chain/clients.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import { asErrorData, ErrorPanel } from './components/ErrorPanel.tsx'
import { Panel } from './components/Panel.tsx'
import { Boundary } from './frame/Boundary.tsx'
import { BareFrame, Frame } from './frame/Frame.tsx'
import { parseRoute, type Route } from './route.ts'
import { texts } from './texts.ts'
import { colourVariables, theme } from './theme.ts'
import { walletConfig } from './wallet/config.ts'

const HomePage = lazy(() => import('./pages/HomePage.tsx').then(module => ({ default: module.HomePage })))
const HospitalPage = lazy(() => import('./pages/HospitalPage.tsx').then(module => ({ default: module.HospitalPage })))
const SponsorPage = lazy(() => import('./pages/SponsorPage.tsx').then(module => ({ default: module.SponsorPage })))
const IssuersPage = lazy(() => import('./pages/IssuersPage.tsx').then(module => ({ default: module.IssuersPage })))
const AuditsPage = lazy(() => import('./pages/AuditsPage.tsx').then(module => ({ default: module.AuditsPage })))
const KioskPage = lazy(() => import('./pages/KioskPage.tsx').then(module => ({ default: module.KioskPage })))

interface AppProps {
  readonly loadHospital: LoadHospital
}

/** The whole page. */
export function App({ loadHospital }: AppProps) {
  const queryClient = useMemo(() => new QueryClient({ defaultOptions: { queries: { retry: 2 } } }), [])
  return (
    <MantineProvider theme={theme} cssVariablesResolver={colourVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <Boundary>
          <WithSite loadHospital={loadHospital} />
        </Boundary>
      </QueryClientProvider>
    </MantineProvider>
  )
}

function WithSite({ loadHospital }: AppProps) {
  const site = useQuery({ queryKey: ['site'], queryFn: ({ signal }) => loadSite(signal), staleTime: Infinity })
  const route = useMemo(() => parseRoute(window.location.pathname, window.location.search), [])
  useTitle(route)
  if (site.error) {
    return (
      <BareFrame route={route}>
        <ErrorPanel error={asErrorData(site.error)} />
      </BareFrame>
    )
  }
  if (!site.data) {
    return (
      <BareFrame route={route}>
        <Loading />
      </BareFrame>
    )
  }
  return <Connected site={site.data} route={route} loadHospital={loadHospital} />
}

interface ConnectedProps extends AppProps {
  readonly site: Site
  readonly route: Route
}

function Connected({ site, route, loadHospital }: ConnectedProps) {
  const wallets = useMemo(() => walletConfig(site), [site])
  return (
    <WagmiProvider config={wallets}>
      <Frame site={site} route={route}>
        <Boundary>
          <Suspense fallback={<Loading />}>
            <Page site={site} route={route} loadHospital={loadHospital} />
          </Suspense>
        </Boundary>
      </Frame>
    </WagmiProvider>
  )
}

function Page({ site, route, loadHospital }: ConnectedProps) {
  switch (route.page) {
    case 'home':
      return <HomePage site={site} />
    case 'hospital':
      return <Hospital site={site} route={route} loadHospital={loadHospital} />
    case 'sponsor':
      return <SponsorPage site={site} route={route} />
    case 'issuers':
      return <IssuersPage site={site} route={route} />
    case 'kiosk':
      return <KioskPage site={site} route={route} />
    case 'audits':
      return <AuditsPage site={site} route={route} />
    case 'unknown':
      return (
        <Panel question={texts.notFound.heading} answer={texts.notFound.answer(route.path)}>
          <Anchor href="/">{texts.notFound.home}</Anchor>
        </Panel>
      )
  }
}

interface HospitalProps extends AppProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'hospital' }>
}

function Hospital({ site, route, loadHospital }: HospitalProps) {
  // Most studies are in the site's file; one that was created in the app is asked of the chain.
  const found = useQuery({
    queryKey: ['study', route.study],
    queryFn: async () => {
      const study = await findStudy(site, route.study, { deployment: site, publicClient: publicClientFor(site) })
      checkHospital(study, route)
      return study
    },
    retry: (failures, error) => isAppError(error, 'chain.unreachable') && failures < 2,
    staleTime: Infinity,
  })
  if (found.error) {
    return (
      <Stack gap="md">
        <Anchor href="/">← {texts.hospital.back}</Anchor>
        <ErrorPanel error={asErrorData(found.error)} />
      </Stack>
    )
  }
  if (!found.data) return <Loading />
  return <HospitalPage site={site} study={found.data} route={route} loadHospital={loadHospital} />
}

/** @throws AppError app.noSuchHospital where the address bar asks for a demo account that is not there */
function checkHospital(study: ListedStudy, { hospital }: HospitalProps['route']): void {
  const count = study.hospitals.length
  const exists = hospital === null || (Number.isInteger(hospital) && hospital >= 1 && hospital <= count)
  if (!exists) throw new AppError('app.noSuchHospital', { hospital: String(hospital), count })
}

/** The shape of what comes. */
function Loading() {
  return (
    <Stack gap="lg" aria-busy="true">
      <Text c="dimmed" role="status">
        {texts.loading}
      </Text>
      <Skeleton height={40} maw={560} />
      <Skeleton height={240} />
    </Stack>
  )
}

/** The tab's title by page; a hospital's page writes its own once it is open. */
function useTitle(route: Route): void {
  useEffect(() => {
    const { frame } = texts
    const page = route.page === 'hospital' ? 'home' : route.page
    document.title = frame.title(page === 'unknown' ? frame.unknown : frame.pages[page])
  }, [route])
}
