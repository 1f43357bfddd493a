import { encodeAbiParameters, encodeFunctionData, getAbiItem, parseEventLogs } from 'viem'
import { bytesToHex } from 'viem/utils'
import type { DutySignature, MemberKeys } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import { creditsAbi, studyAbi } from './generated/abi.ts'
import { readRules } from './reads.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** What Study.onTransferReceived is told the credits are for. */
const INTENT_JOIN = 1
const [keysParameter] = getAbiItem({ abi: studyAbi, name: 'joinTask' }).inputs

/**
 * Joins a study with exactly its stake and with keys made for it, in one transaction. Once per wallet; the hospital takes
 * part from the next round on.
 * @param keys public halves, see publicKeys; kept by the caller before this is called
 * @param peerId libp2p peer id (multihash bytes) of the hospital's storage node
 * @throws AppError of sendCall
 */
export async function joinStudy(
  access: ChainAccess,
  study: Address,
  keys: MemberKeys,
  peerId: Uint8Array,
): Promise<void> {
  const { stake } = await readRules(access, study)
  const payload = encodeAbiParameters(
    [keysParameter],
    [
      {
        dutyX: keys.duty.x,
        dutyY: keys.duty.y,
        encryptionKey: bytesToHex(keys.encryption),
        peerId: bytesToHex(peerId),
      },
    ],
  )
  await sendCall(access, {
    name: 'joinTask',
    to: access.deployment.credits,
    data: encodeFunctionData({
      abi: creditsAbi,
      functionName: 'transferAndCall',
      args: [study, stake, encodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], [INTENT_JOIN, payload])],
    }),
  })
}

/** Leaves a study from the next round on. @throws AppError of sendCall */
export async function leaveStudy(access: ChainAccess, study: Address): Promise<void> {
  await sendCall(access, {
    name: 'leaveTask',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'leaveTask' }),
  })
}

/**
 * Takes out what the study owes this account: rewards at any time, the stake or the sponsor's refund after the end.
 * @returns the amount in the smallest unit of credit (18 decimals)
 * @throws AppError of sendCall; chain.reverted with error Study_NothingToWithdraw
 */
export async function withdraw(access: ChainAccess, study: Address): Promise<bigint> {
  const receipt = await sendCall(access, {
    name: 'withdraw',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'withdraw' }),
    isResumed: false,
  })
  const withdrawn = parseEventLogs({ abi: studyAbi, eventName: 'Withdrawn', logs: receipt.logs })
  return withdrawn.reduce((sum, { args }) => sum + args.amount, 0n)
}

/** A hospital's word that it sits a round out, or that it does take part after all. */
export interface RoundVeto {
  readonly hospital: Address
  /** One that has not begun, at most 100 rounds ahead. */
  readonly round: number
  /** false takes a veto back, which is final. */
  readonly vetoed: boolean
  /** By the hospital's duty key, see DutySigner.veto. */
  readonly signature: DutySignature
}

/** Calldata of a veto, for whoever carries it. */
export function encodeVeto({ hospital, round, vetoed, signature }: RoundVeto): Hex {
  return encodeFunctionData({
    abi: studyAbi,
    functionName: 'vetoRound',
    args: [hospital, round, vetoed, signature],
  })
}

/**
 * Tells the study that a hospital sits a round out. Any account may send it: the duty key's signature counts.
 * @throws AppError of sendCall; chain.reverted with error Study_NotVetoable once the round has begun, Study_AlreadyDone
 */
export async function vetoRound(access: ChainAccess, study: Address, veto: RoundVeto): Promise<void> {
  await sendCall(access, { name: 'vetoRound', to: study, data: encodeVeto(veto) })
}
