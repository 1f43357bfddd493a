import { type Config, createConfig, createStorage, injected } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { keptAccount } from '../../chain/browserAccountDatabase.ts'
import { allowsBrowserAccount } from '../../chain/browserAccountRules.ts'
import { browserProvider } from '../../chain/browserProvider.ts'
import { chainOf, rpcTransport } from '../../chain/clients.ts'
import { texts } from '../texts.ts'
import { askBeforeSigning } from './signingPrompt.ts'

/** The connector of this browser's own account. */
export const BROWSER_CONNECTOR = 'org.wardround.browser'

/**
 * wagmi for the site's one chain. Wallets announce themselves (EIP-6963); beside them stands the account of this browser.
 * What is remembered stays in this tab: all tabs of an origin share localStorage, and each tab is another hospital.
 */
export function walletConfig(site: Site): Config {
  const chain = chainOf(site)
  return createConfig({
    chains: [chain],
    connectors: allowsBrowserAccount(site) ? [browserConnector(site)] : [],
    transports: { [chain.id]: rpcTransport(site.rpcUrls) },
    multiInjectedProviderDiscovery: true,
    storage: createStorage({ storage: window.sessionStorage }),
  })
}

function browserConnector(site: Site) {
  const unlock = async () => {
    // wagmi asks every wallet for its accounts as the page opens.
    if ((await keptAccount(site)) === null) return undefined
    const { loadBrowserAccount } = await import('../../chain/browserAccount.ts')
    return (await loadBrowserAccount(site))?.account
  }
  const provider = browserProvider(site, unlock, request => askBeforeSigning(site, request))
  // wagmi asks of wallets more events than EIP-1193 names; this one has nothing to tell by them.
  return injected({ target: { id: BROWSER_CONNECTOR, name: texts.wallet.browser.name, provider: provider as never } })
}
