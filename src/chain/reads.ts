import type { ContractFunctionReturnType } from 'viem'
import type { StudySnapshot } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import {
  creditsAbi,
  hospitalRegistryAbi,
  modelRegistryAbi,
  reputationAbi,
  studyAbi,
  studyFactoryAbi,
} from './generated/abi.ts'
import { toAppError } from './reverts.ts'
import type { ChainAccess } from './transactions.ts'

/** What reading needs. */
export type ChainReader = Pick<ChainAccess, 'deployment' | 'publicClient'>

/** IStudy.Rules: durations in seconds, amounts in the smallest unit of credit (18 decimals), scores in basis points. */
export type Rules = ContractFunctionReturnType<typeof studyAbi, 'view', 'rules'>
/** IStudy.AuditRules: parts in basis points, durations in seconds. */
export type AuditRules = ContractFunctionReturnType<typeof studyAbi, 'view', 'auditRules'>
/** IReputation.Standing: reputation 0 to 10,000, 5,000 before the first round. */
export type Standing = ContractFunctionReturnType<typeof reputationAbi, 'view', 'standingOf'>
/** IModelRegistry.Model with its version. */
export type ModelVersion = ContractFunctionReturnType<typeof modelRegistryAbi, 'view', 'modelAt'> & {
  readonly version: bigint
}

/** Where a study comes from and by which rules it runs. Fixed once it is funded. */
export interface StudyInfo {
  readonly study: Address
  readonly sponsor: Address
  /** Empty while the study is a draft. */
  readonly modelURI: string
  readonly rules: Rules
}

/** A hospital's account with a study, in the smallest unit of credit (18 decimals). */
export interface Balance {
  readonly stake: bigint
  readonly reward: bigint
  readonly forfeited: bigint
}

/** All studies of the deployment, oldest first. @throws AppError chain.unreachable */
export function listStudies({ deployment, publicClient }: ChainReader): Promise<readonly Address[]> {
  return reading(deployment, () =>
    publicClient.readContract({ address: deployment.factory, abi: studyFactoryAbi, functionName: 'studies' }),
  )
}

/** @throws AppError chain.unreachable, chain.reverted where there is no study */
export function readRules({ deployment, publicClient }: ChainReader, study: Address): Promise<Rules> {
  return reading(deployment, () => publicClient.readContract({ address: study, abi: studyAbi, functionName: 'rules' }))
}

/**
 * How a study's training is audited; null where it is not proven.
 * @throws AppError chain.unreachable, chain.reverted where there is no study
 */
export function readAuditRules({ deployment, publicClient }: ChainReader, study: Address): Promise<AuditRules | null> {
  return reading(deployment, async () => {
    const rules = await publicClient.readContract({ address: study, abi: studyAbi, functionName: 'auditRules' })
    return rules.steps === 0 ? null : rules
  })
}

/** How often a hospital was audited over all studies of the deployment, and passed. @throws AppError chain.unreachable */
export function honestyOf(
  { deployment, publicClient }: ChainReader,
  hospital: Address,
): Promise<{ readonly audits: number; readonly passed: number }> {
  return reading(deployment, async () => {
    const [audits, passed] = await publicClient.readContract({
      address: deployment.reputation,
      abi: reputationAbi,
      functionName: 'honestyOf',
      args: [hospital],
    })
    return { audits, passed }
  })
}

/** @throws AppError chain.unreachable, chain.reverted where there is no study */
export function readStudy({ deployment, publicClient }: ChainReader, study: Address): Promise<StudyInfo> {
  return reading(deployment, async () => {
    const contract = { address: study, abi: studyAbi } as const
    const [sponsor, modelURI, rules] = await Promise.all([
      publicClient.readContract({ ...contract, functionName: 'sponsor' }),
      publicClient.readContract({ ...contract, functionName: 'modelURI' }),
      publicClient.readContract({ ...contract, functionName: 'rules' }),
    ])
    return { study, sponsor, modelURI, rules }
  })
}

/** Where a study stands, at one block. @throws AppError chain.unreachable, chain.reverted where there is no study */
export function readSnapshot({ deployment, publicClient }: ChainReader, study: Address): Promise<StudySnapshot> {
  return reading(
    deployment,
    async () =>
      (await publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' })) as StudySnapshot,
  )
}

/** Standings over all studies of the deployment, in the order asked. @throws AppError chain.unreachable */
export function standingsOf(
  { deployment, publicClient }: ChainReader,
  hospitals: readonly Address[],
): Promise<readonly Standing[]> {
  return reading(deployment, () =>
    publicClient.readContract({
      address: deployment.reputation,
      abi: reputationAbi,
      functionName: 'standingsOf',
      args: [hospitals],
    }),
  )
}

/** A member's stake, reward to be withdrawn and forfeits in a study. @throws AppError chain.unreachable; chain.reverted: no member */
export function balanceOf(
  { deployment, publicClient }: ChainReader,
  study: Address,
  hospital: Address,
): Promise<Balance> {
  return reading(deployment, async () => {
    const contract = { address: study, abi: studyAbi, args: [hospital] } as const
    const [stake, reward, forfeited] = await Promise.all([
      publicClient.readContract({ ...contract, functionName: 'stakeOf' }),
      publicClient.readContract({ ...contract, functionName: 'rewardOf' }),
      publicClient.readContract({ ...contract, functionName: 'forfeitedOf' }),
    ])
    return { stake, reward, forfeited }
  })
}

/**
 * What a study owes an account and it has not withdrawn, stakes apart: a hospital's rewards, a sponsor's refund. In the
 * smallest unit of credit (18 decimals). @throws AppError chain.unreachable
 */
export function rewardOf({ deployment, publicClient }: ChainReader, study: Address, account: Address): Promise<bigint> {
  return reading(deployment, () =>
    publicClient.readContract({ address: study, abi: studyAbi, functionName: 'rewardOf', args: [account] }),
  )
}

/** Credits in a wallet, in the smallest unit (18 decimals). @throws AppError chain.unreachable */
export function creditsOf({ deployment, publicClient }: ChainReader, account: Address): Promise<bigint> {
  return reading(deployment, () =>
    publicClient.readContract({
      address: deployment.credits,
      abi: creditsAbi,
      functionName: 'balanceOf',
      args: [account],
    }),
  )
}

/** Every finalised model of a study, oldest first. @throws AppError chain.unreachable */
export function modelVersions({ deployment, publicClient }: ChainReader, study: Address): Promise<ModelVersion[]> {
  return reading(deployment, async () => {
    const contract = { address: deployment.modelRegistry, abi: modelRegistryAbi } as const
    const count = await publicClient.readContract({ ...contract, functionName: 'versionCount', args: [study] })
    return Promise.all(
      Array.from({ length: Number(count) }, async (_, i) => {
        const version = BigInt(i)
        const model = await publicClient.readContract({
          ...contract,
          functionName: 'modelAt',
          args: [study, version],
        })
        return { ...model, version }
      }),
    )
  })
}

/** The version recommended for use; undefined before the first model. @throws AppError chain.unreachable */
export function currentModel(
  { deployment, publicClient }: ChainReader,
  study: Address,
): Promise<ModelVersion | undefined> {
  return reading(deployment, async () => {
    const contract = { address: deployment.modelRegistry, abi: modelRegistryAbi, args: [study] } as const
    if ((await publicClient.readContract({ ...contract, functionName: 'versionCount' })) === 0n) return undefined
    const [version, model] = await publicClient.readContract({ ...contract, functionName: 'current' })
    return { ...model, version }
  })
}

/** The K best hospitals of a round; empty where the round was not scored. @throws AppError chain.unreachable */
export function rankingOf(
  { deployment, publicClient }: ChainReader,
  study: Address,
  round: number,
): Promise<readonly Address[]> {
  return reading(deployment, () =>
    publicClient.readContract({ address: study, abi: studyAbi, functionName: 'rankingOf', args: [round] }),
  )
}

/** Members (bit i = member i) who sit a round out, in the order of the rounds asked. @throws AppError chain.unreachable */
export function vetoesOf(
  { deployment, publicClient }: ChainReader,
  study: Address,
  rounds: readonly number[],
): Promise<readonly bigint[]> {
  return reading(deployment, () =>
    Promise.all(
      rounds.map(round =>
        publicClient.readContract({ address: study, abi: studyAbi, functionName: 'vetoesOf', args: [round] }),
      ),
    ),
  )
}

/** A hospital's accredited name (empty where it is not) and whether it may take part. @throws AppError chain.unreachable */
export function accreditationOf(
  { deployment, publicClient }: ChainReader,
  hospital: Address,
): Promise<{ readonly name: string; readonly isActive: boolean }> {
  return reading(deployment, async () => {
    const contract = { address: deployment.registry, abi: hospitalRegistryAbi, args: [hospital] } as const
    const [name, isActive] = await Promise.all([
      publicClient.readContract({ ...contract, functionName: 'nameOf' }),
      publicClient.readContract({ ...contract, functionName: 'isActive' }),
    ])
    return { name, isActive }
  })
}

/** libp2p peer ids (multihash bytes as hex) of a study's members, in the order asked. @throws AppError chain.unreachable */
export function peerIdsOf(
  { deployment, publicClient }: ChainReader,
  study: Address,
  hospitals: readonly Address[],
): Promise<readonly Hex[]> {
  return reading(deployment, () =>
    Promise.all(
      hospitals.map(async hospital => {
        const { peerId } = await publicClient.readContract({
          address: deployment.registry,
          abi: hospitalRegistryAbi,
          functionName: 'keysOf',
          args: [study, hospital],
        })
        return peerId
      }),
    ),
  )
}

async function reading<T>({ rpcUrls }: ChainReader['deployment'], run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toAppError(error, rpcUrls[0] ?? '')
  }
}
