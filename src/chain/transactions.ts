import {
  keccak256,
  type Transaction,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { AppError, type AppErrorData, isAppError } from '../errors/AppError.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { ChainClient, Wallet } from './clients.ts'
import type { Deployment } from './deployment.ts'
import type { GasLog } from './gas.ts'
import { isUnreachable, toAppError } from './reverts.ts'
import { type Intent, memoryTransactionJournal, type TransactionJournal } from './transactionJournal.ts'

/** Where one contract call stands; for the activity list. */
export interface TransactionStep {
  /** The same for every step of one call, also after a reload. */
  readonly id: string
  /** The contract's function, e.g. joinTask: pages have words for each. */
  readonly name: string
  readonly to: Address
  /**
   * checking: the chain is asked whether it would work. asking: a wallet is about to open. pending: sent, not yet mined.
   * Then one of confirmed, rejected (the person declined; nothing was sent) and failed.
   */
  readonly status: 'checking' | 'asking' | 'pending' | 'confirmed' | 'rejected' | 'failed'
  /** With asking: what it will cost, in gas and in wei by the chain's price of now. */
  readonly estimate?: { readonly gas: bigint; readonly wei: bigint }
  readonly hash?: Hex
  /** Only with confirmed. */
  readonly gasUsed?: bigint
  /** Only with confirmed: what was paid for the gas, in wei. */
  readonly feeWei?: bigint
  /** Only with failed. */
  readonly error?: AppErrorData
}

/** What every write needs. */
export interface ChainAccess {
  readonly deployment: Deployment
  readonly publicClient: ChainClient
  readonly walletClient: Wallet
  readonly journal: TransactionJournal
  readonly gasLog?: GasLog
  /** Told of every step: before the wallet opens, when it is sent, when it is mined or was not. */
  readonly onStep?: (step: TransactionStep) => void
  /**
   * Resolves when the account that signs is at hand: a wallet may show another account or network just now. Nothing is
   * simulated, let alone signed, before. Default: at once.
   */
  readonly untilReady?: () => Promise<void>
  /** Milliseconds between looks for a receipt, once the first quick ones are over. Default 500. */
  readonly pollInterval?: number
}

/** A contract call, encoded. */
export interface Call {
  /** The function's name, for the gas log. */
  readonly name: string
  readonly to: Address
  readonly data: Hex
  /** Wei sent along. Default none. */
  readonly value?: bigint
  /**
   * Gas on top of the estimate. A call that happens to be the last of a phase does the phase's closing work, too, which
   * the estimate cannot foresee when others act at the same time. Unused gas is not paid.
   */
  readonly headroom?: bigint
  /**
   * Whether a reloaded tab takes up the same call's earlier transaction. Default true. False where the same bytes are
   * rightly sent again and again, and the contract itself makes one too many harmless: advance, withdraw.
   */
  readonly isResumed?: boolean
  /**
   * Ends the waiting: for the turn, for the account, for the chain. It never tears a prompt from the person's hands; what was
   * sent by then stays sent and is followed to its end without the caller, for a while. Until then the same call
   * takes it up again where it is resumed; afterwards it is another call, which the contract must be able to refuse.
   */
  readonly signal?: AbortSignal
}

/**
 * Sends one contract call and resolves with its receipt once it is mined.
 *
 * Simulated on the pending block first; the intent is stored before the wallet is asked, the hash after. Called again
 * with the same call after a reload, it looks for the earlier transaction (by hash, else by nonce) and takes its receipt, or
 * sends again with the same nonce, so that at most one of them is ever mined. One at a time per account.
 * The caller looks at the contract's state first: the journal only hints.
 * @throws AppError chain.reverted, chain.rejected, chain.wrongChain, chain.insufficientFunds, chain.unreachable,
 * chain.transactionLost, journal.failed; the signal's reason
 */
export async function sendCall(access: ChainAccess, call: Call): Promise<TransactionReceipt> {
  const account = access.walletClient.account.address
  const { signal } = call
  signal?.throwIfAborted()
  // Also before the turn is taken: while the account is away, others of this browser may send.
  await unlessAborted(access.untilReady?.(), signal)
  return exclusively(
    `${access.deployment.deploymentId}:${account}`.toLowerCase(),
    async () => {
      const told = teller(access, call)
      try {
        return await sendOnce(access, call, told)
      } catch (thrown) {
        // Nobody waits any more; what was sent has its outcome told when it is known.
        if (signal?.aborted && thrown === signal.reason) throw thrown
        const error = toAppError(thrown, urlOf(access))
        told.failed(error)
        throw error
      }
    },
    signal,
  )
}

/** Tells access.onStep of one call's steps, all under one id, and access.gasLog of what it cost. */
interface Teller {
  /** The id so far; of the earlier attempt, once one is found in the journal. */
  readonly id: string
  /** Goes on under the id that an earlier attempt, before a reload say, was told under. */
  continue(id: string | undefined): void
  tell(step: Omit<TransactionStep, 'id' | 'name' | 'to'>): void
  confirmed(receipt: TransactionReceipt): void
  failed(error: AppError): void
}

function teller({ onStep, gasLog }: ChainAccess, { name, to }: Call): Teller {
  let id: string = crypto.randomUUID()
  const tell: Teller['tell'] = step => onStep?.({ id, name, to, ...step })
  return {
    get id() {
      return id
    },
    continue(earlier) {
      id = earlier ?? id
    },
    tell,
    confirmed({ transactionHash: hash, gasUsed, effectiveGasPrice, blockNumber }) {
      gasLog?.record({ name, gasUsed, block: blockNumber })
      tell({ status: 'confirmed', hash, gasUsed, feeWei: gasUsed * effectiveGasPrice })
    },
    failed(error) {
      if (error.code === 'chain.rejected') tell({ status: 'rejected' })
      else tell({ status: 'failed', error: error.toData() })
    },
  }
}

function urlOf({ deployment }: ChainAccess): string {
  return deployment.rpcUrls[0] ?? ''
}

/** How often a transaction that the chain dropped, or that ran out of gas, is sent again. */
const LOST_ATTEMPTS = 3
/** How often a signed transaction is sent that does not get through, with pauses from 0.2 s to 6.4 s. */
const SEND_ATTEMPTS = 7
/**
 * A hash that the RPC does not know this many times in a row was dropped. What a wallet sent through an RPC of its own may
 * show up here only once it is mined, and asking the person again is worse than waiting a minute; once it did show up, it
 * is known to the RPC as any other.
 */
const UNKNOWN_LOOKS = { local: 6, wallet: 120 } as const
/**
 * How often a transaction is looked for that no call waits for any more. Enough to know of one that was dropped; what
 * is still pending then stays in the journal.
 */
const LOOKS_BEHIND = 2 * UNKNOWN_LOOKS.wallet
/** Default of ChainAccess.pollInterval, in milliseconds. */
const POLL_INTERVAL = 500
/**
 * Milliseconds until the second look for a receipt; each further pause is twice as long, up to the poll interval. A chain that
 * mines on demand has the receipt a moment after the first look.
 */
const FIRST_LOOK = 20
/** How far back a transaction is sought by its nonce. */
const SEARCHED_BLOCKS = 1000n

async function sendOnce(given: ChainAccess, call: Call, told: Teller): Promise<TransactionReceipt> {
  const isResumed = call.isResumed !== false
  // Within one attempt the intent is needed in any case.
  const access = isResumed ? given : { ...given, journal: memoryTransactionJournal() }
  const { journal } = access
  const id = intentId(access, call)
  for (let attempt = 1; ; attempt++) {
    try {
      const earlier = await journal.get(id)
      told.continue(earlier?.step)
      return (
        (earlier && (await settle(access, earlier, told, call.signal))) ?? (await sendNew(access, call, earlier, told))
      )
    } catch (error) {
      if (!isAppError(error, 'chain.transactionLost') || attempt === LOST_ATTEMPTS) throw error
    }
  }
}

/**
 * Simulates, stores the intent, sends, stores the hash, waits. The nonce is the account's next one: where an earlier intent
 * never left, or was dropped, that is the earlier one's nonce, so that at most one of the two is ever mined.
 */
async function sendNew(
  access: ChainAccess,
  call: Call,
  earlier: Intent | undefined,
  told: Teller,
): Promise<TransactionReceipt> {
  const { publicClient, walletClient, journal } = access
  const { account } = walletClient
  const { to, data, value } = call
  const request = { account: account.address, to, data, ...(value !== undefined && { value }) } as const
  await unlessAborted(access.untilReady?.(), call.signal)
  told.tell({ status: 'checking' })
  // The pending block: under automine an overdue advance() reverts on the latest one.
  await publicClient.call({ ...request, blockTag: 'pending' })
  const block = earlier === undefined ? await publicClient.getBlockNumber({ cacheTime: 0 }) : BigInt(earlier.block)
  const isAsked = account.type !== 'local'
  const [gas, nonce, price] = await Promise.all([
    publicClient.estimateGas({ ...request, blockTag: 'pending' }),
    publicClient.getTransactionCount({ address: account.address, blockTag: 'pending' }),
    isAsked && access.onStep ? publicClient.getGasPrice() : 0n,
  ])
  const intent: Intent = {
    id: intentId(access, call),
    account: account.address,
    to,
    data,
    ...(value !== undefined && { value: value.toString() }),
    nonce,
    block: block.toString(),
    step: told.id,
  }
  // The last moment to leave without a trace.
  call.signal?.throwIfAborted()
  await journal.put(intent)
  if (isAsked) told.tell({ status: 'asking', estimate: { gas, wei: gas * price } })
  let hash: Hex
  try {
    hash = await broadcast(access, {
      to,
      data,
      ...(value !== undefined && { value }),
      nonce,
      // A fifth more than estimated: state that others write meanwhile costs more or less.
      gas: min((gas * 6n) / 5n + (call.headroom ?? 0n), TRANSACTION_GAS_LIMIT),
    })
  } catch (error) {
    // It may have arrived all the same: the intent stays, the next attempt looks for it.
    if (isUnreachable(error)) throw error
    // An attempt that seemed to fail did arrive.
    if (/already known|nonce too low|already imported/i.test(String(error))) {
      throw new AppError('chain.transactionLost', {}, error)
    }
    await journal.remove(intent.id)
    throw error
  }
  const sent: Intent = { ...intent, hash }
  told.tell({ status: 'pending', hash })
  await journal.put(sent)
  return outcomeOf(access, sent, told, call.signal)
}

/** Has the wallet sign and send; what a local account signed is sent until it gets through. @returns the hash */
async function broadcast(
  { walletClient }: ChainAccess,
  transaction: {
    readonly to: Address
    readonly data: Hex
    readonly value?: bigint
    readonly nonce: number
    readonly gas: bigint
  },
): Promise<Hex> {
  if (walletClient.account.type !== 'local') return walletClient.sendTransaction(transaction)
  const request = await walletClient.prepareTransactionRequest(transaction)
  const serializedTransaction = await walletClient.signTransaction(request)
  for (let attempt = 1; ; attempt++) {
    try {
      return await walletClient.sendRawTransaction({ serializedTransaction })
    } catch (error) {
      // viem sends only once. The bytes are the same each time, so they cannot be mined twice.
      if (!isUnreachable(error) || attempt === SEND_ATTEMPTS) throw error
      await pause(100 * 2 ** attempt)
    }
  }
}

/**
 * Finds out what became of an earlier intent.
 * @returns its receipt, or undefined when its nonce was never used or was used for something else
 */
async function settle(
  access: ChainAccess,
  intent: Intent,
  told: Teller,
  signal?: AbortSignal,
): Promise<TransactionReceipt | undefined> {
  // Without a pause since the intent was read: a watch that ends meanwhile has counted the transaction already.
  if (intent.hash !== undefined && (watches.has(watchKey(access, intent)) || (await canBeMined(access, intent)))) {
    told.tell({ status: 'pending', hash: intent.hash })
    return outcomeOf(access, intent, told, signal)
  }
  const { publicClient } = access
  const pending = await publicClient.getTransactionCount({ address: intent.account, blockTag: 'pending' })
  if (pending <= intent.nonce) return undefined
  // Something with this nonce is on its way or mined: a wallet may have sent it under another hash.
  for (;;) {
    const mined = await publicClient.getTransactionCount({ address: intent.account, blockTag: 'latest' })
    if (mined > intent.nonce) break
    await pause(access.pollInterval, signal)
    // Dropped meanwhile, by a reorg say.
    const still = await publicClient.getTransactionCount({ address: intent.account, blockTag: 'pending' })
    if (still <= intent.nonce) return undefined
  }
  const found = await findByNonce(access, intent)
  if (found === undefined || !isSameCall(found, intent)) return undefined
  told.tell({ status: 'pending', hash: found.hash })
  return outcomeOf(access, { ...intent, hash: found.hash }, told, signal)
}

/** A transaction that is out and is looked for: for a call, or behind one that no longer waits. */
interface Watch {
  /** Its receipt, once the journal has forgotten it and the outcome is told. */
  readonly receipt: Promise<TransactionReceipt>
  /** Of the call that asked last. */
  told: Teller
  /** How many looks are left: any number while a call waits. */
  looks: number
}

/** At most one for a transaction, so that it is counted and told once, whoever asks for it again meanwhile. */
const watches = new Map<string, Watch>()

/** By its RPC too: dev chains all begin alike, down to the hashes. */
function watchKey(access: ChainAccess, { hash }: Intent): string {
  return `${urlOf(access)} ${hash}`
}

/**
 * What becomes of a transaction whose hash is known.
 * @throws AppError chain.transactionLost; why the chain refused it; the signal's reason, at once: it is then followed
 * without the caller and without the account's turn, since the next nonce is counted over what is pending
 */
async function outcomeOf(
  access: ChainAccess,
  intent: Intent,
  told: Teller,
  signal?: AbortSignal,
): Promise<TransactionReceipt> {
  const watch = watches.get(watchKey(access, intent)) ?? startWatch(access, intent, told)
  watch.told = told
  watch.looks = Number.POSITIVE_INFINITY
  try {
    return (await unlessAborted(watch.receipt, signal)) as TransactionReceipt
  } catch (error) {
    if (signal?.aborted && error === signal.reason) leave(watch, told, urlOf(access))
    throw error
  }
}

function startWatch(access: ChainAccess, intent: Intent, told: Teller): Watch {
  const key = watchKey(access, intent)
  const follow = async () => {
    try {
      const receipt = await judged(access, intent, await waitFor(access, intent, () => watch.looks-- > 0))
      await access.journal.remove(intent.id)
      watch.told.confirmed(receipt)
      return receipt
    } finally {
      watches.delete(key)
    }
  }
  // Begun once there is a watch to read.
  const watch: Watch = { told, looks: Number.POSITIVE_INFINITY, receipt: Promise.resolve().then(follow) }
  watches.set(key, watch)
  return watch
}

/** Lets a watch go on by itself for a while. Of failures it tells those that the chain says are final. */
function leave(watch: Watch, told: Teller, url: string): void {
  watch.looks = LOOKS_BEHIND
  watch.receipt.catch(thrown => {
    const error = toAppError(thrown, url)
    const isFinal = error.code === 'chain.reverted' || error.code === 'chain.transactionLost'
    // A call that took it up again hears of it and goes on itself.
    if (isFinal && watch.told === told) told.failed(error)
  })
}

/**
 * Waits for the receipt of a transaction whose hash is known.
 * @param goesOn asked before each look
 * @throws AppError chain.transactionLost when dropped; chain.unreachable when goesOn says no
 */
async function waitFor(access: ChainAccess, intent: Intent, goesOn: () => boolean): Promise<TransactionReceipt> {
  let patience: number = access.walletClient.account.type === 'local' ? UNKNOWN_LOOKS.local : UNKNOWN_LOOKS.wallet
  const slowest = access.pollInterval ?? POLL_INTERVAL
  let wait = Math.min(FIRST_LOOK, slowest)
  for (let unknown = 0; goesOn(); await pause(wait), wait = Math.min(2 * wait, slowest)) {
    try {
      const receipt = await receiptOf(access, intent.hash as Hex)
      if (receipt !== undefined) return receipt
      if (await canBeMined(access, intent)) {
        unknown = 0
        patience = UNKNOWN_LOOKS.local
        continue
      }
      // The quick looks at the beginning say nothing about a transaction that was dropped.
      if (wait < slowest || ++unknown < patience) continue
      // Replaced by the wallet (another gas price), or dropped.
      const found = await findByNonce(access, intent)
      const replaced = found && isSameCall(found, intent) ? await receiptOf(access, found.hash) : undefined
      if (replaced === undefined) throw new AppError('chain.transactionLost')
      return replaced
    } catch (error) {
      // The transaction is out; only the answer is late.
      if (!isUnreachable(error)) throw error
    }
  }
  throw new AppError('chain.unreachable', { url: urlOf(access) })
}

/**
 * A mined transaction that failed is simulated again for the reason. If it would work now, it ran out of gas or met a state
 * that has passed: it counts as lost, to be sent again.
 */
async function judged(access: ChainAccess, intent: Intent, receipt: TransactionReceipt): Promise<TransactionReceipt> {
  if (receipt.status === 'success') return receipt
  await access.journal.remove(intent.id)
  const { account, to, data, value } = intent
  await access.publicClient.call({
    account,
    to,
    data,
    ...(value !== undefined && { value: BigInt(value) }),
    blockTag: 'pending',
  })
  throw new AppError('chain.transactionLost')
}

async function receiptOf({ publicClient }: ChainAccess, hash: Hex): Promise<TransactionReceipt | undefined> {
  try {
    return await publicClient.getTransactionReceipt({ hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}

/**
 * Whether a transaction is mined or still may be. After a reorg a node may go on naming the block that is gone, or keep a
 * transaction whose predecessor it dropped: waiting for either would be for ever.
 */
async function canBeMined(access: ChainAccess, { account, nonce, hash }: Intent): Promise<boolean> {
  const { publicClient } = access
  try {
    const { blockHash } = await publicClient.getTransaction({ hash: hash as Hex })
    if (blockHash !== null) return (await receiptOf(access, hash as Hex)) !== undefined
    return (await publicClient.getTransactionCount({ address: account, blockTag: 'pending' })) >= nonce
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return false
    throw error
  }
}

/** The account's mined transaction with this nonce, looked for from the newest block back to where the intent was stored. */
async function findByNonce(
  { publicClient }: ChainAccess,
  { account, nonce, block }: Pick<Intent, 'account' | 'nonce' | 'block'>,
): Promise<Transaction | undefined> {
  const head = await publicClient.getBlockNumber({ cacheTime: 0 })
  const oldest = BigInt(block) > head - SEARCHED_BLOCKS ? BigInt(block) : head - SEARCHED_BLOCKS
  for (let blockNumber = head; blockNumber >= oldest && blockNumber >= 0n; blockNumber--) {
    const { transactions } = await publicClient.getBlock({ blockNumber, includeTransactions: true })
    const found = transactions.find(sent => sent.nonce === nonce && sameAddress(sent.from, account))
    if (found !== undefined) return found
  }
  return undefined
}

function isSameCall(sent: Transaction, { to, data, value }: Pick<Intent, 'to' | 'data' | 'value'>): boolean {
  return sent.to !== null && sameAddress(sent.to, to) && sent.input === data && sent.value === BigInt(value ?? 0)
}

function intentId({ walletClient }: ChainAccess, { to, data, value }: Call): string {
  const paid = value === undefined ? '' : `:${value}`
  return `${walletClient.account.address}:${to}:${keccak256(data)}${paid}`.toLowerCase()
}

/** Most gas a transaction may ask for, EIP-7825. */
const TRANSACTION_GAS_LIMIT = 16_777_216n

const queues = new Map<string, Promise<unknown>>()

/**
 * Runs one after the other within this realm and, where the browser has locks, over all its tabs.
 * @throws the signal's reason when it aborts before the turn has come
 */
async function exclusively<T>(key: string, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const act = () => {
    signal?.throwIfAborted()
    begin()
    return run()
  }
  const turn = (queues.get(key) ?? Promise.resolve()).then(() => {
    const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks
    return locks === undefined ? act() : locks.request(`wardround-send:${key}`, act)
  })
  // The next in line waits for this one's end, not for its success; the caller sees the failure.
  const settled = turn.then(
    () => undefined,
    () => undefined,
  )
  queues.set(key, settled)
  void settled.then(() => {
    if (queues.get(key) === settled) queues.delete(key)
  })
  await unlessAborted(Promise.race([begun, settled]), signal)
  return (await turn) as T
}

/** @throws the signal's reason, at once */
async function pause(milliseconds = POLL_INTERVAL, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await unlessAborted(
      new Promise<void>(resolve => {
        timer = setTimeout(resolve, milliseconds)
      }),
      signal,
    )
  } finally {
    clearTimeout(timer)
  }
}

/** @throws the signal's reason as soon as it aborts, whatever becomes of the promise */
function unlessAborted<T>(promise: Promise<T> | undefined, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined || promise === undefined) return Promise.resolve(promise)
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
