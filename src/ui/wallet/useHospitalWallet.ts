import { useMemo } from 'react'
import { useWalletClient } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { demoAccount, type Wallet, walletClientFor } from '../../chain/clients.ts'

/**
 * Who signs in this tab: the demo account of that number, or the connected wallet.
 *
 * @param number from 1; null for a wallet
 * @returns null while no wallet is connected on the site's chain
 * @throws AppError chain.wrongChain for a demo account on any chain but the dev chain
 */
export function useHospitalWallet(site: Site, number: number | null): Wallet | null {
  const demo = useMemo(
    () => (number === null ? null : walletClientFor(site, demoAccount(number, site.chainId))),
    [site, number],
  )
  const connected = useWalletClient({ chainId: site.chainId, query: { enabled: number === null } })
  return demo ?? connected.data ?? null
}
