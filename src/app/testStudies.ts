import { readFileSync } from 'node:fs'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { type Wallet, walletClientFor } from '../chain/clients.ts'
import { demoAccount } from '../chain/demoAccounts.ts'
import type { Deployment } from '../chain/deployment.ts'
import { studyAbi } from '../chain/generated/abi.ts'
import { type Anvil, startAnvil } from '../chain/testing/anvil.ts'
import type { TableDataset } from '../data/dataset.ts'
import { heartCenters, heartDataset } from '../data/heart.ts'
import type { SimulatedStudy } from './simulation.ts'

/** The four hospitals' patients of the heart study. */
export function heartDatasets(): TableDataset[] {
  const folder = new URL('../../public/studies/heart/', import.meta.url)
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
  const split = JSON.parse(read('flamby-split.json'))
  return heartCenters.map(center => heartDataset(center, read(`processed.${center}.data`), split, 1))
}

/** A chain on which studies can be simulated. */
export interface StudyChain {
  readonly anvil: Anvil
  readonly deployment: Deployment
  /** The first deploys and sponsors; the others are hospitals with 10,000 credits. */
  readonly wallets: readonly Wallet[]
}

/** Starts Anvil, deploys, and accredits and funds the hospitals. @param accounts how many there are, the sponsor's included */
export async function startStudyChain(port: number, accounts: number): Promise<StudyChain> {
  const anvil = await startAnvil({ port, accounts })
  try {
    const account = demoAccount(0, anvil.chainId)
    const deployment = await deploy({ rpcUrl: anvil.rpcUrl, account })
    const wallets = Array.from({ length: accounts }, (_, i) =>
      walletClientFor(deployment, demoAccount(i, anvil.chainId)),
    )
    await seedDevChain(deployment, {
      account,
      sponsor: account.address,
      hospitals: wallets.slice(1).map((wallet, i) => ({ address: wallet.account.address, name: `Hospital ${i}` })),
      hospitalCredits: 10n ** 22n,
    })
    return { anvil, deployment, wallets }
  } catch (error) {
    await anvil.stop()
    throw error
  }
}

export type StudyEventName = Extract<(typeof studyAbi)[number], { readonly type: 'event' }>['name']

/** What a simulated study's contract has told so far, in the chain's order. */
export async function studyEvents({ access, study }: SimulatedStudy, eventName: StudyEventName) {
  const { deployment, publicClient } = access
  const logs = await publicClient.getContractEvents({
    address: study,
    abi: studyAbi,
    eventName,
    fromBlock: BigInt(deployment.block),
    strict: true,
  })
  return logs.map(({ args }) => args as Record<string, unknown> & { readonly round: number })
}
