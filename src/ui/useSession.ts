import { useEffect, useState } from 'react'
import { publishAutomation } from '../app/automation.ts'
import type { HospitalSession, OpenHospital } from '../app/session.ts'
import type { ListedStudy, Site } from '../app/site.ts'
import type { Wallet } from '../chain/clients.ts'
import { shortAddress } from './format.ts'
import type { Route } from './route.ts'

interface SessionInputs {
  readonly site: Site
  readonly study: ListedStudy
  readonly wallet: Wallet | null
  readonly route: Extract<Route, { page: 'hospital' }>
}

/**
 * Opens the hospital once its wallet is known, shows it to drivers, and closes it with the page. A wallet that changes
 * its account is another hospital.
 *
 * @returns null while there is no wallet
 */
export function useSession(open: OpenHospital, { site, study, wallet, route }: SessionInputs): HospitalSession | null {
  const [session, setSession] = useState<HospitalSession | null>(null)
  useEffect(() => {
    if (wallet === null) return
    const { hospital: number, auto, backend } = route
    const name = (number === null ? undefined : study.hospitals[number - 1]) ?? shortAddress(wallet.account.address)
    const opened = open({ site, study, wallet, name, number, auto, backend })
    publishAutomation(opened.store)
    setSession(opened)
    return () => {
      setSession(null)
      opened.close().catch(error => console.error(error))
    }
  }, [open, site, study, wallet, route])
  return session
}
