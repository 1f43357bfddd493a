import * as z from 'zod/mini'
import type { Parameters } from '../audit/stark/parameters.ts'
import { AppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'
import type { ChainClient } from './clients.ts'
import { studyFactoryAbi } from './generated/abi.ts'
import { toAppError } from './reverts.ts'

const address = z.custom<Address>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), 'no address')
const bytes32 = z.custom<Hex>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value), 'no 32 bytes')

const count = z.int().check(z.minimum(0))
const verifierSchema = z.object({
  address,
  log2Blowup: count,
  queries: count,
  queryGrinding: count,
  roundGrinding: count,
})

/** What a deployment script writes and the app reads. Other fields of the file (relays, studies) are their readers' own. */
export const deploymentSchema = z.object({
  chainId: z.int().check(z.positive()),
  /** Where the chain answers, the preferred one first. */
  rpcUrls: z.array(z.url({ protocol: /^https?$/ })).check(z.minLength(1)),
  /** Hash of the chain's block 0: two dev chains share chain id and addresses, but not this. */
  genesisHash: bytes32,
  /** keccak256(abi.encode(genesisHash, registry)), as the factory says. */
  deploymentId: bytes32,
  credits: address,
  registry: address,
  factory: address,
  reputation: address,
  modelRegistry: address,
  /** Pays those who carry duties. */
  gasPot: address,
  /** Verifiers of proofs, each with what it was deployed with. */
  verifiers: z.array(verifierSchema),
  /** Number of the first block that can hold an event of these contracts. */
  block: z.int().check(z.minimum(0)),
})

/** The contracts of one Wardround on one chain. */
export type Deployment = Readonly<z.infer<typeof deploymentSchema>>

/** The deployment's verifier of proofs with these parameters; undefined where it has none. */
export function verifierFor({ verifiers }: Pick<Deployment, 'verifiers'>, parameters: Parameters): Address | undefined {
  const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
  return verifiers.find(
    verifier =>
      verifier.log2Blowup === log2Blowup &&
      verifier.queries === queries &&
      verifier.queryGrinding === queryGrinding &&
      verifier.roundGrinding === roundGrinding,
  )?.address
}

/**
 * Checks a deployment that came from a file or the network.
 * @param where named in the error
 * @throws AppError chain.noDeployment
 */
export function parseDeployment(value: unknown, where: string): Deployment {
  const result = deploymentSchema.safeParse(value)
  if (result.success) return result.data
  throw new AppError('chain.noDeployment', { url: where }, result.error)
}

/**
 * Fetches the deployment that a page was served with.
 * @throws AppError chain.noDeployment: nothing there, or something else
 */
export async function loadDeployment(url: string, signal?: AbortSignal): Promise<Deployment> {
  let value: unknown
  try {
    const response = await fetch(url, { cache: 'no-store', ...(signal && { signal }) })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    value = await response.json()
  } catch (cause) {
    throw new AppError('chain.noDeployment', { url }, cause)
  }
  return parseDeployment(value, url)
}

/**
 * Makes sure that the chain which answers is the one the deployment is on, and not a younger one with the same number.
 * @throws AppError chain.wrongChain, chain.noDeployment, chain.unreachable
 */
export async function checkDeployment(deployment: Deployment, client: ChainClient): Promise<void> {
  const url = deployment.rpcUrls[0] ?? ''
  try {
    const [chainId, genesis] = await Promise.all([client.getChainId(), client.getBlock({ blockNumber: 0n })])
    if (chainId !== deployment.chainId) {
      throw new AppError('chain.wrongChain', { actual: chainId, expected: deployment.chainId })
    }
    if (genesis.hash !== deployment.genesisHash.toLowerCase()) throw new AppError('chain.noDeployment', { url })
    const bytecode = await client.getCode({ address: deployment.factory })
    if (bytecode === undefined) throw new AppError('chain.noDeployment', { url })
    const id = await client.readContract({
      address: deployment.factory,
      abi: studyFactoryAbi,
      functionName: 'deploymentId',
    })
    if (id !== deployment.deploymentId.toLowerCase()) throw new AppError('chain.noDeployment', { url })
  } catch (error) {
    throw toAppError(error, url)
  }
}
