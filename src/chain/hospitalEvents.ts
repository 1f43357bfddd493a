import { type AbiEvent, getAbiItem } from 'viem'
import type { Address } from '../study/types.ts'
import { createEventCursor, type EventLog } from './eventCursor.ts'
import { studyAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'

const events = [
  getAbiItem({ abi: studyAbi, name: 'HospitalJoined' }),
  getAbiItem({ abi: studyAbi, name: 'HospitalLeft' }),
  getAbiItem({ abi: studyAbi, name: 'RoundStarted' }),
  getAbiItem({ abi: studyAbi, name: 'UpdateSubmitted' }),
  getAbiItem({ abi: studyAbi, name: 'ScoresRevealed' }),
  getAbiItem({ abi: studyAbi, name: 'SurvivorsFrozen' }),
  getAbiItem({ abi: studyAbi, name: 'SeatDrawn' }),
  getAbiItem({ abi: studyAbi, name: 'SumScored' }),
  getAbiItem({ abi: studyAbi, name: 'Accused' }),
  getAbiItem({ abi: studyAbi, name: 'ModelFinalised' }),
  getAbiItem({ abi: studyAbi, name: 'RoundVetoed' }),
  getAbiItem({ abi: studyAbi, name: 'RoundVoided' }),
  getAbiItem({ abi: studyAbi, name: 'StakeForfeited' }),
  getAbiItem({ abi: studyAbi, name: 'RewardAccrued' }),
  getAbiItem({ abi: studyAbi, name: 'Withdrawn' }),
] as const satisfies readonly AbiEvent[]

/** One event of a study that a hospital's history is made of. */
export type HospitalEventLog = EventLog<typeof events>

export interface HospitalEvents {
  /**
   * Every event up to the newest block, in the chain's order.
   * @throws AppError chain.unreachable
   */
  read(): Promise<readonly HospitalEventLog[]>
  /** When a block was made, in unix seconds. @throws AppError chain.unreachable */
  timeOf(block: bigint): Promise<number>
}

/**
 * Reads what a hospital's history is made of; a second look reads only what is new.
 *
 * @param fromBlock the study's first block, or any before it
 */
export function createHospitalEvents(
  { deployment, publicClient }: ChainReader,
  study: Address,
  fromBlock: bigint = BigInt(deployment.block),
): HospitalEvents {
  const cursor = createEventCursor(publicClient, study, events, fromBlock)
  const url = deployment.rpcUrls[0] ?? ''
  return {
    async read() {
      try {
        return await cursor.read()
      } catch (error) {
        throw toAppError(error, url)
      }
    },
    async timeOf(blockNumber) {
      try {
        return Number((await publicClient.getBlock({ blockNumber })).timestamp)
      } catch (error) {
        throw toAppError(error, url)
      }
    },
  }
}
