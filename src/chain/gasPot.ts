import { encodeFunctionData, parseEventLogs } from 'viem'
import type { Address, Hex } from '../study/types.ts'
import { gasPotAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** The last of a phase's duties does the phase's closing work, too. */
const CLOSING_GAS = 4_000_000n

/** Puts wei into a study's gas pot, out of which whoever carries its duties is paid back. @throws AppError of sendCall */
export async function fundGasPot(access: ChainAccess, study: Address, wei: bigint): Promise<void> {
  await sendCall(access, {
    name: 'fund',
    to: access.deployment.gasPot,
    data: encodeFunctionData({ abi: gasPotAbi, functionName: 'fund', args: [study] }),
    value: wei,
  })
}

/** What a study's gas pot holds, in wei. @throws AppError chain.unreachable */
export async function gasPotOf({ deployment, publicClient }: ChainReader, study: Address): Promise<bigint> {
  try {
    return await publicClient.readContract({
      address: deployment.gasPot,
      abi: gasPotAbi,
      functionName: 'balanceOf',
      args: [study],
    })
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/**
 * As the sponsor of a study that has ended: takes out what its gas pot still holds.
 * @returns the amount in wei
 * @throws AppError of sendCall; chain.reverted with error GasPot_Empty where there is nothing
 */
export async function reclaimGas(access: ChainAccess, study: Address): Promise<bigint> {
  const receipt = await sendCall(access, {
    name: 'reclaim',
    to: access.deployment.gasPot,
    data: encodeFunctionData({ abi: gasPotAbi, functionName: 'reclaim', args: [study] }),
    isResumed: false,
  })
  const paid = parseEventLogs({ abi: gasPotAbi, eventName: 'PotReclaimed', logs: receipt.logs })
  return paid.reduce((sum, { args }) => sum + args.amount, 0n)
}

/**
 * Carries signed duties to a study in one transaction, all or none, and is paid the gas back as far as the pot reaches.
 * @param calls calldata of what seats and hospitals sign for a round, of what an audit asks, or of advance
 * @returns wei paid back, and the gas the transaction used
 * @throws AppError of sendCall; chain.reverted with the study's reason for the first call that it refuses
 */
export async function carryDuties(
  access: ChainAccess,
  study: Address,
  calls: readonly Hex[],
): Promise<{ readonly refund: bigint; readonly gasUsed: bigint }> {
  const receipt = await sendCall(access, {
    name: 'carry',
    to: access.deployment.gasPot,
    data: encodeFunctionData({ abi: gasPotAbi, functionName: 'carry', args: [study, calls] }),
    headroom: CLOSING_GAS,
    isResumed: false,
  })
  const [carried] = parseEventLogs({ abi: gasPotAbi, eventName: 'DutiesCarried', logs: receipt.logs })
  return { refund: carried?.args.refund ?? 0n, gasUsed: receipt.gasUsed }
}
