import { DEV_CHAIN_ID, publicClientFor, type Wallet } from '../chain/clients.ts'
import { untilReady } from '../chain/heldWallet.ts'
import { indexedDbTransactionJournal } from '../chain/transactionJournal.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { activityOf, followPending, recordStep, shownActivity } from './activity.ts'
import type { Site } from './site.ts'

/** Milliseconds between looks at the chain. The dev chain mines on demand; others take seconds, and their RPCs count calls. */
export const POLL_MS = { dev: 150, public: 1000 } as const

const opened = new WeakMap<Wallet, ChainAccess>()

/**
 * What every page that writes to the chain writes with: reads by the site's RPCs, intents journalled in this browser, every
 * step told to the account's activity, nothing signed while the wallet shows another account. The same for the same wallet.
 */
export function openAccess(site: Site, wallet: Wallet): ChainAccess {
  const activity = activityOf(site, wallet.account.address)
  shownActivity.setState({ activity, wallet })
  const known = opened.get(wallet)
  if (known !== undefined) return known
  const publicClient = publicClientFor(site)
  const access: ChainAccess = {
    deployment: site,
    publicClient,
    walletClient: wallet,
    journal: indexedDbTransactionJournal(site.deploymentId),
    onStep: step => recordStep(activity, step),
    untilReady: () => untilReady(wallet),
    pollInterval: site.chainId === DEV_CHAIN_ID ? POLL_MS.dev : POLL_MS.public,
  }
  opened.set(wallet, access)
  void followPending(activity, publicClient)
  return access
}
