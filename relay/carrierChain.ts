import { createPublicClient, createWalletClient, encodeFunctionData, getAbiItem, toFunctionSelector } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { chainOf, rpcTransport } from '../src/chain/clients.ts'
import type { Deployment } from '../src/chain/deployment.ts'
import { carryDuties, gasPotOf } from '../src/chain/gasPot.ts'
import { gasPotAbi, studyAbi } from '../src/chain/generated/abi.ts'
import { revertData } from '../src/chain/reverts.ts'
import { memoryTransactionJournal } from '../src/chain/transactionJournal.ts'
import type { Address, Hex } from '../src/study/types.ts'

/** What carrying duties needs of a chain. */
export interface CarrierChain {
  readonly chainId: number
  /** The account that pays first. */
  readonly account: Address
  /** Selectors of the calls that the gas pot pays for, in lower case. */
  readonly selectors: ReadonlySet<string>
  /** The one of them that holds a proof. */
  readonly proving: string
  /** Whether the study would take this call now: its answer where it would not. @throws where the chain does not answer */
  refusal(study: Address, call: Hex): Promise<Hex | undefined>
  /** Whether the study's pot holds what carrying these calls costs. @throws where the chain does not answer or refuses them */
  isPaid(study: Address, calls: readonly Hex[]): Promise<boolean>
  /**
   * Carries calls in one transaction; one at a time.
   * @param onSent told the hash of each transaction that goes out: more than one where the chain drops some
   * @throws AppError of sendCall
   */
  carry(study: Address, calls: readonly Hex[], onSent: (hash: Hex) => void): Promise<Carried>
}

/** In wei. */
export interface Carried {
  readonly refund: bigint
  readonly cost: bigint
}

/** Functions of a study that GasPot carries. */
const carried = [
  'attest',
  'submitScore',
  'postMasks',
  'postProducts',
  'openShares',
  'signModel',
  'signScored',
  'accuse',
  'vetoRound',
  'advance',
  'prepare',
  'reveal',
  'capture',
  'prove',
]
/** The pot pays no more than 2 gwei above the base fee: a higher tip would be the relay's own. */
const MOST_TIP = 2_000_000_000n
/** What the pot must hold beyond an estimate, in percent: state that others write meanwhile costs more or less. */
const RESERVE = 20n

export interface CarrierChainOptions {
  readonly deployment: Deployment
  /** The account's private key: 32 bytes in hexadecimal, with 0x. */
  readonly key: Hex
  /** Milliseconds between looks for a receipt. Default 500. */
  readonly pollInterval?: number
}

/** Carries duties with an account of its own, over the RPCs of a deployment. @throws Error where the key is none */
export function carrierChain({ deployment, key, pollInterval }: CarrierChainOptions): CarrierChain {
  const account = privateKeyToAccount(key)
  const chain = chainOf(deployment)
  const transport = rpcTransport(deployment.rpcUrls)
  const publicClient = createPublicClient({ chain, transport })
  const walletClient = createWalletClient({
    account,
    chain: { ...chain, fees: { maxPriorityFeePerGas: tip } },
    transport,
  })
  const access = { deployment, publicClient, walletClient, journal: memoryTransactionJournal() }

  async function tip(): Promise<bigint> {
    const suggested = await publicClient.estimateMaxPriorityFeePerGas()
    return suggested < MOST_TIP ? suggested : MOST_TIP
  }

  return {
    chainId: deployment.chainId,
    account: account.address,
    selectors: new Set(
      studyAbi.flatMap(item =>
        item.type === 'function' && carried.includes(item.name) ? [toFunctionSelector(item)] : [],
      ),
    ),
    proving: toFunctionSelector(getAbiItem({ abi: studyAbi, name: 'prove' })),
    async refusal(study, call) {
      try {
        await publicClient.call({ account: account.address, to: study, data: call, blockTag: 'pending' })
        return undefined
      } catch (error) {
        const data = revertData(error)
        if (data === undefined) throw error
        return data
      }
    },
    async isPaid(study, calls) {
      const [balance, gas, block, most] = await Promise.all([
        gasPotOf(access, study),
        publicClient.estimateGas({
          account: account.address,
          to: deployment.gasPot,
          data: encodeFunctionData({ abi: gasPotAbi, functionName: 'carry', args: [study, calls] }),
          blockTag: 'pending',
        }),
        publicClient.getBlock({ blockTag: 'latest' }),
        tip(),
      ])
      return balance * 100n >= gas * ((block.baseFeePerGas ?? 0n) + most) * (100n + RESERVE)
    },
    async carry(study, calls, onSent) {
      let cost = 0n
      const { refund } = await carryDuties(
        {
          ...access,
          ...(pollInterval !== undefined && { pollInterval }),
          onStep: ({ status, hash, feeWei }) => {
            if (status === 'pending' && hash !== undefined) onSent(hash)
            if (status === 'confirmed') cost = feeWei ?? 0n
          },
        },
        study,
        calls,
      )
      return { refund, cost }
    },
  }
}
