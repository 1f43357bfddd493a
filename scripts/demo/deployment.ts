import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import type { ListedStudy, Site } from '../../src/app/site.ts'
import { demoAccount, publicClientFor, walletClientFor } from '../../src/chain/clients.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { studyAbi } from '../../src/chain/generated/abi.ts'
import type { Rules } from '../../src/chain/reads.ts'
import { createStudy, fundStudy, startTask } from '../../src/chain/sponsor.ts'
import { memoryTransactionJournal } from '../../src/chain/transactionJournal.ts'
import type { ChainAccess } from '../../src/chain/transactions.ts'
import { bytesToHex } from '../../src/crypto/bytes.ts'
import { manifestUri } from '../../src/crypto/cid.ts'
import { Phase } from '../../src/rounds/ports.ts'
import type { StudyPlan } from '../../src/study/studies/StudyPlan.ts'
import type { Address } from '../../src/study/types.ts'
import { manifestHash } from '../../src/training/plaintext.ts'
import type { StudySource } from './studyData.ts'

/** One credit in its smallest unit. */
export const CREDIT = 10n ** 18n
/** A person needs longer to open tabs than a program. */
const unhurriedOpenSeconds = 24 * 3600

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

/** Deploys the contracts and gives each hospital accreditation and twice the stake. */
export async function deployDemo(rpcUrl: string, source: StudySource): Promise<Deployment> {
  const account = demoAccount(0, 31337)
  const { rules } = source.plan([])
  const deployment = await deploy({ rpcUrl, account })
  await seedDevChain(deployment, {
    account,
    sponsor: account.address,
    hospitals: source.hospitals.map((name, i) => ({ address: demoAccount(i + 1, deployment.chainId).address, name })),
    hospitalCredits: 2n * BigInt(rules.stake) * CREDIT,
    sponsorCredits: depositOf(rules, source.hospitals.length),
  })
  return deployment
}

/** Creates and funds the study as its sponsor. It waits for its hospitals. */
export async function sponsorStudy(
  deployment: Deployment,
  source: StudySource,
  relays: readonly string[],
  isUnhurried: boolean,
): Promise<ListedStudy> {
  const access = sponsorAccess(deployment)
  const { manifest, rules } = source.plan(relays)
  const hospitals = source.hospitals.length
  const study = await createStudy(access, contractRules(rules, hospitals, isUnhurried))
  await fundStudy(access, study, {
    modelURI: manifestUri(bytesToHex(await manifestHash(manifest))),
    rounds: rules.rounds,
    deposit: depositOf(rules, hospitals),
  })
  return { address: study, rounds: rules.rounds, manifest, data: source.data, hospitals: [...source.hospitals] }
}

/** Starts the first round as soon as all hospitals have joined. @throws AppError of the chain */
export async function startWhenJoined(
  deployment: Deployment,
  study: Address,
  hospitals: number,
  signal: AbortSignal,
): Promise<void> {
  const access = sponsorAccess(deployment)
  for (;;) {
    const { phase, members } = await access.publicClient.readContract({
      address: study,
      abi: studyAbi,
      functionName: 'snapshot',
    })
    if (phase !== Phase.Open) return
    if (members.length === hospitals) return startTask(access, study)
    await sleep(300, undefined, { signal })
  }
}

/** Where the page looks for its deployment. Never seen half written. */
export function writeSite(path: string, site: Site): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(site, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}

function contractRules(rules: StudyPlan['rules'], hospitals: number, isUnhurried: boolean): Rules {
  const { rewardPerRound: _, stake, openSeconds, ...same } = rules
  return {
    ...same,
    minHospitals: hospitals,
    maxHospitals: hospitals,
    maxSeats: Math.min(7, hospitals),
    topK: Math.min(3, hospitals),
    schedule: 0,
    stake: BigInt(stake) * CREDIT,
    openSeconds: isUnhurried ? unhurriedOpenSeconds : openSeconds,
  }
}

function depositOf({ rewardPerRound, rounds }: StudyPlan['rules'], hospitals: number): bigint {
  return BigInt(rewardPerRound * hospitals * rounds) * CREDIT
}
