import type { Site } from '../../app/site.ts'
import { Panel } from '../components/Panel.tsx'
import type { Route } from '../route.ts'
import { texts } from '../texts.ts'

interface KioskPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'kiosk' }>
}

/** Several hospitals on one screen. */
export function KioskPage({ site }: KioskPageProps) {
  return <Panel question={texts.kiosk.heading} answer={String(site.chainId)} />
}
