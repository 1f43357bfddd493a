import './frame.css'
import '../wallet/wallet.css'
import { type ReactNode, useState } from 'react'
import { useStore } from 'zustand'
import { shownActivity } from '../../app/activity.ts'
import type { Site } from '../../app/site.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { Header } from '../components/Header.tsx'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'
import { ActivityDrawer } from '../wallet/ActivityDrawer.tsx'
import { AwayBanner } from '../wallet/AwayBanner.tsx'
import { ConfirmDialog } from '../wallet/ConfirmDialog.tsx'
import { TransactionToast } from '../wallet/TransactionToast.tsx'
import { useShownAccount } from '../wallet/useShownAccount.ts'
import { ConnectionBanner } from './ConnectionBanner.tsx'

interface FrameProps {
  readonly site: Site
  readonly route: Route
  readonly children: ReactNode
}

/** Around every page: where I am, who I am, what I signed, and what does not answer. */
export function Frame({ site, route, children }: FrameProps) {
  // A frame of the kiosk's wall has the kiosk's page around it.
  if (route.page === 'hospital' && route.framed) {
    return (
      <>
        <Content>{children}</Content>
        <ConfirmDialog site={site} />
      </>
    )
  }
  // Nor is there a way from the kiosk's page that a visitor would find; the staff's leads out.
  if (route.page === 'kiosk' && site.chainId === DEV_CHAIN_ID) {
    return (
      <>
        <p className="ward-demo">{texts.frame.demo}</p>
        <Content>{children}</Content>
      </>
    )
  }
  return (
    <FullFrame site={site} route={route}>
      {children}
    </FullFrame>
  )
}

function FullFrame({ site, route, children }: FrameProps) {
  const account = useShownAccount(site)
  const { activity, wallet } = useStore(shownActivity)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <SkipLink />
      {site.chainId === DEV_CHAIN_ID && <p className="ward-demo">{texts.frame.demo}</p>}
      <Header site={site} route={route} account={account} onOpenActivity={() => setOpen(true)} />
      <ConnectionBanner site={site} />
      {wallet && <AwayBanner key={wallet.account.address} site={site} wallet={wallet} />}
      <Content>{children}</Content>
      {activity && <TransactionToast site={site} activity={activity} onShowAll={() => setOpen(true)} />}
      <ActivityDrawer site={site} account={account} isOpen={isOpen} onClose={() => setOpen(false)} />
      <ConfirmDialog site={site} />
    </>
  )
}

/** Before the site is known: the product's name and the content. */
export function BareFrame({ route, children }: Pick<FrameProps, 'route' | 'children'>) {
  if (route.page === 'kiosk' || (route.page === 'hospital' && route.framed)) return <Content>{children}</Content>
  return (
    <>
      <SkipLink />
      <Header site={null} route={null} account={null} onOpenActivity={null} />
      <Content>{children}</Content>
    </>
  )
}

function SkipLink() {
  return (
    <a className="ward-skip" href="#content">
      {texts.frame.skip}
    </a>
  )
}

function Content({ children }: { readonly children: ReactNode }) {
  return (
    <main className="ward-page" id="content" tabIndex={-1}>
      {children}
    </main>
  )
}
