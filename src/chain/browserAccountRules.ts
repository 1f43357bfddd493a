import type { Deployment } from './deployment.ts'

/** Networks where accounts hold money: no key is made or used in a page there. Chain ids of viem's list. */
const MAIN_NETWORKS: ReadonlySet<number> = new Set([1, 10, 56, 100, 137, 8453, 42161, 43114, 59144])

/** Whether a page may hold a key for this chain. */
export function allowsBrowserAccount({ chainId }: Pick<Deployment, 'chainId'>): boolean {
  return !MAIN_NETWORKS.has(chainId)
}

/** Shortest password of a backup, in characters. */
export const SHORTEST_PASSWORD = 10
