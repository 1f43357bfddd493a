import { type AbiEvent, getAbiItem } from 'viem'
import type { Address, Hex } from '../study/types.ts'
import { createEventCursor } from './eventCursor.ts'
import { modelRegistryAbi, studyAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'

const studyEvents = [
  getAbiItem({ abi: studyAbi, name: 'StudyInitialized' }),
  getAbiItem({ abi: studyAbi, name: 'ModelSigned' }),
  getAbiItem({ abi: studyAbi, name: 'ModelFinalised' }),
] as const satisfies readonly AbiEvent[]
const registryEvents = [
  getAbiItem({ abi: modelRegistryAbi, name: 'ModelRolledBack' }),
] as const satisfies readonly AbiEvent[]

/** How one model of a study came to be. */
export interface ModelRecord {
  /** The contract's number. */
  readonly round: number
  readonly modelHash: Hex
  /** Of the transaction that completed the quorum. */
  readonly transaction: Hex
  /** Who signed this hash, in the chain's order. */
  readonly signers: readonly Address[]
}

/** A version that the sponsor recommended again. */
export interface Rollback {
  readonly from: bigint
  readonly to: bigint
  readonly reason: string
  readonly transaction: Hex
}

/** What the chain recorded of a study's models. */
export interface ModelHistory {
  /** Of the transaction that funded and opened the study; null where its block is not looked at. */
  readonly opened: Hex | null
  readonly models: readonly ModelRecord[]
  /** Oldest first. */
  readonly rollbacks: readonly Rollback[]
}

/**
 * Reads by block ranges from the deployment's first block and remembers how far it came.
 * @returns a function that reads on; it throws AppError chain.unreachable
 */
export function createModelHistory(
  { deployment, publicClient }: ChainReader,
  study: Address,
): () => Promise<ModelHistory> {
  const first = BigInt(deployment.block)
  const ofStudy = createEventCursor(publicClient, study, studyEvents, first)
  const ofRegistry = createEventCursor(publicClient, deployment.modelRegistry, registryEvents, first)
  return async () => {
    try {
      const [records, back] = await Promise.all([ofStudy.read(), ofRegistry.read()])
      const signed = records.filter(record => record.eventName === 'ModelSigned')
      return {
        opened: records.find(record => record.eventName === 'StudyInitialized')?.transactionHash ?? null,
        models: records
          .filter(record => record.eventName === 'ModelFinalised')
          .map(({ args: { round, modelHash }, transactionHash }) => ({
            round,
            modelHash,
            transaction: transactionHash,
            signers: signed
              .filter(({ args }) => args.round === round && args.modelHash === modelHash)
              .map(({ args }) => args.hospital),
          })),
        rollbacks: back
          .filter(({ args }) => args.study.toLowerCase() === study.toLowerCase())
          .map(({ args: { from, to, reason }, transactionHash }) => ({
            from,
            to,
            reason,
            transaction: transactionHash,
          })),
      }
    } catch (error) {
      throw toAppError(error, deployment.rpcUrls[0] ?? '')
    }
  }
}
