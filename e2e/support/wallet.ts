import type { BrowserContext, Page } from '@playwright/test'
import { createPublicClient, createWalletClient, defineChain, type Hex, http, type TransactionRequest } from 'viem'
import { anvilAccount } from '../../src/chain/demoAccounts.ts'

export interface WalletOptions {
  /** Which of the mnemonic's accounts; 0 is the deployer. */
  readonly account: number
  /** Where signed transactions go, and reads are answered. */
  readonly rpcUrl: string
  readonly chainId: number
  /** As the wallet announces itself; default "Test wallet". */
  readonly name?: string
  /** Whether eth_accounts answers before eth_requestAccounts was granted. Default false, like a new wallet. */
  readonly connected?: boolean
}

export interface WalletRequest {
  readonly method: string
  readonly params: unknown
  /** EIP-1193 code of the error that the page got; absent where it was answered. */
  error?: number
  /** What the page was told with it. */
  message?: string
}

/** A wallet as the test holds it: programmable, and with a record of everything that the page asked for. */
export interface TestWallet {
  readonly address: Hex
  readonly requests: readonly WalletRequest[]
  /** How often a method was asked for, refused ones included. */
  count(method: string): number
  /** The next request of this method is declined as by the person: error 4001. */
  rejectNext(method: string): void
  /** Puts the wallet on another chain, as the person would, and tells the page. */
  useChain(chainId: number): Promise<void>
  /** Chooses another of the mnemonic's accounts, and tells the page. */
  useAccount(account: number): Promise<void>
}

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: RpcFailure }

interface RpcFailure {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** What a request fails with: EIP-1193's codes, or what the RPC said. */
class ProviderError extends Error {
  readonly failure: RpcFailure

  constructor(failure: RpcFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/**
 * Gives a page (or all pages of a context) a wallet: an EIP-1193 provider, announced by EIP-6963, whose keys stay in Node.
 * To be called before the page is opened; survives reloads.
 *
 * @example
 * const wallet = await injectWallet(context, { account: 1, rpcUrl, chainId })
 * wallet.rejectNext('eth_sendTransaction')
 */
export async function injectWallet(target: BrowserContext | Page, options: WalletOptions): Promise<TestWallet> {
  const { rpcUrl, name = 'Test wallet' } = options
  const requests: WalletRequest[] = []
  const rejections: string[] = []
  let account = anvilAccount(options.account)
  let chainId = options.chainId
  let isGranted = options.connected ?? false
  // Two sends at once would take the same nonce.
  let lastSend: Promise<unknown> = Promise.resolve()

  const read = createPublicClient({ transport: http(rpcUrl) })

  async function send(transaction: TransactionRequest): Promise<Hex> {
    const client = createWalletClient({ account, chain: chainOf(chainId, rpcUrl), transport: http(rpcUrl) })
    const { gas, to, data, value, nonce } = transaction
    return client.sendTransaction({
      ...(to && { to }),
      ...(data && { data }),
      ...(gas !== undefined && { gas: BigInt(gas) }),
      ...(value !== undefined && { value: BigInt(value) }),
      ...(nonce !== undefined && { nonce: Number(nonce) }),
    })
  }

  function assertOwn(address: unknown): void {
    const isOwn = isGranted && String(address).toLowerCase() === account.address.toLowerCase()
    if (!isOwn) throw new ProviderError({ code: 4100, message: `The wallet does not hold ${String(address)}.` })
  }

  async function answer(method: string, params: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'eth_requestAccounts':
        isGranted = true
        return [account.address]
      case 'eth_accounts':
        return isGranted ? [account.address] : []
      case 'eth_chainId':
        return `0x${chainId.toString(16)}`
      case 'net_version':
        return String(chainId)
      case 'wallet_requestPermissions':
        isGranted = true
        return [{ parentCapability: 'eth_accounts', caveats: [] }]
      case 'wallet_getPermissions':
        return isGranted ? [{ parentCapability: 'eth_accounts', caveats: [] }] : []
      case 'wallet_revokePermissions':
        isGranted = false
        return null
      case 'wallet_switchEthereumChain': {
        const wanted = Number((params[0] as { chainId: string }).chainId)
        if (wanted !== options.chainId) throw new ProviderError({ code: 4902, message: 'Unrecognized chain.' })
        await setChain(wanted)
        return null
      }
      case 'eth_sendTransaction': {
        const transaction = params[0] as TransactionRequest
        assertOwn(transaction.from)
        const sent = lastSend.then(() => send(transaction))
        lastSend = sent.catch(() => undefined)
        return sent
      }
      case 'eth_signTypedData_v4': {
        assertOwn(params[0])
        const typed = params[1]
        return account.signTypedData(typeof typed === 'string' ? JSON.parse(typed) : typed)
      }
      case 'personal_sign':
        assertOwn(params[1])
        return account.signMessage({ message: { raw: params[0] as Hex } })
      default:
        if (method.startsWith('wallet_') || method.startsWith('eth_sign')) {
          throw new ProviderError({ code: 4200, message: `This wallet does not do ${method}.` })
        }
        return read.request({ method, params } as never)
    }
  }

  async function handle(method: string, params: readonly unknown[]): Promise<Answer> {
    const request: WalletRequest = { method, params }
    requests.push(request)
    try {
      const rejection = rejections.indexOf(method)
      if (rejection >= 0) {
        rejections.splice(rejection, 1)
        throw new ProviderError({ code: 4001, message: 'User rejected the request.' })
      }
      return { ok: true, value: (await answer(method, params)) ?? null }
    } catch (error) {
      const failure = failureOf(error)
      request.error = failure.code
      request.message = failure.message
      return { ok: false, error: failure }
    }
  }

  const pages = () => ('pages' in target ? target.pages() : [target])
  const tell = async (event: string, value: unknown) => {
    for (const page of pages()) {
      await page.evaluate(([type, detail]) => window.wardroundTestWalletEvent?.(type as string, detail), [event, value])
    }
  }
  async function setChain(next: number): Promise<void> {
    if (next === chainId) return
    chainId = next
    await tell('chainChanged', `0x${chainId.toString(16)}`)
  }

  await target.exposeBinding('wardroundTestWallet', (_source, method: string, params: unknown[]) =>
    handle(method, params ?? []),
  )
  await target.addInitScript(installProvider, { name, uuid: crypto.randomUUID() })

  return {
    get address() {
      return account.address
    },
    requests,
    count: method => requests.filter(request => request.method === method).length,
    rejectNext: method => void rejections.push(method),
    useChain: setChain,
    async useAccount(index) {
      account = anvilAccount(index)
      await tell('accountsChanged', isGranted ? [account.address] : [])
    },
  }
}

function chainOf(id: number, rpcUrl: string) {
  return defineChain({
    id,
    name: `Chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  })
}

/** The innermost error with a code is the RPC's own; viem wraps it several times. */
function failureOf(error: unknown): RpcFailure {
  if (error instanceof ProviderError) return error.failure
  let failure: RpcFailure = { code: -32603, message: error instanceof Error ? error.message : String(error) }
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code, data } = cause as { code?: unknown; data?: unknown }
    if (typeof code === 'number') failure = { code, message: cause.message, ...(data !== undefined && { data }) }
  }
  return failure
}

declare global {
  interface Window {
    wardroundTestWallet?(method: string, params: unknown): Promise<Answer>
    wardroundTestWalletEvent?(event: string, value: unknown): void
  }
}

/** Runs in the page before its own scripts; stands alone, since Playwright sends its source. */
function installProvider({ name, uuid }: { name: string; uuid: string }): void {
  type Listener = (value: unknown) => void
  const listeners = new Map<string, Set<Listener>>()
  const provider = {
    async request({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
      const answer = await window.wardroundTestWallet?.(method, params ?? [])
      if (answer === undefined) throw new Error('the test wallet is gone')
      if (answer.ok) return answer.value
      throw Object.assign(new Error(answer.error.message), answer.error)
    },
    on(event: string, listener: Listener) {
      const known = listeners.get(event) ?? new Set()
      listeners.set(event, known.add(listener))
      return provider
    },
    removeListener(event: string, listener: Listener) {
      listeners.get(event)?.delete(listener)
      return provider
    },
  }
  window.wardroundTestWalletEvent = (event, value) => {
    for (const listener of listeners.get(event) ?? []) listener(value)
  }
  const icon = 'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/%3E'
  const info = Object.freeze({ uuid, name, icon, rdns: 'org.wardround.test' })
  const announce = () =>
    window.dispatchEvent(
      new CustomEvent('eip6963:announceProvider', {
        detail: Object.freeze({ info, provider: Object.freeze(provider) }),
      }),
    )
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
}
