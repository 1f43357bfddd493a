import { useEffect, useState } from 'react'
import { publishAutomation } from '../app/automation.ts'
import type { Invitation } from '../app/invitation.ts'
import type { HospitalSession, LoadHospital } from '../app/session.ts'
import type { ListedStudy, Site } from '../app/site.ts'
import type { Wallet } from '../chain/clients.ts'
import { AppError } from '../errors/AppError.ts'
import { shortAddress } from './format.ts'
import type { Route } from './route.ts'

interface SessionInputs {
  readonly site: Site
  readonly study: ListedStudy
  readonly wallet: Wallet | null
  readonly route: Extract<Route, { page: 'hospital' }>
  readonly invitation: Invitation | null
}

interface Opening {
  /** Null while there is no wallet, and while the code for it is on its way. */
  readonly session: HospitalSession | null
  /** Why it could not be opened at all. */
  readonly error: AppError | null
}

/**
 * Opens the hospital once its wallet is known, shows it to drivers, and closes it with the page. A wallet that changes
 * its account is another hospital.
 */
export function useSession(load: LoadHospital, { site, study, wallet, route, invitation }: SessionInputs): Opening {
  const [session, setSession] = useState<HospitalSession | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  useEffect(() => {
    if (wallet === null) return
    const { hospital: number, auto, backend } = route
    const name = (number === null ? undefined : study.hospitals[number - 1]) ?? shortAddress(wallet.account.address)
    let opened: HospitalSession | null = null
    let isGone = false
    load().then(
      open => {
        if (isGone) return
        opened = open({ site, study, wallet, name, number, auto, backend, invitation })
        publishAutomation(opened.store)
        setSession(opened)
      },
      cause => setError(new AppError('app.notLoaded', {}, cause)),
    )
    return () => {
      isGone = true
      setSession(null)
      opened?.close().catch(failure => console.error(failure))
    }
  }, [load, site, study, wallet, route, invitation])
  return { session, error }
}
