import { useEffect, useRef, useState } from 'react'
import type { EIP1193Provider } from 'viem'
import { useConnection } from 'wagmi'
import { openAccess } from '../../app/access.ts'
import type { Site } from '../../app/site.ts'
import { type Wallet, walletClientFor } from '../../chain/clients.ts'
import { holdAccount, type Presence, presenceOf } from '../../chain/heldWallet.ts'
import { type Address, sameAddress } from '../../study/types.ts'

/**
 * Who signs in this tab: the demo account of that number, or the account that the connected wallet shows first. That one
 * stays: a wallet that changes its account or network later does not turn this page into somebody else; see AwayBanner.
 *
 * @param number from 1 for hospitals, 0 is the deployer; null for a wallet
 * @returns null while no wallet is connected on the site's chain
 * @throws AppError chain.wrongChain for a demo account on any chain but the dev chain
 */
export function useHospitalWallet(site: Site, number: number | null): Wallet | null {
  const demo = useDemoWallet(site, number)
  const held = useHeldWallet(site, number === null)
  const wallet = demo ?? held
  useEffect(() => {
    // The header shows what this account does.
    if (wallet !== null) openAccess(site, wallet)
  }, [site, wallet])
  return wallet
}

/** @throws AppError chain.wrongChain while rendering, where the error boundary shows it */
function useDemoWallet(site: Site, number: number | null): Wallet | null {
  const [wallet, setWallet] = useState<Wallet | null>(null)
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    if (number === null) return
    let isCurrent = true
    const open = async () => {
      const { demoAccount } = await import('../../chain/demoAccounts.ts')
      if (isCurrent) setWallet(walletClientFor(site, demoAccount(number, site.chainId)))
    }
    open().catch(setError)
    return () => {
      isCurrent = false
    }
  }, [site, number])
  if (error !== null) throw error
  return wallet
}

function useHeldWallet(site: Site, isWanted: boolean): Wallet | null {
  const { address, chainId, connector, status } = useConnection()
  const provider = useRef<EIP1193Provider | null>(null)
  const [held, setHeld] = useState<Wallet | null>(null)

  useEffect(() => {
    if (!isWanted || connector === undefined || status !== 'connected') return
    let isCurrent = true
    const take = async () => {
      const found = (await connector.getProvider()) as EIP1193Provider | undefined
      if (!isCurrent || found === undefined) return
      provider.current = found
      if (held !== null || chainId !== site.chainId) return
      setHeld(holdAccount(site, address, () => provider.current ?? found))
    }
    take().catch(error => console.error(error))
    return () => {
      isCurrent = false
    }
  }, [isWanted, connector, status, address, chainId, held, site])

  useEffect(() => {
    if (held === null) return
    const shown = presence(held.account.address, { status, address, chainId }, site.chainId)
    presenceOf(held)?.setState(shown, true)
  }, [held, status, address, chainId, site])

  return held
}

interface Shown {
  readonly status: string
  readonly address: Address | undefined
  readonly chainId: number | undefined
}

function presence(self: Address, { status, address, chainId }: Shown, wanted: number): Presence {
  if (status !== 'connected' || address === undefined || chainId === undefined) return { kind: 'disconnected' }
  if (!sameAddress(address, self)) return { kind: 'otherAccount', address }
  if (chainId !== wanted) return { kind: 'otherNetwork', chainId }
  return { kind: 'ready' }
}
