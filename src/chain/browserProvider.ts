import { type EIP1193Provider, hexToBigInt, hexToNumber, type LocalAccount, numberToHex } from 'viem'
import type { Address, Hex } from '../study/types.ts'
import { type ReadCall, readCall } from './callNames.ts'
import { walletClientFor } from './clients.ts'
import type { Deployment } from './deployment.ts'
import { isUnreachable } from './reverts.ts'

/** What the person is asked before the browser account signs. */
export interface SigningRequest {
  /** Read from the bytes that are signed; null for a message, or for a call that this page does not know. */
  readonly call: ReadCall | null
  /** What is signed is a message, not a transaction. */
  readonly message: string | null
  readonly to: Address | null
  /** Wei sent along. */
  readonly value: bigint
  /** Most gas, and the most wei that it can cost. */
  readonly gas: bigint
  readonly mostFeeWei: bigint
}

/** How often signed bytes are sent that do not get through, with pauses from 0.2 s to 3.2 s. */
const SEND_ATTEMPTS = 6

/**
 * This browser's account as a wallet (EIP-1193), so that everything takes the way that every wallet takes. It never signs
 * without `ask` saying yes.
 * @param unlock the account; undefined where this browser has none
 * @param ask shows the person what is signed
 */
export function browserProvider(
  deployment: Deployment,
  unlock: () => Promise<LocalAccount | undefined>,
  ask: (request: SigningRequest) => Promise<boolean>,
): EIP1193Provider {
  const listeners = new Map<string, Set<(value: unknown) => void>>()
  let unlocked: LocalAccount | undefined

  async function own(): Promise<LocalAccount> {
    unlocked ??= await unlock()
    if (unlocked === undefined) throw failure(4100, 'this browser has no account yet')
    return unlocked
  }

  async function consent(request: SigningRequest): Promise<void> {
    if (!(await ask(request))) throw failure(4001, 'User rejected the request.')
  }

  async function send(given: RpcTransaction): Promise<Hex> {
    const account = await own()
    const { to, data = '0x' } = given
    if (to === undefined) throw failure(4200, 'this account makes no contracts')
    if (given.from?.toLowerCase() !== account.address.toLowerCase())
      throw failure(4100, 'not the account of this browser')
    const client = walletClientFor(deployment, account)
    const transaction = await client.prepareTransactionRequest({
      to,
      data,
      ...(given.value !== undefined && { value: hexToBigInt(given.value) }),
      ...(given.gas !== undefined && { gas: hexToBigInt(given.gas) }),
      ...(given.nonce !== undefined && { nonce: hexToNumber(given.nonce) }),
    })
    const { gas, value = 0n } = transaction
    const price = transaction.maxFeePerGas ?? transaction.gasPrice ?? 0n
    const call = readCall(deployment, { to, data })
    await consent({ call, message: null, to, value, gas, mostFeeWei: gas * price })
    const serializedTransaction = await client.signTransaction(transaction)
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.sendRawTransaction({ serializedTransaction })
      } catch (error) {
        // The bytes are the same each time, so they cannot be mined twice.
        if (!isUnreachable(error) || attempt === SEND_ATTEMPTS) throw error
        await new Promise(resolve => setTimeout(resolve, 100 * 2 ** attempt))
      }
    }
  }

  async function request({ method, params = [] }: { method: string; params?: unknown }): Promise<unknown> {
    const [first, second] = params as readonly unknown[]
    switch (method) {
      case 'eth_accounts':
        unlocked ??= await unlock()
        return unlocked === undefined ? [] : [unlocked.address]
      case 'eth_requestAccounts':
        return [(await own()).address]
      case 'wallet_requestPermissions':
        return [{ parentCapability: 'eth_accounts', caveats: [{ value: [(await own()).address] }] }]
      case 'wallet_revokePermissions':
        unlocked = undefined
        return null
      case 'eth_chainId':
        return numberToHex(deployment.chainId)
      case 'eth_sendTransaction':
        return send(first as RpcTransaction)
      case 'eth_signTypedData_v4': {
        const account = await own()
        const typed = typeof second === 'string' ? JSON.parse(second) : second
        await consent({ ...noTransaction, message: `${typed.primaryType} ${JSON.stringify(typed.message, null, 2)}` })
        return account.signTypedData(typed)
      }
      case 'personal_sign': {
        const account = await own()
        await consent({ ...noTransaction, message: String(first) })
        return account.signMessage({ message: { raw: first as Hex } })
      }
      default:
        throw failure(4200, `this account does not do ${method}`)
    }
  }

  return {
    request,
    on(event: string, listener: (value: unknown) => void) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener))
    },
    removeListener(event: string, listener: (value: unknown) => void) {
      listeners.get(event)?.delete(listener)
    },
  } as unknown as EIP1193Provider
}

interface RpcTransaction {
  readonly from?: Address
  readonly to?: Address
  readonly data?: Hex
  readonly value?: Hex
  readonly gas?: Hex
  readonly nonce?: Hex
}

const noTransaction = { call: null, to: null, value: 0n, gas: 0n, mostFeeWei: 0n } as const

/** An error as EIP-1193 wants it. */
function failure(code: number, message: string): Error {
  return Object.assign(new Error(message), { code })
}
