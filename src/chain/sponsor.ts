import { encodeAbiParameters, encodeFunctionData, parseEventLogs } from 'viem'
import { AppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'
import { creditsAbi, modelRegistryAbi, studyAbi, studyFactoryAbi } from './generated/abi.ts'
import type { AuditRules, Rules } from './reads.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** What Study.onTransferReceived is told the credits are for. */
const INTENT_INITIALIZE = 0
/** Starting a round with 64 members draws participants and seats. */
const STARTING_GAS = 3_000_000n

/**
 * Makes a study with the wallet's account as its sponsor. It is a draft until it is funded.
 * @returns the study's address
 * @throws AppError of sendCall
 */
export function createStudy(access: ChainAccess, rules: Rules): Promise<Address> {
  const data = encodeFunctionData({ abi: studyFactoryAbi, functionName: 'createStudy', args: [rules] })
  return createBy(access, 'createStudy', data)
}

/**
 * The same for a study whose training is proven.
 * @param audits verifier: see verifierFor; key: of deployKey
 * @returns the study's address
 * @throws AppError of sendCall; chain.reverted with error Study_BadRules where the rules do not fit
 */
export function createProvenStudy(access: ChainAccess, rules: Rules, audits: AuditRules): Promise<Address> {
  const data = encodeFunctionData({ abi: studyFactoryAbi, functionName: 'createProvenStudy', args: [rules, audits] })
  return createBy(access, 'createProvenStudy', data)
}

async function createBy(access: ChainAccess, name: string, data: Hex): Promise<Address> {
  const receipt = await sendCall(access, { name, to: access.deployment.factory, data })
  const [created] = parseEventLogs({ abi: studyFactoryAbi, eventName: 'StudyCreated', logs: receipt.logs })
  if (created === undefined) throw new AppError('chain.reverted', { reason: 'no study came out of it.', error: '' })
  return created.args.study
}

/**
 * Funds a study and opens it for hospitals, in one transaction.
 * @param task modelURI: see manifestUri; rounds as in the rules; deposit in the smallest unit of credit (18 decimals)
 * @throws AppError of sendCall
 */
export async function fundStudy(
  access: ChainAccess,
  study: Address,
  task: { readonly modelURI: string; readonly rounds: number; readonly deposit: bigint },
): Promise<void> {
  const { modelURI, rounds, deposit } = task
  const payload = encodeAbiParameters([{ type: 'string' }, { type: 'uint16' }], [modelURI, rounds])
  await sendCall(access, {
    name: 'initializeTask',
    to: access.deployment.credits,
    data: encodeFunctionData({
      abi: creditsAbi,
      functionName: 'transferAndCall',
      args: [study, deposit, encodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], [INTENT_INITIALIZE, payload])],
    }),
  })
}

/** Starts the first round: the sponsor once enough hospitals have joined, anybody after the deadline. @throws AppError of sendCall */
export async function startTask(access: ChainAccess, study: Address): Promise<void> {
  await sendCall(access, {
    name: 'startTask',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'startTask' }),
    headroom: STARTING_GAS,
    isResumed: false,
  })
}

/** Moves a study on whose deadline has passed; anybody may. @throws AppError of sendCall */
export async function advanceStudy(access: ChainAccess, study: Address): Promise<void> {
  await sendCall(access, {
    name: 'advance',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'advance' }),
    headroom: STARTING_GAS,
    isResumed: false,
  })
}

/** Ends the study early; the running round is void, what is unspent goes back. @throws AppError of sendCall */
export async function stopTask(access: ChainAccess, study: Address): Promise<void> {
  await sendCall(access, {
    name: 'stopTask',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'stopTask' }),
    headroom: STARTING_GAS,
    isResumed: false,
  })
}

/** Takes a hospital out from the next round on; its stake stays its own. @throws AppError of sendCall */
export async function removeWorker(access: ChainAccess, study: Address, hospital: Address): Promise<void> {
  await sendCall(access, {
    name: 'removeWorker',
    to: study,
    data: encodeFunctionData({ abi: studyAbi, functionName: 'removeWorker', args: [hospital] }),
    isResumed: false,
  })
}

/** Recommends an older version of the study's model for use. @throws AppError of sendCall */
export async function rollbackModel(
  access: ChainAccess,
  study: Address,
  version: bigint,
  reason: string,
): Promise<void> {
  await sendCall(access, {
    name: 'rollback',
    to: access.deployment.modelRegistry,
    data: encodeFunctionData({ abi: modelRegistryAbi, functionName: 'rollback', args: [study, version, reason] }),
    isResumed: false,
  })
}
