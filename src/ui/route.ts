import type { Address } from '../study/types.ts'

/** Where the address bar points. Links load the page anew but for the views of one hospital: one tab is one hospital. */
export type Route =
  | { readonly page: 'home' }
  | ({ readonly page: 'hospital' } & HospitalRoute)
  | {
      readonly page: 'sponsor'
      /** The study to follow; null: all of mine. */
      readonly study: string | null
      /** Demo account from 0; null: the connected wallet. */
      readonly account: number | null
    }
  | { readonly page: 'issuers'; readonly account: number | null }
  | { readonly page: 'kiosk' }
  | {
      /** A study's audits, for everybody. */
      readonly page: 'audits'
      /** null: the address names none. */
      readonly study: string | null
    }
  | { readonly page: 'unknown'; readonly path: string }

export interface HospitalRoute {
  readonly study: string
  /** Demo account from 1; null: the wallet. */
  readonly hospital: number | null
  /** Joins and goes on without being asked. */
  readonly auto: boolean
  /** Trains on this backend alone. */
  readonly backend: string | null
  /** Shown in a frame of the kiosk's wall: no header, large figures. */
  readonly framed: boolean
}

/** What one hospital's page can show; the session goes on whichever is in view. */
export const hospitalViews = ['round', 'results', 'model', 'keeping'] as const
export type HospitalViewName = (typeof hospitalViews)[number]

/**
 * @param pathname location.pathname, e.g. /kiosk
 * @param search location.search, e.g. ?hospital=3&study=0x…&auto=1
 */
export function parseRoute(pathname: string, search: string): Route {
  const parameters = new URLSearchParams(search)
  const study = parameters.get('study')
  const number = (name: string) => {
    const text = parameters.get(name)
    return text === null ? null : Number(text)
  }
  switch (pathname.replace(/\/(index\.html)?$/, '')) {
    case '':
      if (study === null) return { page: 'home' }
      return {
        page: 'hospital',
        study,
        hospital: number('hospital'),
        auto: parameters.get('auto') === '1',
        backend: parameters.get('backend'),
        framed: parameters.get('framed') === '1',
      }
    case '/sponsor':
      return { page: 'sponsor', study, account: number('account') }
    case '/issuers':
      return { page: 'issuers', account: number('account') }
    case '/kiosk':
      return { page: 'kiosk' }
    case '/audits':
      return { page: 'audits', study }
    default:
      return { page: 'unknown', path: pathname }
  }
}

/** The address of the page on which anybody can check a study's audits, from the site's root. */
export function auditsUrl(study: Address): string {
  return `/audits?study=${study}`
}

/** The address of a hospital's page, from the site's root. */
export function hospitalUrl(to: {
  study: Address
  hospital: number | null
  auto?: boolean
  backend?: string
  framed?: boolean
}): string {
  const parameters = new URLSearchParams()
  if (to.hospital !== null) parameters.set('hospital', String(to.hospital))
  parameters.set('study', to.study)
  if (to.auto) parameters.set('auto', '1')
  if (to.backend !== undefined) parameters.set('backend', to.backend)
  if (to.framed) parameters.set('framed', '1')
  return `/?${parameters}`
}
