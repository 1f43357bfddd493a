import type { AbiEvent, GetLogsReturnType, PublicClient } from 'viem'
import type { Address } from '../study/types.ts'

/** Widest range of blocks that public RPCs serve logs for. */
export const LOG_RANGE = 500n
/** Known block hashes that are kept, to find back to after a reorg. */
const CHECKPOINTS = 200

export type EventLog<Events extends readonly AbiEvent[]> = GetLogsReturnType<
  undefined,
  Events,
  true,
  bigint,
  bigint
>[number]

export interface EventCursor<Events extends readonly AbiEvent[]> {
  /** All events up to the latest block, in order. */
  read(): Promise<readonly EventLog<Events>[]>
}

/**
 * Reads a contract's events by block ranges, remembering how far it came. Polls nothing and sets no filter. When the hash
 * of a block that it had read has changed, it forgets what came after the last block that has not, and reads on from there.
 * @param fromBlock the contract's first block, or any before it
 */
export function createEventCursor<const Events extends readonly AbiEvent[]>(
  client: Pick<PublicClient, 'getBlock' | 'getLogs'>,
  address: Address,
  events: Events,
  fromBlock: bigint,
): EventCursor<Events> {
  let logs: EventLog<Events>[] = []
  let checkpoints: { readonly number: bigint; readonly hash: string }[] = []
  let reading: Promise<readonly EventLog<Events>[]> | undefined
  let next: Promise<readonly EventLog<Events>[]> | undefined

  async function rewind(head: bigint): Promise<void> {
    for (let last = checkpoints.at(-1); last !== undefined; last = checkpoints.at(-1)) {
      const { number, hash } = last
      if (number <= head && (await client.getBlock({ blockNumber: number })).hash === hash) return
      checkpoints.pop()
      const kept = checkpoints.at(-1)?.number ?? fromBlock - 1n
      logs = logs.filter(log => log.blockNumber <= kept)
    }
  }

  async function catchUp(): Promise<readonly EventLog<Events>[]> {
    const head = await client.getBlock({ blockTag: 'latest' })
    await rewind(head.number)
    for (let from = (checkpoints.at(-1)?.number ?? fromBlock - 1n) + 1n; from <= head.number; from += LOG_RANGE) {
      const to = from + LOG_RANGE - 1n < head.number ? from + LOG_RANGE - 1n : head.number
      // The hash is read first: a reorg in between leaves a hash that does not fit, and the range is read again.
      const { hash } = to === head.number ? head : await client.getBlock({ blockNumber: to })
      const found = await client.getLogs({ address, events, fromBlock: from, toBlock: to, strict: true })
      logs.push(...(found as EventLog<Events>[]))
      checkpoints.push({ number: to, hash })
    }
    checkpoints = checkpoints.slice(-CHECKPOINTS)
    return logs
  }

  function read(): Promise<readonly EventLog<Events>[]> {
    // One reader at a time: two would both append the same range. Who asks meanwhile is answered from after it asked.
    if (reading !== undefined) {
      next ??= reading
        .catch(() => {})
        .then(() => {
          next = undefined
          return read()
        })
      return next
    }
    reading = catchUp().finally(() => {
      reading = undefined
    })
    return reading
  }

  return { read }
}
