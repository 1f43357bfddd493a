import { useMemo } from 'react'
import { useConnection } from 'wagmi'
import { useStore } from 'zustand'
import { type ActivityStore, activityOf, shownActivity } from '../../app/activity.ts'
import type { Site } from '../../app/site.ts'
import type { Wallet } from '../../chain/clients.ts'
import type { Address } from '../../study/types.ts'
import { BROWSER_CONNECTOR } from './config.ts'

/** Whoever signs on this page, as the header shows it. */
export interface ShownAccount {
  readonly address: Address
  readonly kind: 'demo' | 'wallet' | 'browser'
  readonly activity: ActivityStore
  /** Null where the page is open as nobody yet, and only a wallet is connected. */
  readonly wallet: Wallet | null
}

/** The account that the page was opened with, else the connected wallet's; null where there is none. */
export function useShownAccount(site: Site): ShownAccount | null {
  const { wallet } = useStore(shownActivity)
  const { address: connected, connector } = useConnection()
  const address = wallet?.account.address ?? connected
  const isDemo = wallet?.account.type === 'local'
  const kind = isDemo ? 'demo' : connector?.id === BROWSER_CONNECTOR ? 'browser' : 'wallet'
  return useMemo(
    () => (address === undefined ? null : { address, kind, activity: activityOf(site, address), wallet }),
    [site, address, kind, wallet],
  )
}
