import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type Abi,
  type Account,
  createPublicClient,
  createWalletClient,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type PublicClient,
  type TransactionReceipt,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { defaultParameters, shortTraceParameters } from '../../src/audit/stark/parameters.ts'
import { chainOf, rpcTransport, type Wallet } from '../../src/chain/clients.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import {
  creditsAbi,
  gasPotAbi,
  hospitalRegistryAbi,
  starkVerifierAbi,
  studyFactoryAbi,
} from '../../src/chain/generated/abi.ts'
import { AppError } from '../../src/errors/AppError.ts'
import type { Address, Hex } from '../../src/study/types.ts'
import { creationCode } from './artifacts.ts'
import { networkByName } from './networks.ts'

export interface DeployOptions {
  readonly rpcUrl: string
  /** Who deploys, owns credits and registry, and pays: an account, or its key. */
  readonly account: Account | Hex
  /** Refuses to deploy on any other chain. */
  readonly chainId?: number
  /** Wallets that may admit hospitals, at most 32; the deployer alone where none is named. */
  readonly issuers?: readonly Address[]
  /** How many of the issuers must agree to admit or suspend a hospital. Default 1. */
  readonly threshold?: number
  /** Hash of block 0, for an RPC that does not keep it. */
  readonly genesisHash?: Hex
  /** Milliseconds between looks for a receipt. Default 100. */
  readonly pollingInterval?: number
}

/**
 * Deploys Wardround: credits, registry, the libraries that studies link to, the factory, which makes reputation, model
 * registry and the studies' implementation itself, the gas pot, and a verifier of proofs for each set of parameters. Transactions that
 * do not wait for each other, then one per issuer and one for the threshold.
 * @returns what the app must know, as public/deployment.json holds it
 * @throws AppError chain.wrongChain; Error when a transaction fails or the contracts are not compiled
 * @example const deployment = await deploy({ rpcUrl: 'http://127.0.0.1:8545', account: DEV_DEPLOYER_KEY })
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { publicClient, wallet, chainId } = await connect(options)
  const owner = wallet.account.address
  const genesisHash = options.genesisHash ?? (await publicClient.getBlock({ blockNumber: 0n })).hash
  const sender = await Sender.create(publicClient, wallet)

  const credits = await sender.create('Credits', creditsAbi, [owner])
  const registry = await sender.create('HospitalRegistry', hospitalRegistryAbi, [owner, genesisHash])
  const libraries = {
    Selection: await sender.create('Selection'),
    Scoring: await sender.create('Scoring'),
    Settlement: await sender.create('Settlement'),
    Signing: await sender.create('Signing'),
    Masked: await sender.create('Masked'),
    Auditing: await sender.create('Auditing'),
    Reads: await sender.create('Reads'),
  }
  const factory = await sender.create('StudyFactory', studyFactoryAbi, [credits, registry, genesisHash], libraries)
  const gasPot = await sender.create('GasPot', gasPotAbi, [factory])
  const verifiers: Deployment['verifiers'][number][] = []
  for (const parameters of [defaultParameters, shortTraceParameters]) {
    const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
    const args = [log2Blowup, queries, queryGrinding, roundGrinding]
    verifiers.push({ address: await sender.create('StarkVerifier', starkVerifierAbi, args), ...parameters })
  }
  const receipts = await sender.receipts()

  for (const issuer of options.issuers ?? [owner]) {
    await sender.call(
      registry,
      encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'setIssuer', args: [issuer, true] }),
    )
  }
  const [reputation, modelRegistry, deploymentId] = await Promise.all([
    publicClient.readContract({ address: factory, abi: studyFactoryAbi, functionName: 'reputation' }),
    publicClient.readContract({ address: factory, abi: studyFactoryAbi, functionName: 'modelRegistry' }),
    publicClient.readContract({ address: factory, abi: studyFactoryAbi, functionName: 'deploymentId' }),
  ])
  await sender.receipts()
  // Its gas is estimated on the latest block, where the issuers must be named already.
  if (options.threshold !== undefined && options.threshold !== 1) {
    await sender.call(
      registry,
      encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'setThreshold', args: [options.threshold] }),
    )
    await sender.receipts()
  }
  const block = Math.min(...receipts.map(receipt => Number(receipt.blockNumber)))
  return {
    chainId,
    rpcUrls: [options.rpcUrl],
    genesisHash,
    deploymentId,
    credits,
    registry,
    factory,
    reputation,
    modelRegistry,
    gasPot,
    verifiers,
    block,
  }
}

export interface SeedOptions {
  /** Owner of the credits: who deployed. */
  readonly account: Account | Hex
  /** As many issuers as the registry asks to agree, or more; `account` alone where none is named. */
  readonly issuers?: readonly (Account | Hex)[]
  readonly hospitals: readonly { readonly address: Address; readonly name: string }[]
  readonly sponsor: Address
  /** Smallest units of credit for each hospital. Default 1,000 credits. */
  readonly hospitalCredits?: bigint
  /** Smallest units of credit for the sponsor. Default 100,000 credits. */
  readonly sponsorCredits?: bigint
  readonly pollingInterval?: number
}

/**
 * Has the issuers accredit the hospitals of a dev chain, and gives credits to them and to the sponsor.
 * @throws Error when a transaction fails, as for a hospital accredited before, or when there are too few issuers
 */
export async function seedDevChain(deployment: Deployment, options: SeedOptions): Promise<void> {
  const { hospitals, sponsor, hospitalCredits = 1_000n * 10n ** 18n, sponsorCredits = 100_000n * 10n ** 18n } = options
  const connection = { ...options, rpcUrl: deployment.rpcUrls[0] ?? '', chainId: deployment.chainId }
  const { publicClient, wallet } = await connect(connection)
  const contract = { address: deployment.registry, abi: hospitalRegistryAbi } as const
  const threshold = await publicClient.readContract({ ...contract, functionName: 'threshold' })
  const { issuers = [options.account] } = options
  if (issuers.length < threshold) throw new Error(`Hospitals are admitted by ${threshold} issuers.`)
  for (const account of issuers.slice(0, threshold)) {
    const issuer = await connect({ ...connection, account })
    const sender = await Sender.create(issuer.publicClient, issuer.wallet)
    for (const { address, name } of hospitals) {
      const data = encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'accredit', args: [address, name] })
      await sender.call(deployment.registry, data)
    }
    // The last vote costs more than the others: it must be estimated when those are counted.
    await sender.receipts()
  }
  const sender = await Sender.create(publicClient, wallet)
  const mint = (to: Address, amount: bigint) =>
    sender.call(deployment.credits, encodeFunctionData({ abi: creditsAbi, functionName: 'mint', args: [to, amount] }))
  for (const { address } of hospitals) await mint(address, hospitalCredits)
  await mint(sponsor, sponsorCredits)
  await sender.receipts()
}

interface Connection {
  readonly publicClient: PublicClient
  readonly wallet: Wallet
  readonly chainId: number
}

async function connect(
  options: Pick<DeployOptions, 'rpcUrl' | 'account' | 'chainId' | 'pollingInterval'>,
): Promise<Connection> {
  const { rpcUrl, pollingInterval = 100 } = options
  const transport = rpcTransport([rpcUrl])
  const chainId = await createPublicClient({ transport }).getChainId()
  if (options.chainId !== undefined && options.chainId !== chainId)
    throw new AppError('chain.wrongChain', { actual: chainId, expected: options.chainId })
  const chain = chainOf({ chainId, rpcUrls: [rpcUrl] })
  const account = typeof options.account === 'string' ? privateKeyToAccount(options.account) : options.account
  return {
    publicClient: createPublicClient({ chain, transport, pollingInterval }),
    wallet: createWalletClient({ account, chain, transport }),
    chainId,
  }
}

/** Sends transactions one after another without waiting for blocks between them. */
class Sender {
  readonly #publicClient: PublicClient
  readonly #wallet: Wallet
  #nonce: number
  #pending: { readonly what: string; readonly hash: Hex }[] = []

  private constructor(publicClient: PublicClient, wallet: Wallet, nonce: number) {
    this.#publicClient = publicClient
    this.#wallet = wallet
    this.#nonce = nonce
  }

  static async create(publicClient: PublicClient, wallet: Wallet): Promise<Sender> {
    const { address } = wallet.account
    return new Sender(publicClient, wallet, await publicClient.getTransactionCount({ address, blockTag: 'pending' }))
  }

  /** Creates a contract; its address is known before its block. */
  async create(
    contract: string,
    abi: Abi = [],
    args: readonly unknown[] = [],
    libraries: Readonly<Record<string, Address>> = {},
  ): Promise<Address> {
    const bytecode = await creationCode(contract, libraries)
    const address = getContractAddress({ from: this.#wallet.account.address, nonce: BigInt(this.#nonce) })
    await this.#send(`creating ${contract}`, { data: encodeDeployData({ abi, bytecode, args }) })
    return address
  }

  async call(to: Address, data: Hex): Promise<void> {
    await this.#send(`calling ${to}`, { to, data })
  }

  /** Waits for everything sent since the last call. @throws Error naming the first that failed */
  async receipts(): Promise<readonly TransactionReceipt[]> {
    const pending = this.#pending
    this.#pending = []
    return Promise.all(
      pending.map(async ({ what, hash }) => {
        const receipt = await this.#publicClient.waitForTransactionReceipt({ hash })
        if (receipt.status !== 'success') throw new Error(`The transaction ${hash} (${what}) failed.`)
        return receipt
      }),
    )
  }

  async #send(what: string, transaction: { readonly to?: Address; readonly data: Hex }): Promise<void> {
    const hash = await this.#wallet.sendTransaction({ ...transaction, nonce: this.#nonce })
    this.#nonce += 1
    this.#pending.push({ what, hash })
  }
}

/** npx tsx contracts/script/deploy.ts [--network anvil] [--rpc URL] [--issuer ADDRESS]… [--threshold K] [--out public/deployment.json] */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      network: { type: 'string', default: process.env.WARDROUND_NETWORK ?? 'anvil' },
      rpc: { type: 'string' },
      issuer: { type: 'string', multiple: true },
      threshold: { type: 'string', default: '1' },
      out: { type: 'string', default: 'public/deployment.json' },
    },
  })
  if (!/^[1-9]\d?$/.test(values.threshold)) throw new Error(`--threshold takes a number, not “${values.threshold}”.`)
  const network = networkByName(values.network)
  if (network.privateKey === undefined)
    throw new Error('Set DEPLOYER_PRIVATE_KEY to the key of a funded account of that network.')
  const deployment = await deploy({
    rpcUrl: values.rpc ?? network.rpcUrl,
    account: network.privateKey,
    ...(values.rpc === undefined && { chainId: network.chainId }),
    ...(values.issuer && { issuers: values.issuer as Address[] }),
    threshold: Number(values.threshold),
  })
  await mkdir(dirname(values.out), { recursive: true })
  // The dev server watches the file: it must never see half of it.
  await writeFile(`${values.out}.${process.pid}`, `${JSON.stringify(deployment, null, 2)}\n`)
  await rename(`${values.out}.${process.pid}`, values.out)
  process.stdout.write(`Deployed on chain ${deployment.chainId}, written to ${values.out}.\n`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
