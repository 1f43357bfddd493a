import './sponsor/sponsor.css'
import { Badge, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { openAccess } from '../../app/access.ts'
import { type Invitation, parseInvitation } from '../../app/invitation.ts'
import type { Site } from '../../app/site.ts'
import { type Admission, readAdmission } from '../../chain/admission.ts'
import { DEV_CHAIN_ID, publicClientFor, type Wallet } from '../../chain/clients.ts'
import type { ChainAccess } from '../../chain/transactions.ts'
import type { AppErrorData } from '../../errors/AppError.ts'
import { type Address as AddressValue, sameAddress } from '../../study/types.ts'
import { Address } from '../components/Address.tsx'
import { asErrorData, ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'
import { useHospitalWallet } from '../wallet/useHospitalWallet.ts'
import { AdmitPanel } from './issuers/AdmitPanel.tsx'
import { CoSignPanel } from './issuers/CoSignPanel.tsx'
import { HospitalsPanel } from './issuers/HospitalsPanel.tsx'
import { MotionsPanel } from './issuers/MotionsPanel.tsx'
import { OwnInvitationsPanel } from './issuers/OwnInvitationsPanel.tsx'
import { ChooseSigner, SignerLine } from './sponsor/Signer.tsx'

const InvitePanel = lazy(() => import('./issuers/InvitePanel.tsx').then(module => ({ default: module.InvitePanel })))

interface IssuersPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'issuers' }>
}

/** Milliseconds between looks at the chain. */
const LOOK_MS = { dev: 2000, public: 8000 } as const

/** Admitting hospitals: k of n issuers, by vote or by invitation. */
export function IssuersPage({ site, route }: IssuersPageProps) {
  const words = texts.issuers
  const wallet = useHospitalWallet(site, route.account)
  // A demo account is there in a moment; nobody is asked for a wallet meanwhile.
  const isUnlocking = wallet === null && route.account !== null
  const [linked, error] = useLinkedInvitation()
  // The same for as long as the page lives: readAdmission goes on from where this client was.
  const publicClient = useMemo(() => publicClientFor(site), [site])
  const admission = useQuery({
    queryKey: ['admission', site.deploymentId],
    queryFn: () => readAdmission({ deployment: site, publicClient }),
    refetchInterval: site.chainId === DEV_CHAIN_ID ? LOOK_MS.dev : LOOK_MS.public,
  })
  const { data } = admission
  const demoHref = `/issuers?account=0${window.location.hash}`
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <Title order={1}>{words.heading}</Title>
        {wallet && <SignerLine site={site} wallet={wallet} number={route.account} />}
        {isUnlocking && <Skeleton height={72} />}
      </Stack>
      {error && <ErrorPanel error={error} />}
      {admission.error && <ErrorPanel error={asErrorData(admission.error)} />}
      {(data === undefined || isUnlocking) && admission.error === null && (
        <Skeleton height={240} aria-label={words.loading} />
      )}
      {data && wallet && <Room site={site} admission={data} wallet={wallet} linked={linked} />}
      {data && !wallet && !isUnlocking && (
        <>
          <HospitalsPanel admission={data} access={null} refresh={async () => undefined} />
          <RulePanel admission={data} self={null} />
          <ChooseSigner site={site} demoHref={demoHref} />
        </>
      )}
    </Stack>
  )
}

/** The invitation that another issuer sent, from the fragment. */
function useLinkedInvitation(): [Invitation | null, AppErrorData | null] {
  const read = (): [Invitation | null, AppErrorData | null] => {
    try {
      return [parseInvitation(window.location.hash), null]
    } catch (error) {
      return [null, asErrorData(error)]
    }
  }
  const [found, setFound] = useState(read)
  useEffect(() => {
    const follow = () => setFound(read())
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  })
  return found
}

interface RoomProps {
  readonly site: Site
  readonly admission: Admission
  readonly wallet: Wallet
  readonly linked: Invitation | null
}

function Room({ site, admission, wallet, linked }: RoomProps) {
  const queries = useQueryClient()
  // Not while drawing: opening it tells the header whose activity to show.
  const [access, setAccess] = useState<ChainAccess | null>(null)
  useEffect(() => setAccess(openAccess(site, wallet)), [site, wallet])
  const self = wallet.account.address
  const isIssuer = admission.issuers.some(issuer => sameAddress(issuer, self))
  const refresh = async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['admission', site.deploymentId] }),
      queries.invalidateQueries({ queryKey: ['purse', site.deploymentId] }),
      queries.invalidateQueries({ queryKey: ['own-invitations', site.deploymentId] }),
    ])
  }
  if (access === null) return <Skeleton height={240} />
  const shared = { admission, access, refresh }
  return (
    <>
      {!isIssuer && (
        <Text role="status">
          <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
            ▲{' '}
          </span>
          {texts.issuers.notIssuer}
        </Text>
      )}
      {linked && <CoSignPanel key={linked.key} {...shared} invitation={linked} isIssuer={isIssuer} />}
      <MotionsPanel {...shared} isIssuer={isIssuer} />
      <HospitalsPanel {...shared} access={isIssuer ? access : null} />
      {isIssuer && (
        <>
          <Suspense fallback={<Skeleton height={240} />}>
            <InvitePanel site={site} {...shared} />
          </Suspense>
          <OwnInvitationsPanel site={site} {...shared} />
          <AdmitPanel {...shared} />
        </>
      )}
      <RulePanel admission={admission} self={self} />
    </>
  )
}

function RulePanel({ admission, self }: { readonly admission: Admission; readonly self: AddressValue | null }) {
  const words = texts.issuers.rule
  const { issuers, threshold } = admission
  return (
    <Panel question={words.heading} answer={words.answer(threshold, issuers.length)}>
      <ul className="ward-rows" aria-label={words.issuers}>
        {issuers.map(issuer => (
          <li key={issuer}>
            <Group gap="sm">
              <Address address={issuer} />
              {self && sameAddress(issuer, self) && (
                <Badge variant="outline" tt="none" color="var(--ward-live)">
                  {words.you}
                </Badge>
              )}
            </Group>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
