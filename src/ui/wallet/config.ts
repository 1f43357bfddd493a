import { type Config, createConfig, createStorage } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { chainOf, rpcTransport } from '../../chain/clients.ts'

/**
 * wagmi for the site's one chain. Wallets announce themselves (EIP-6963). What is remembered stays in this tab: all tabs
 * of an origin share localStorage, and each tab is another hospital.
 */
export function walletConfig(site: Site): Config {
  const chain = chainOf(site)
  return createConfig({
    chains: [chain],
    transports: { [chain.id]: rpcTransport(site.rpcUrls) },
    multiInjectedProviderDiscovery: true,
    storage: createStorage({ storage: window.sessionStorage }),
  })
}
