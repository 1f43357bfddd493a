import type { Site } from '../../app/site.ts'
import { Panel } from '../components/Panel.tsx'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'

interface IssuersPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'issuers' }>
}

/** Admitting hospitals: k of n issuers. */
export function IssuersPage({ site }: IssuersPageProps) {
  return <Panel question={texts.issuers.heading} answer={String(site.chainId)} />
}
