import { type AbiEvent, getAbiItem, type PublicClient } from 'viem'
import type { Address } from '../study/types.ts'
import { createEventCursor, type EventCursor, type EventLog } from './eventCursor.ts'
import { studyAbi } from './generated/abi.ts'

export { LOG_RANGE } from './eventCursor.ts'

const UpdateSubmitted = getAbiItem({ abi: studyAbi, name: 'UpdateSubmitted' })
const ScoresRevealed = getAbiItem({ abi: studyAbi, name: 'ScoresRevealed' })
const ModelSigned = getAbiItem({ abi: studyAbi, name: 'ModelSigned' })
const TraceCommitted = getAbiItem({ abi: studyAbi, name: 'TraceCommitted' })
const AuditAnswered = getAbiItem({ abi: studyAbi, name: 'AuditAnswered' })
const events = [
  UpdateSubmitted,
  ScoresRevealed,
  ModelSigned,
  TraceCommitted,
  AuditAnswered,
] as const satisfies readonly AbiEvent[]

export type StudyLog = EventLog<typeof events>
/** All updates, reveals, model signatures and answers to audits of a study, see createEventCursor. */
export type StudyEvents = EventCursor<typeof events>

/** @param fromBlock the study's first block, or any before it */
export function createStudyEvents(
  client: Pick<PublicClient, 'getBlock' | 'getLogs'>,
  study: Address,
  fromBlock: bigint,
): StudyEvents {
  return createEventCursor(client, study, events, fromBlock)
}
