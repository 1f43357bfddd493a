import { Badge, Button, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import type { Site } from '../../app/site.ts'
import { chainOf } from '../../chain/clients.ts'
import { shortAddress } from '../format.ts'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'
import { usePending } from '../wallet/ActivityDrawer.tsx'
import type { ShownAccount } from '../wallet/useShownAccount.ts'

interface HeaderProps {
  /** Null before it is known. */
  readonly site: Site | null
  readonly route: Route | null
  readonly account: ShownAccount | null
  readonly onOpenActivity: (() => void) | null
}

const pages = [
  ['home', '/'],
  ['sponsor', '/sponsor'],
  ['issuers', '/issuers'],
  ['kiosk', '/kiosk'],
] as const

/** The product's name, the pages, the network, who signs here and what was signed, and light or dark. */
export function Header({ site, route, account, onOpenActivity }: HeaderProps) {
  const { frame } = texts
  // A hospital's page is one of the studies.
  const current = route?.page === 'hospital' ? 'home' : route?.page
  return (
    <header className="ward-header">
      <div className="ward-top">
        <a className="ward-product" href="/">
          {texts.product}
        </a>
        <nav aria-label={frame.nav}>
          <ul className="ward-nav">
            {pages.map(([page, path]) => (
              <li key={page}>
                <a href={path} {...(page === current && { 'aria-current': 'page' })}>
                  {frame.pages[page]}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="ward-tools">
          {site && (
            <span className="ward-network" title={frame.network(chainOf(site).name)}>
              {chainOf(site).name}
            </span>
          )}
          {onOpenActivity && <ActivityButton account={account} onOpen={onOpenActivity} />}
          <ColourScheme />
        </div>
      </div>
    </header>
  )
}

interface ActivityButtonProps {
  readonly account: ShownAccount | null
  readonly onOpen: () => void
}

function ActivityButton({ account, onOpen }: ActivityButtonProps) {
  const words = texts.wallet.activity
  if (account === null) {
    return (
      <Button variant="default" size="compact-sm" onClick={onOpen} aria-label={words.label(0)}>
        {words.open}
      </Button>
    )
  }
  return <AccountButton account={account} onOpen={onOpen} />
}

function AccountButton({ account, onOpen }: { readonly account: ShownAccount; readonly onOpen: () => void }) {
  const words = texts.wallet.activity
  const pending = usePending(account.activity)
  const who = shortAddress(account.address)
  return (
    <Button
      variant="default"
      size="compact-sm"
      onClick={onOpen}
      aria-label={`${who}: ${words.label(pending)}`}
      data-testid="account"
      rightSection={
        pending > 0 && (
          <Badge size="sm" circle data-testid="pending">
            {pending}
          </Badge>
        )
      }
    >
      {who}
    </Button>
  )
}

/** Changes between light and dark. */
export function ColourScheme() {
  const { setColorScheme } = useMantineColorScheme()
  const shown = useComputedColorScheme('light')
  const { toDark, toLight, label } = texts.colourScheme
  return (
    <Button
      variant="subtle"
      color="gray"
      c="dimmed"
      size="compact-sm"
      aria-label={`${shown === 'light' ? toDark : toLight}: ${label}`}
      onClick={() => setColorScheme(shown === 'light' ? 'dark' : 'light')}
    >
      {shown === 'light' ? toDark : toLight}
    </Button>
  )
}
