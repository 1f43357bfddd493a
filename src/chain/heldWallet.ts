import { createWalletClient, custom, type EIP1193Provider } from 'viem'
import { createStore, type StoreApi } from 'zustand/vanilla'
import { AppError } from '../errors/AppError.ts'
import type { Address } from '../study/types.ts'
import { chainOf, type Wallet } from './clients.ts'
import type { Deployment } from './deployment.ts'

/** What a wallet shows, as seen by a page that was opened with one of its accounts. */
export type Presence =
  | { readonly kind: 'ready' }
  | { readonly kind: 'otherAccount'; readonly address: Address }
  | { readonly kind: 'otherNetwork'; readonly chainId: number }
  | { readonly kind: 'disconnected' }

const presences = new WeakMap<Wallet, StoreApi<Presence>>()

/** What makes a wallet open. */
const signing = /^(eth_send|eth_sign|personal_sign|wallet_send)/

/**
 * A wallet's account that a page stays with: a wallet that changes to another account or network does not turn the page into
 * somebody else. While it shows another, nothing is asked of it; whoever sends waits for `untilReady`.
 * @param provider what answers now; asked each time, since a wallet may be disconnected and connected again
 */
export function holdAccount(
  deployment: Pick<Deployment, 'chainId' | 'rpcUrls'>,
  address: Address,
  provider: () => Pick<EIP1193Provider, 'request'>,
): Wallet {
  const presence = createStore<Presence>(() => ({ kind: 'ready' }))
  const request = async (asked: { method: string; params?: unknown }) => {
    const { kind } = presence.getState()
    // Waited for before anything is simulated; what gets here all the same changed under way.
    if (kind !== 'ready' && signing.test(asked.method)) throw new AppError('chain.accountAway')
    return provider().request(asked as never)
  }
  const wallet = createWalletClient({
    account: address,
    chain: chainOf(deployment),
    // A prompt that fails is told, never shown a second time by itself.
    transport: custom({ request }, { retryCount: 0 }),
  })
  presences.set(wallet, presence)
  return wallet
}

/** What the wallet shows; to be written by whoever watches it. Null for accounts that are always at hand. */
export function presenceOf(wallet: Wallet): StoreApi<Presence> | null {
  return presences.get(wallet) ?? null
}

/** Resolves while, or as soon as, the wallet shows the account and the network that it was held with. */
export function untilReady(wallet: Wallet): Promise<void> {
  const presence = presences.get(wallet)
  if (presence === undefined || presence.getState().kind === 'ready') return Promise.resolve()
  return new Promise(resolve => {
    const stop = presence.subscribe(({ kind }) => {
      if (kind !== 'ready') return
      stop()
      resolve()
    })
  })
}
