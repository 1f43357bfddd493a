import { deploy, seedDevChain } from '../../../contracts/script/deploy.ts'
import { type BlobSigner, createDutySigner } from '../../crypto/duty.ts'
import { createKeys, type HospitalKeys, publicKeys } from '../../crypto/keys.ts'
import type { ChainPort } from '../../rounds/ports.ts'
import type { Address } from '../../study/types.ts'
import { publicClientFor, walletClientFor } from '../clients.ts'
import { demoAccount } from '../demoAccounts.ts'
import type { Deployment } from '../deployment.ts'
import { GasLog } from '../gas.ts'
import { joinStudy } from '../hospital.ts'
import type { AuditRules, Rules } from '../reads.ts'
import { createStudyChain, type StudyChainOptions } from '../StudyChain.ts'
import { createProvenStudy, createStudy, fundStudy } from '../sponsor.ts'
import { memoryTransactionJournal } from '../transactionJournal.ts'
import type { ChainAccess } from '../transactions.ts'
import { type Anvil, type AnvilOptions, startAnvil } from './anvil.ts'

/** One credit in its smallest unit. */
export const CREDIT = 10n ** 18n

/** Rules of a short study for tests: four hospitals, one training round, long deadlines. */
export const testRules: Rules = {
  rounds: 1,
  standardise: false,
  minHospitals: 2,
  maxHospitals: 64,
  maxSeats: 7,
  topK: 3,
  schedule: 0,
  margin: -200,
  slashBps: 1000,
  stake: 10n * CREDIT,
  openSeconds: 600,
  trainSeconds: 600,
  attestSeconds: 600,
  scoreSeconds: 600,
  aggregateSeconds: 600,
  pauseSeconds: 0,
  mode: 0,
  clip: 0,
  fractionBits: 0,
  scored: false,
}

export interface TestChain {
  readonly anvil: Anvil
  readonly deployment: Deployment
  /** Gas of everything that was sent through `access`. */
  readonly gasLog: GasLog
  /** The account 0 deploys and accredits, 1 sponsors, the hospitals follow. Another deployment brings its own RPC. */
  access(index: number, changes?: Partial<ChainAccess>): ChainAccess
  hospital(index: number): Address
  stop(): Promise<void>
}

/** Starts Anvil, deploys, and accredits and funds the hospitals. @param hospitals how many; 0 is account 2 */
export async function startTestChain(hospitals: number, options: AnvilOptions = {}): Promise<TestChain> {
  const anvil = await startAnvil({ accounts: hospitals + 2, ...options })
  try {
    const account = (index: number) => demoAccount(index, anvil.chainId)
    const deployment = await deploy({ rpcUrl: anvil.rpcUrl, account: account(0) })
    const hospital = (index: number) => account(index + 2).address
    await seedDevChain(deployment, {
      account: account(0),
      sponsor: account(1).address,
      hospitals: Array.from({ length: hospitals }, (_, i) => ({ address: hospital(i), name: `Hospital ${i}` })),
    })
    const gasLog = new GasLog()
    const publicClient = publicClientFor(deployment)
    const access = (index: number, changes: Partial<ChainAccess> = {}): ChainAccess => ({
      deployment,
      publicClient: changes.deployment === undefined ? publicClient : publicClientFor(changes.deployment),
      walletClient: walletClientFor(changes.deployment ?? deployment, account(index)),
      journal: memoryTransactionJournal(),
      gasLog,
      pollInterval: 50,
      ...changes,
    })
    return { anvil, deployment, gasLog, access, hospital, stop: anvil.stop }
  } catch (error) {
    await anvil.stop()
    throw error
  }
}

export interface TestMember {
  readonly keys: HospitalKeys
  readonly signer: BlobSigner
  readonly access: ChainAccess
  readonly port: ChainPort
}

/**
 * Makes and funds a study (100 credits a round) that the first `count` hospitals have joined; it is not started.
 * @param audits of a proven study
 */
export async function openStudy(
  chain: TestChain,
  count: number,
  rules: Partial<Rules> = {},
  options: Partial<StudyChainOptions> = {},
  audits?: AuditRules,
): Promise<{ readonly study: Address; readonly members: readonly TestMember[] }> {
  const sponsor = chain.access(1)
  const all: Rules = { ...testRules, ...rules }
  const study = await (audits === undefined ? createStudy(sponsor, all) : createProvenStudy(sponsor, all, audits))
  const deposit = 100n * CREDIT * BigInt(all.rounds)
  await fundStudy(sponsor, study, { modelURI: 'ipfs://test', rounds: all.rounds, deposit })
  const members: TestMember[] = []
  // One after the other: the order of joining is the members' order.
  for (let i = 0; i < count; i++) {
    const access = chain.access(i + 2)
    const keys = await createKeys()
    const peerId = crypto.getRandomValues(new Uint8Array(38))
    await joinStudy(access, study, await publicKeys(keys), peerId)
    const port = createStudyChain({ ...access, study, pollInterval: 100, ...options })
    members.push({ keys, signer: createDutySigner(keys.duty.privateKey), access, port })
  }
  return { study, members }
}
