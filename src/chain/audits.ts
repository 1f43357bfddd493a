import {
  type AbiEvent,
  decodeFunctionData,
  encodeAbiParameters,
  getAbiItem,
  hexToBytes,
  keccak256,
  parseAbiParameters,
} from 'viem'
import type { AuditAnswer, AuditQuestion } from '../rounds/ports.ts'
import { indices } from '../rounds/sets.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import { createEventCursor, type EventLog } from './eventCursor.ts'
import { gasPotAbi, studyAbi } from './generated/abi.ts'
import { readKey } from './proofKeys.ts'
import { type AuditRules, type ChainReader, readAuditRules } from './reads.ts'
import { toAppError } from './reverts.ts'
import { readCosts, type TransactionCost } from './studyHistory.ts'

const events = [
  getAbiItem({ abi: studyAbi, name: 'HospitalJoined' }),
  getAbiItem({ abi: studyAbi, name: 'RoundStarted' }),
  getAbiItem({ abi: studyAbi, name: 'TraceCommitted' }),
  getAbiItem({ abi: studyAbi, name: 'HospitalsDrawn' }),
  getAbiItem({ abi: studyAbi, name: 'AuditAnswered' }),
  getAbiItem({ abi: studyAbi, name: 'AuditFailed' }),
] as const satisfies readonly AbiEvent[]

type AuditLog = EventLog<typeof events>
type LogOf<Name extends AuditLog['eventName']> = Extract<AuditLog, { eventName: Name }>

/** What proofs of a study are checked against, beside what each says itself. */
export interface AuditTerms {
  readonly rules: AuditRules
  /** The study's, of EIP-712. */
  readonly domainSeparator: Hex
  /** The key at rules.key, for src/audit/stark; null where there is none. */
  readonly key: Uint8Array | null
}

/** What the chain knows of one hospital's audit in one round. */
export interface AuditRecord {
  readonly round: number
  readonly hospital: Address
  /** What it was asked; null where it failed before anybody was drawn, by not revealing. */
  readonly question: AuditQuestion | null
  /** What its update was bound to. */
  readonly trace: Hex
  /** open: its proof has not come yet, or the round ended before it had to. */
  readonly verdict: 'proven' | 'failed' | 'open'
  /** With failed: the contract's word, “no reveal” or “no proof”. */
  readonly reason?: string
  /** With proven and failed: what settled it. */
  readonly transaction?: TransactionCost & { readonly block: bigint }
}

/** As the hospital's transaction says it. */
export interface AuditProof {
  readonly answer: AuditAnswer
  /** Empty where the proof went to the verifier before, in two parts. */
  readonly proof: Uint8Array
}

/** @returns null where the study is not proven @throws AppError chain.unreachable, chain.reverted where there is no study */
export async function readAuditTerms(reader: ChainReader, study: Address): Promise<AuditTerms | null> {
  const rules = await readAuditRules(reader, study)
  if (rules === null) return null
  const read = { address: study, abi: studyAbi, functionName: 'domainSeparator' } as const
  const [domainSeparator, key] = await reaching(reader, () =>
    Promise.all([reader.publicClient.readContract(read), readKey(reader, rules.key)]),
  )
  return { rules, domainSeparator, key }
}

/**
 * Reads who was audited in a study: by round, then by order of joining. Remembers how far it came: a later call reads what is new.
 * @param fromBlock the study's first block, or any before it. Default: the deployment's
 * @returns a function that reads on; it throws AppError chain.unreachable
 */
export function createAuditRecords(
  reader: ChainReader,
  study: Address,
  fromBlock: bigint = BigInt(reader.deployment.block),
): () => Promise<readonly AuditRecord[]> {
  const { publicClient } = reader
  const cursor = createEventCursor(publicClient, study, events, fromBlock)
  const costs = new Map<Hex, TransactionCost>()
  const parents = new Map<Hex, Hex>()

  /** Hashes of the blocks before those in which rounds began. */
  async function parentOf(blockHash: Hex): Promise<Hex> {
    const parent = parents.get(blockHash) ?? (await publicClient.getBlock({ blockHash })).parentHash
    parents.set(blockHash, parent)
    return parent
  }

  return () =>
    reaching(reader, async () => {
      const logs = await cursor.read()
      const settling = logs.filter(({ eventName }) => eventName === 'AuditAnswered' || eventName === 'AuditFailed')
      await readCosts(
        publicClient,
        settling.map(({ transactionHash }) => transactionHash),
        costs,
      )
      const records: AuditRecord[] = []
      for (const start of named(logs, 'RoundStarted')) {
        const inRound = logs.filter(({ args }) => 'round' in args && args.round === start.args.round)
        const audited = auditedIn(inRound, named(logs, 'HospitalJoined'))
        if (audited.length === 0) continue
        const seed = seedOf(study, start, await parentOf(start.blockHash), logs)
        records.push(...audited.map(member => recordOf(member, inRound, seed, costs)))
      }
      return records
    })
}

/**
 * Reads the proof of an audit that is proven out of the transaction that brought it: the hospital's own, or a carrier's.
 * @returns null where another contract brought it in a way that is not known here
 * @throws AppError chain.unreachable
 */
export async function readAuditProof(
  reader: ChainReader,
  study: Address,
  { hospital, round, transaction }: AuditRecord,
): Promise<AuditProof | null> {
  if (transaction === undefined) return null
  const { to, input } = await reaching(reader, () => reader.publicClient.getTransaction({ hash: transaction.hash }))
  for (const data of to === null ? [] : callsOf(reader, study, { to, input })) {
    const call = decodeFunctionData({ abi: studyAbi, data })
    if (call.functionName !== 'prove') continue
    const [by, inRound, answer, proof] = call.args
    // A call that fails undoes its transaction: no other can have been about this hospital in this round.
    if (sameAddress(by, hospital) && inRound === round) return { answer, proof: hexToBytes(proof) }
  }
  return null
}

/** The calls of a study in a transaction. */
function callsOf(
  { deployment }: ChainReader,
  study: Address,
  { to, input }: { readonly to: Address; readonly input: Hex },
): readonly Hex[] {
  if (sameAddress(to, deployment.gasPot)) {
    const call = decodeFunctionData({ abi: gasPotAbi, data: input })
    return call.functionName === 'carry' && sameAddress(call.args[0], study) ? call.args[1] : []
  }
  if (!sameAddress(to, study)) return []
  const call = decodeFunctionData({ abi: studyAbi, data: input })
  return call.functionName === 'multicall' ? call.args[0] : [input]
}

interface AuditedMember {
  readonly hospital: Address
  readonly index: number
}

/** Who was drawn in a round or failed it. */
function auditedIn(inRound: readonly AuditLog[], joined: readonly LogOf<'HospitalJoined'>[]): AuditedMember[] {
  const [draw] = named(inRound, 'HospitalsDrawn')
  const drawn = indices(draw?.args.drawn ?? 0n)
  const failed = named(inRound, 'AuditFailed').map(({ args }) => args.hospital)
  return joined
    .map(({ args }) => args)
    .filter(({ hospital, index }) => drawn.includes(index) || failed.some(other => sameAddress(other, hospital)))
}

function recordOf(
  { hospital, index: member }: AuditedMember,
  inRound: readonly AuditLog[],
  seed: Hex,
  costs: ReadonlyMap<Hex, TransactionCost>,
): AuditRecord {
  const own = inRound.filter(({ args }) => 'hospital' in args && sameAddress(args.hospital, hospital))
  const [submitted] = named(own, 'TraceCommitted')
  if (submitted === undefined) throw new RangeError(`${hospital} is audited in a round that it did not submit to`)
  const { round, trace, contribution } = submitted.args
  const [draw] = named(inRound, 'HospitalsDrawn')
  const isDrawn = draw !== undefined && indices(draw.args.drawn).includes(member)
  const question = isDrawn ? { draw: { seed, member, contribution }, beacon: draw.args.beacon } : null
  const [answered] = named(own, 'AuditAnswered')
  const [failed] = named(own, 'AuditFailed')
  const settled = answered ?? failed
  const cost = settled && costs.get(settled.transactionHash)
  return {
    ...{ round, hospital, question, trace },
    verdict: answered ? 'proven' : failed ? 'failed' : 'open',
    ...(failed && { reason: failed.args.reason }),
    ...(cost && { transaction: { ...cost, block: settled.blockNumber } }),
  }
}

/**
 * The seed of a round, which is in no event: of the block before the one in which the round began, and the beacon before.
 * @param parent hash of that block
 */
function seedOf(study: Address, start: LogOf<'RoundStarted'>, parent: Hex, logs: readonly AuditLog[]): Hex {
  const before = named(logs.slice(0, logs.indexOf(start)), 'HospitalsDrawn').at(-1)
  return keccak256(
    encodeAbiParameters(parseAbiParameters('bytes32, bytes32, address, uint16'), [
      ...([parent, before?.args.beacon ?? NO_BEACON] as const),
      ...([study, start.args.round] as const),
    ]),
  )
}

const NO_BEACON: Hex = `0x${'0'.repeat(64)}`

function named<Name extends AuditLog['eventName']>(logs: readonly AuditLog[], name: Name): LogOf<Name>[] {
  return logs.filter((log): log is LogOf<Name> => log.eventName === name)
}

async function reaching<T>({ deployment }: ChainReader, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}
