import type { Address } from '../study/types.ts'

/** Where the address bar points. Every link loads the page anew: one tab is one hospital. */
export type Route =
  | { readonly page: 'home' }
  | {
      readonly page: 'hospital'
      readonly study: string
      /** Demo account from 1; null: the connected wallet. */
      readonly hospital: number | null
      /** Joins and goes on without being asked. */
      readonly auto: boolean
      /** Trains on this backend alone. */
      readonly backend: string | null
    }

/** @param search location.search, e.g. ?hospital=3&study=0x…&auto=1 */
export function parseRoute(search: string): Route {
  const parameters = new URLSearchParams(search)
  const study = parameters.get('study')
  if (study === null) return { page: 'home' }
  const hospital = parameters.get('hospital')
  return {
    page: 'hospital',
    study,
    hospital: hospital === null ? null : Number(hospital),
    auto: parameters.get('auto') === '1',
    backend: parameters.get('backend'),
  }
}

/** The address of a hospital's page, from the site's root. */
export function hospitalUrl(to: { study: Address; hospital: number | null; auto?: boolean; backend?: string }): string {
  const parameters = new URLSearchParams()
  if (to.hospital !== null) parameters.set('hospital', String(to.hospital))
  parameters.set('study', to.study)
  if (to.auto) parameters.set('auto', '1')
  if (to.backend !== undefined) parameters.set('backend', to.backend)
  return `/?${parameters}`
}
