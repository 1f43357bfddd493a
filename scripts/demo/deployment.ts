import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseEther } from 'viem'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { canStart } from '../../src/app/phases.ts'
import type { ListedStudy, Site } from '../../src/app/site.ts'
import { sponsorStudy } from '../../src/app/sponsorStudy.ts'
import { DEV_CHAIN_ID, publicClientFor, walletClientFor } from '../../src/chain/clients.ts'
import { creditUnits } from '../../src/chain/credits.ts'
import { demoAccount } from '../../src/chain/demoAccounts.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { studyAbi } from '../../src/chain/generated/abi.ts'
import { startTask } from '../../src/chain/sponsor.ts'
import { memoryTransactionJournal } from '../../src/chain/transactionJournal.ts'
import type { ChainAccess } from '../../src/chain/transactions.ts'
import { Phase } from '../../src/rounds/ports.ts'
import type { BlobStore } from '../../src/storage/BlobStore.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Address } from '../../src/study/types.ts'
import type { StudySource } from './studyData.ts'

/** A person needs longer to open tabs than a program. */
const unhurriedOpenSeconds = 24 * 3600

/** Wei that the sponsor puts into the gas pot: several times what seven seats' duties cost on a dev chain. */
const gasPerRound = parseEther('0.05')

/** For studies and invitations that people make in the app as the demo sponsor, on top of what the demo's own study takes. */
const spareCredits = 100_000

/** The demo chain's sponsor is also its deployer and issuer: account 0. Hospital k is account k. */
export function sponsorAccess(deployment: Deployment): ChainAccess {
  return {
    deployment,
    publicClient: publicClientFor(deployment),
    walletClient: walletClientFor(deployment, demoAccount(0, deployment.chainId)),
    journal: memoryTransactionJournal(),
    pollInterval: 100,
  }
}

/** Who admits hospitals on a demo chain. */
export interface DemoIssuers {
  /** Demo accounts, each with money. */
  readonly accounts: readonly number[]
  /** How many of them must agree. */
  readonly threshold: number
}

/**
 * Deploys the contracts, accredits each hospital and gives it twice the stake.
 *
 * @param studies how many the sponsor can pay for, twice over
 * @param issuers account 0 alone where none are named
 */
export async function deployDemo(
  rpcUrl: string,
  source: StudySource,
  studies = 1,
  issuers: DemoIssuers = { accounts: [0], threshold: 1 },
): Promise<Deployment> {
  const account = demoAccount(0, DEV_CHAIN_ID)
  const { rules } = source.plan([])
  const { threshold } = issuers
  const accounts = issuers.accounts.map(index => demoAccount(index, DEV_CHAIN_ID))
  const deployment = await deploy({ rpcUrl, account, issuers: accounts.map(({ address }) => address), threshold })
  await seedDevChain(deployment, {
    account,
    issuers: accounts,
    sponsor: account.address,
    hospitals: source.hospitals.map((name, i) => ({ address: demoAccount(i + 1, deployment.chainId).address, name })),
    hospitalCredits: creditUnits(2 * rules.stake),
    sponsorCredits: creditUnits(
      spareCredits + 2 * studies * rules.rewardPerRound * source.hospitals.length * rules.rounds,
    ),
  })
  return deployment
}

/**
 * Creates and funds the study. It waits for its hospitals.
 *
 * @param store takes the manifest to the relays; to be kept open, since a relay may come for it later
 * @param isUnhurried hospitals may take a day to join
 */
export async function openStudy(
  deployment: Deployment,
  store: BlobStore,
  source: StudySource,
  relays: readonly string[],
  isUnhurried: boolean,
): Promise<{ readonly listed: ListedStudy; readonly manifest: Manifest }> {
  const plan = source.plan(relays)
  const rules = { ...plan.rules, ...(isUnhurried && { openSeconds: unhurriedOpenSeconds }) }
  const count = source.hospitals.length
  const gasWei = BigInt(rules.rounds + 2) * gasPerRound
  const options = { minHospitals: count, maxHospitals: count, gasWei }
  const { study, manifest } = await sponsorStudy(sponsorAccess(deployment), store, { ...plan, rules }, options)
  return {
    manifest,
    listed: {
      address: study,
      name: manifest.name,
      rounds: rules.rounds,
      data: source.data,
      hospitals: [...source.hospitals],
    },
  }
}

/** Starts the first round as soon as all hospitals have joined and, in a proven study, are prepared. @throws AppError of the chain */
export async function startWhenJoined(
  deployment: Deployment,
  study: Address,
  hospitals: number,
  signal: AbortSignal,
): Promise<void> {
  const access = sponsorAccess(deployment)
  for (;;) {
    const snapshot = await access.publicClient.readContract({
      address: study,
      abi: studyAbi,
      functionName: 'snapshot',
    })
    if (snapshot.phase !== Phase.Open) return
    if (canStart(snapshot, hospitals)) {
      await startTask(access, study)
      return
    }
    await sleep(300, undefined, { signal })
  }
}

/** Where the page looks for its deployment. Never seen half written. */
export function writeSite(path: string, site: Site): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(site, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}
