import type { Address } from '../study/types.ts'
import { hospitalRegistryAbi, studyAbi } from './generated/abi.ts'
import { type ChainReader, creditsOf } from './reads.ts'
import { toAppError } from './reverts.ts'

/** What an account can pay with, and the price of the day. */
export interface Purse {
  /** Smallest unit of credit (18 decimals). */
  readonly credits: bigint
  readonly wei: bigint
  /** Wei for a unit of gas, as transactions are sent now. */
  readonly gasPrice: bigint
}

/** @throws AppError chain.unreachable */
export async function readPurse(reader: ChainReader, account: Address): Promise<Purse> {
  const { deployment, publicClient } = reader
  try {
    const [credits, wei, gasPrice] = await Promise.all([
      creditsOf(reader, account),
      publicClient.getBalance({ address: account }),
      publicClient.getGasPrice(),
    ])
    return { credits, wei, gasPrice }
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/** What a study owes an account beside a stake: rewards, or the sponsor's refund. @throws AppError chain.unreachable */
export async function rewardOf(
  { deployment, publicClient }: ChainReader,
  study: Address,
  account: Address,
): Promise<bigint> {
  try {
    return await publicClient.readContract({
      address: study,
      abi: studyAbi,
      functionName: 'rewardOf',
      args: [account],
    })
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/** The chain's clock: unix seconds of the newest block. @throws AppError chain.unreachable */
export async function chainTime({ deployment, publicClient }: ChainReader): Promise<number> {
  try {
    return Number((await publicClient.getBlock({ blockTag: 'latest' })).timestamp)
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/** Who may admit hospitals, and how many of them must agree. @throws AppError chain.unreachable */
export async function readIssuers({
  deployment,
  publicClient,
}: ChainReader): Promise<{ readonly issuers: readonly Address[]; readonly threshold: number }> {
  const contract = { address: deployment.registry, abi: hospitalRegistryAbi } as const
  try {
    const [issuers, threshold] = await Promise.all([
      publicClient.readContract({ ...contract, functionName: 'issuers' }),
      publicClient.readContract({ ...contract, functionName: 'threshold' }),
    ])
    return { issuers, threshold }
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}
