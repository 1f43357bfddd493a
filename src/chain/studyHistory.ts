import type { AbiEvent } from 'viem'
import type { Address, Hex } from '../study/types.ts'
import type { ChainClient } from './clients.ts'
import { createEventCursor, type EventLog } from './eventCursor.ts'
import { modelRegistryAbi, studyAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'

const ofStudy = studyAbi.filter(item => item.type === 'event') satisfies readonly AbiEvent[]
const ofRegistry = modelRegistryAbi.filter(
  item => item.type === 'event' && item.name === 'ModelRolledBack',
) satisfies readonly AbiEvent[]

/** One event of a study, in the chain's order. */
export type StudyRecord = EventLog<typeof ofStudy>
type RollbackRecord = Extract<EventLog<typeof ofRegistry>, { eventName: 'ModelRolledBack' }>

/** What one transaction cost whom. */
export interface TransactionCost {
  readonly hash: Hex
  readonly from: Address
  readonly gasUsed: bigint
  /** Wei, gas times price. */
  readonly fee: bigint
}

/** Everything that the chain recorded of a study. */
export interface StudyHistory {
  readonly records: readonly StudyRecord[]
  readonly rollbacks: readonly RollbackRecord[]
  /** Of every transaction with an event above, oldest first. */
  readonly costs: readonly TransactionCost[]
}

/** Receipts asked for at a time: public RPCs count calls. */
const PARALLEL = 6

/**
 * Reads all events of a study by block ranges, and what each transaction cost. Remembers how far it came: a later call reads
 * what is new.
 * @returns a function that reads on; it throws AppError chain.unreachable
 */
export function createStudyHistory(
  { deployment, publicClient }: ChainReader,
  study: Address,
  fromBlock: bigint = BigInt(deployment.block),
): () => Promise<StudyHistory> {
  const own = createEventCursor(publicClient, study, ofStudy, fromBlock)
  const models = createEventCursor(publicClient, deployment.modelRegistry, ofRegistry, fromBlock)
  const known = new Map<Hex, TransactionCost>()

  return async () => {
    try {
      const [records, registered] = await Promise.all([own.read(), models.read()])
      const rollbacks = registered.filter(
        (record): record is RollbackRecord =>
          record.eventName === 'ModelRolledBack' && record.args.study.toLowerCase() === study.toLowerCase(),
      )
      const hashes = [...new Set([...records, ...rollbacks].map(({ transactionHash }) => transactionHash))]
      await readCosts(publicClient, hashes, known)
      const costs = hashes.flatMap(hash => known.get(hash) ?? [])
      return { records, rollbacks, costs }
    } catch (error) {
      throw toAppError(error, deployment.rpcUrls[0] ?? '')
    }
  }
}

/** Reads what transactions cost and are not known of yet. */
export async function readCosts(
  client: ChainClient,
  hashes: readonly Hex[],
  known: Map<Hex, TransactionCost>,
): Promise<void> {
  const missing = hashes.filter(hash => !known.has(hash))
  for (let i = 0; i < missing.length; i += PARALLEL) {
    const receipts = await Promise.all(
      missing.slice(i, i + PARALLEL).map(hash => client.getTransactionReceipt({ hash })),
    )
    for (const { transactionHash: hash, from, gasUsed, effectiveGasPrice } of receipts) {
      known.set(hash, { hash, from, gasUsed, fee: gasUsed * effectiveGasPrice })
    }
  }
}
