import { getAbiItem, TransactionReceiptNotFoundError } from 'viem'
import { isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { ChainClient } from './clients.ts'
import { studyAbi } from './generated/abi.ts'
import { decodeRevert, isUnreachable } from './reverts.ts'

/** Whoever brings signed calls of a study to the chain and is paid by its gas pot: relays. */
export interface DutyCarrier {
  /**
   * @returns the transaction's hash by the carrier's word, which may be a lie
   * @throws AppError storage.notCarried (details.data: what the contract would answer); the signal's reason
   */
  carry(
    request: { readonly chainId: number; readonly study: Address; readonly calls: readonly Hex[] },
    options: { readonly signal: AbortSignal },
  ): Promise<Hex>
}

/** A call that anybody may bring to the chain. */
export interface Duty {
  /** The contract's function. */
  readonly name: string
  readonly data: Hex
  /** Whether the chain shows it done, by this hospital's own RPC. */
  readonly isDone: () => Promise<boolean>
  /** Sends it from the hospital's own wallet. */
  readonly send: () => Promise<void>
  readonly signal?: AbortSignal
}

export interface CarriageOptions {
  readonly publicClient: ChainClient
  readonly chainId: number
  readonly study: Address
  readonly carrier: DutyCarrier | undefined
  /**
   * Milliseconds from asking the carrier until the own wallet is asked, beside those that the call's bytes take. Default two blocks,
   * at least 6,000.
   */
  readonly patience: number | undefined
  /** Milliseconds between looks at the chain. */
  readonly pollInterval: number
  readonly onCarried: ((name: string, by: 'relay' | 'wallet') => void) | undefined
}

const LEAST_PATIENCE = 6_000
/** In blocks of the chain. */
const PATIENCE_BLOCKS = 2
/** Bytes a millisecond that a slow line takes to a relay: a proof needs seconds on it. */
const SLOW_LINE = 32

/**
 * Brings duties to the chain: by the carrier, and where that does not show on the chain in time by the hospital's own wallet.
 * A duty that both bring is done once; the contract refuses the second, which is nobody's error.
 */
export function createCarriage(options: CarriageOptions): (duty: Duty) => Promise<void> {
  const { publicClient, chainId, study, carrier, pollInterval } = options
  let patience = options.patience

  return async duty => {
    duty.signal?.throwIfAborted()
    const by = carrier !== undefined && (await isCarried(carrier, duty)) ? 'relay' : await sendOwn(duty)
    options.onCarried?.(duty.name, by)
  }

  async function isCarried(carrier: DutyCarrier, duty: Duty): Promise<boolean> {
    patience ??= await twoBlocks()
    const time = timeLimit(patience + duty.data.length / 2 / SLOW_LINE)
    const until = duty.signal === undefined ? time : AbortSignal.any([duty.signal, time])
    let hash: Hex | undefined
    try {
      hash = await carry(carrier, duty, until)
    } catch (error) {
      duty.signal?.throwIfAborted()
      // On its way already: an earlier try of this tab, or another carrier.
      if (!isRefusedAsDone(error)) return isShown(duty)
    }
    return isShownBefore(until, duty, hash)
  }

  /** A relay may not have seen yet that this hospital joined: it is asked again. */
  async function carry(carrier: DutyCarrier, duty: Duty, until: AbortSignal): Promise<Hex> {
    for (;;) {
      try {
        return await carrier.carry({ chainId, study, calls: [duty.data] }, { signal: until })
      } catch (error) {
        if (until.aborted || !isRefusedAsStranger(error)) throw error
      }
      await new Promise(resolve => setTimeout(resolve, pollInterval))
    }
  }

  async function sendOwn(duty: Duty): Promise<'relay' | 'wallet'> {
    duty.signal?.throwIfAborted()
    try {
      await duty.send()
      return 'wallet'
    } catch (error) {
      duty.signal?.throwIfAborted()
      if (carrier === undefined) throw error
      // Carried late: while the wallet was open say, or waiting for its block right now.
      const isDone = isAlreadyDone(error)
        ? await isShownBefore(timeLimit(patience ?? LEAST_PATIENCE), duty)
        : await isShown(duty)
      if (!isDone) throw error
      return 'relay'
    }
  }

  /** Looks until the duty shows, the time is over, or its transaction has failed. @throws the duty's signal's reason */
  async function isShownBefore(until: AbortSignal, duty: Duty, hash?: Hex): Promise<boolean> {
    for (;;) {
      if (await isShown(duty)) return true
      if (hash !== undefined && (await hasFailed(hash))) return false
      duty.signal?.throwIfAborted()
      if (until.aborted) return false
      await new Promise(resolve => setTimeout(resolve, pollInterval))
    }
  }

  async function isShown(duty: Duty): Promise<boolean> {
    try {
      return await duty.isDone()
    } catch (error) {
      // The next look, or the wallet's own sending, finds out whether the chain answers again.
      if (isUnreachable(error) || isAppError(error, 'chain.unreachable')) return false
      throw error
    }
  }

  async function hasFailed(hash: Hex): Promise<boolean> {
    try {
      return (await publicClient.getTransactionReceipt({ hash })).status === 'reverted'
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError || isUnreachable(error)) return false
      throw error
    }
  }

  async function twoBlocks(): Promise<number> {
    try {
      const head = await publicClient.getBlock({ blockTag: 'latest' })
      if (head.number === 0n) return LEAST_PATIENCE
      const before = await publicClient.getBlock({ blockNumber: head.number - 1n })
      return Math.max(LEAST_PATIENCE, PATIENCE_BLOCKS * 1000 * Number(head.timestamp - before.timestamp))
    } catch (error) {
      if (isUnreachable(error)) return LEAST_PATIENCE
      throw error
    }
  }
}

const evidence = [
  getAbiItem({ abi: studyAbi, name: 'Attested' }),
  getAbiItem({ abi: studyAbi, name: 'ScoresRevealed' }),
  getAbiItem({ abi: studyAbi, name: 'RoundVetoed' }),
] as const

/** Which event says that a function was carried out. */
const eventOf = {
  attest: 'Attested',
  submitScore: 'ScoresRevealed',
  vetoRound: 'RoundVetoed',
} as const

/**
 * Looks for the event that a hospital's duty leaves behind. Events, since a duty that was the last of its phase is no longer
 * in the snapshot.
 * @param since looks at this block and the later ones
 */
export async function hasEvent(
  client: ChainClient,
  study: Address,
  since: bigint,
  duty: {
    readonly name: keyof typeof eventOf
    readonly hospital: Address
    readonly round: number
    readonly vetoed?: boolean
  },
): Promise<boolean> {
  const logs = await client.getLogs({ address: study, events: evidence, fromBlock: since, strict: true })
  const own = logs.filter(
    ({ eventName, args }) =>
      eventName === eventOf[duty.name] && args.round === duty.round && sameAddress(args.hospital, duty.hospital),
  )
  const last = own.at(-1)
  return last !== undefined && (last.eventName !== 'RoundVetoed' || last.args.vetoed === duty.vetoed)
}

function isAlreadyDone(error: unknown): boolean {
  return isAppError(error, 'chain.reverted') && error.details.error === 'Study_AlreadyDone'
}

function isRefusedAsStranger(error: unknown): boolean {
  return isAppError(error, 'storage.notCarried') && error.details.refusal === 'notEnrolled'
}

function isRefusedAsDone(error: unknown): boolean {
  if (!isAppError(error, 'storage.notCarried')) return false
  const { data } = error.details
  return typeof data === 'string' && decodeRevert(data as Hex).name === 'Study_AlreadyDone'
}
