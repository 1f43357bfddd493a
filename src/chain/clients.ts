import {
  type Account,
  type Chain,
  type Client,
  createClient,
  createWalletClient,
  defineChain,
  fallback,
  http,
  type PublicActions,
  type Transport,
  type WalletClient,
} from 'viem'
import {
  call,
  estimateGas,
  getBalance,
  getBlock,
  getBlockNumber,
  getChainId,
  getCode,
  getContractEvents,
  getGasPrice,
  getLogs,
  getTransaction,
  getTransactionCount,
  getTransactionReceipt,
  multicall,
  readContract,
  waitForTransactionReceipt,
} from 'viem/actions'
import { baseSepolia, foundry, sepolia } from 'viem/chains'
import type { Deployment } from './deployment.ts'

/** A client that can sign: a wallet's, or a local account's. */
export type Wallet = WalletClient<Transport, Chain, Account>

/**
 * What is read from a chain here. viem's own public client carries every action that there is, a quarter of what the page
 * loads first; another one is added to this list.
 */
const readActions = {
  ...{ call, estimateGas, getBalance, getBlock, getBlockNumber, getChainId, getCode, getContractEvents, getGasPrice },
  ...{ getLogs, getTransaction, getTransactionCount, getTransactionReceipt, multicall, readContract },
  waitForTransactionReceipt,
} as const

/** A client for reading a chain. */
export type ChainClient = Client<Transport, Chain | undefined, undefined> &
  Pick<PublicActions<Transport, Chain | undefined>, keyof typeof readActions>

function createReader(chain: Chain, transport: Transport): ChainClient {
  const client = createClient({ chain, transport })
  const bound = Object.entries(readActions).map(([name, action]) => {
    const act = action as (client: Client, parameters: never) => unknown
    return [name, (parameters: never) => act(client, parameters)]
  })
  // The client's own methods look their actions up on it.
  return Object.assign(client, Object.fromEntries(bound)) as unknown as ChainClient
}

/** The dev chain's number, Anvil's default. Its keys are public: nothing there is worth anything. */
export const DEV_CHAIN_ID: number = foundry.id

/** The chain of a deployment as viem and wallets describe it; names and explorers of the known ones included. */
export function chainOf(deployment: Pick<Deployment, 'chainId' | 'rpcUrls'>): Chain {
  const { chainId, rpcUrls } = deployment
  const known = [sepolia, baseSepolia].find(chain => chain.id === chainId)
  return defineChain({
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    ...known,
    id: chainId,
    name: known?.name ?? (chainId === DEV_CHAIN_ID ? 'Wardround dev chain' : `Chain ${chainId}`),
    rpcUrls: { default: { http: rpcUrls } },
    testnet: true,
  })
}

/**
 * Answers from the first of several RPCs that works. Each request is tried on every URL, and then again up to six times
 * with growing pauses (0.2 s to 6.4 s, 13 s in all) on 429, 5xx and silence.
 */
export function rpcTransport(rpcUrls: readonly string[]): Transport {
  return fallback(
    rpcUrls.map(url => http(url, { timeout: 10_000, fetchFn: countingFetch })),
    { retryCount: 6, retryDelay: 200 },
  )
}

/** What this page or process exchanged with RPCs since it began, in bytes of requests' and answers' bodies. */
export interface RpcTraffic {
  readonly requests: number
  readonly sent: number
  readonly received: number
}

const rpc = { requests: 0, sent: 0, received: 0 }

/** Calls to the chain by every client made here: reads, and transactions signed by local accounts. A wallet uses its own RPC. */
export function rpcTraffic(): RpcTraffic {
  return { ...rpc }
}

/** fetch, counted. The body is read here: behind CORS the answer's length is in no header that a page may see. */
async function countingFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  rpc.requests++
  // JSON-RPC is ASCII: characters are bytes.
  if (typeof init?.body === 'string') rpc.sent += init.body.length
  const response = await fetch(input, init)
  const body = await response.arrayBuffer()
  rpc.received += body.byteLength
  const { status, statusText, headers } = response
  // These have no body, and a Response refuses to be made with one.
  return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers })
}

/** A client for reading the chain of a deployment. */
export function publicClientFor(deployment: Pick<Deployment, 'chainId' | 'rpcUrls'>): ChainClient {
  return createReader(chainOf(deployment), rpcTransport(deployment.rpcUrls))
}

/** A client that gives up at once: for asking whether the chain answers at all. */
export function quickClientFor(deployment: Pick<Deployment, 'chainId' | 'rpcUrls'>): ChainClient {
  const urls = deployment.rpcUrls.map(url => http(url, { timeout: 5_000, retryCount: 0 }))
  return createReader(chainOf(deployment), fallback(urls, { retryCount: 0 }))
}

/** A client that signs with a local account: demo accounts, simulations, scripts. */
export function walletClientFor(deployment: Pick<Deployment, 'chainId' | 'rpcUrls'>, account: Account): Wallet {
  return createWalletClient({ account, chain: chainOf(deployment), transport: rpcTransport(deployment.rpcUrls) })
}
