import './sponsor/sponsor.css'
import { Skeleton, Stack, Text, Title } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { openAccess } from '../../app/access.ts'
import type { Site } from '../../app/site.ts'
import { openSponsorDesk, type SponsorDesk } from '../../app/sponsorDesk.ts'
import { DEV_CHAIN_ID, type Wallet } from '../../chain/clients.ts'
import type { Address } from '../../study/types.ts'
import type { Route } from '../route.ts'
import { sponsorTexts } from '../texts/sponsor.ts'
import { useHospitalWallet } from '../wallet/useHospitalWallet.ts'
import { DraftList } from './sponsor/DraftList.tsx'
import { ChooseSigner, SignerLine } from './sponsor/Signer.tsx'
import { StudyList } from './sponsor/StudyList.tsx'

// The list of one's studies is there first.
const DraftEditor = lazy(() => import('./sponsor/DraftEditor.tsx').then(module => ({ default: module.DraftEditor })))
const FollowPage = lazy(() => import('./sponsor/FollowPage.tsx').then(module => ({ default: module.FollowPage })))

type SponsorRoute = Extract<Route, { page: 'sponsor' }>

interface SponsorPageProps {
  readonly site: Site
  readonly route: SponsorRoute
}

/** Creating, funding, following and ending studies. */
export function SponsorPage({ site, route }: SponsorPageProps) {
  const wallet = useHospitalWallet(site, route.account)
  if (wallet === null) {
    return (
      <Stack gap="lg">
        <Title order={1}>{sponsorTexts.heading}</Title>
        {route.account === null ? (
          <ChooseSigner site={site} demoHref={sponsorUrl(route.study as Address | null, 0)} />
        ) : (
          <Skeleton height={320} />
        )}
      </Stack>
    )
  }
  return <WithDesk site={site} route={route} wallet={wallet} />
}

/** The address of the sponsor's page, from the site's root. */
export function sponsorUrl(study: Address | null, account: number | null): string {
  const parameters = new URLSearchParams()
  if (study !== null) parameters.set('study', study)
  if (account !== null) parameters.set('account', String(account))
  const query = parameters.toString()
  return query === '' ? '/sponsor' : `/sponsor?${query}`
}

function WithDesk({ site, route, wallet }: SponsorPageProps & { readonly wallet: Wallet }) {
  const [desk, setDesk] = useState<SponsorDesk | null>(null)
  useEffect(() => {
    const opened = openSponsorDesk(site, openAccess(site, wallet), site.chainId !== DEV_CHAIN_ID)
    setDesk(opened)
    // A tab that is closed has no time for a promise: what was typed goes to disk when it is hidden.
    const save = () => {
      if (document.visibilityState === 'hidden') opened.flush().catch(error => console.error(error))
    }
    document.addEventListener('visibilitychange', save)
    return () => {
      document.removeEventListener('visibilitychange', save)
      setDesk(null)
      opened.close().catch(error => console.error(error))
    }
  }, [site, wallet])
  if (desk === null) return <Skeleton height={320} />
  return (
    <Suspense fallback={<Skeleton height={320} />}>
      <Room site={site} route={route} wallet={wallet} desk={desk} />
    </Suspense>
  )
}

interface RoomProps extends SponsorPageProps {
  readonly wallet: Wallet
  readonly desk: SponsorDesk
}

/** The draft that the fragment names, so that a reload comes back to it. */
function useOpenDraft(): [string | null, (id: string | null) => void] {
  const read = () => /^#draft=([\w-]+)$/.exec(window.location.hash)?.[1] ?? null
  const [id, setId] = useState(read)
  useEffect(() => {
    const follow = () => setId(read())
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  })
  return [
    id,
    next => {
      const { pathname, search } = window.location
      if (next === null) window.history.pushState(null, '', pathname + search)
      else window.location.hash = `draft=${next}`
      setId(next)
      window.scrollTo(0, 0)
    },
  ]
}

function Room({ site, route, wallet, desk }: RoomProps) {
  const { drafts } = useStore(desk.store)
  const [open, setOpen] = useOpenDraft()
  const follow = (study: Address) => window.location.assign(sponsorUrl(study, route.account))
  const edited = drafts?.find(({ id }) => id === open)
  if (open !== null && drafts === null) return <Skeleton height={320} />
  if (edited !== undefined) {
    return (
      <DraftEditor
        key={edited.id}
        site={site}
        wallet={wallet}
        desk={desk}
        draft={edited}
        onBack={() => setOpen(null)}
        onMade={follow}
      />
    )
  }
  if (route.study !== null) {
    return (
      <FollowPage
        site={site}
        wallet={wallet}
        desk={desk}
        study={route.study as Address}
        account={route.account}
        onDraft={setOpen}
      />
    )
  }
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <Title order={1}>{sponsorTexts.heading}</Title>
        <SignerLine site={site} wallet={wallet} number={route.account} />
      </Stack>
      {open !== null && <Text role="status">{sponsorTexts.drafts.gone}</Text>}
      <StudyList site={site} wallet={wallet} linkTo={study => sponsorUrl(study, route.account)} />
      <DraftList desk={desk} onOpen={setOpen} />
    </Stack>
  )
}
