import { z } from 'zod'
import { AppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'

const address = z.custom<Address>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), 'no address')
const hash = z.custom<Hex>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value), 'no 32-byte hash')

/** Where a hospital of a shipped study finds its patients. Own files are chosen on the page and are never served. */
const studyData = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('heart') }),
  z.object({
    kind: z.literal('digits'),
    hospitals: z.number().int().min(2),
    /** Dirichlet concentration; absent: every hospital has the same mixture. */
    dirichlet: z.number().positive().optional(),
    seed: z.number().int().min(0),
  }),
  z.object({
    kind: z.literal('csv'),
    /** Seeds the stratified split of each file. */
    seed: z.number().int().min(0),
  }),
])

const listedStudy = z.object({
  address,
  name: z.string().min(1),
  data: studyData,
  /** Names by demo account: the first is hospital 1. Empty where hospitals bring their own wallets. */
  hospitals: z.array(z.string().min(1)),
})

const deploymentSchema = z.object({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  /** JSON-RPC endpoints of one chain; the first is asked first. */
  rpc: z.array(z.url()).min(1),
  /** keccak256(genesis hash, registry). */
  deploymentId: hash,
  /** Block of the deployment: logs are read from here. */
  fromBlock: z.number().int().min(0),
  contracts: z.object({
    credits: address,
    registry: address,
    reputation: address,
    models: address,
    factory: address,
  }),
  /** Multiaddrs with peer ids. */
  relays: z.array(z.string()).max(8),
  studies: z.array(listedStudy),
})

/** What a page must know to take part; served beside it, written by whoever deployed. */
export type Deployment = z.infer<typeof deploymentSchema>
export type ListedStudy = Deployment['studies'][number]
export type StudyData = ListedStudy['data']

/**
 * Fetches and checks /deployment.json.
 *
 * @throws AppError chain.noDeployment where there is none or it is not one
 */
export async function loadDeployment(signal?: AbortSignal): Promise<Deployment> {
  const url = '/deployment.json'
  const response = await fetch(url, { cache: 'no-store', ...(signal && { signal }) })
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  if (!response.ok || !isJson) throw new AppError('chain.noDeployment', { url })
  return parseDeployment(await response.json())
}

/** @throws AppError chain.noDeployment naming the first field that is wrong */
export function parseDeployment(value: unknown): Deployment {
  const result = deploymentSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new AppError('chain.noDeployment', { url: `/deployment.json, ${issue?.path.join('.')}: ${issue?.message}` })
}
