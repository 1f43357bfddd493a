import type { Site } from '../../app/site.ts'
import { Panel } from '../components/Panel.tsx'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'

interface SponsorPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'sponsor' }>
}

/** Creating, funding, following and ending studies. */
export function SponsorPage({ site }: SponsorPageProps) {
  return <Panel question={texts.sponsor.heading} answer={String(site.chainId)} />
}
