import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HDAccount, parseEther } from 'viem'
import { preview } from 'vite'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { startAnvil } from '../../scripts/demo/anvil.ts'
import { writeSite } from '../../scripts/demo/deployment.ts'
import type { Backend } from '../../scripts/demo/options.ts'
import { isFree } from '../../scripts/demo/ports.ts'
import { createProcesses, type Processes } from '../../scripts/demo/processes.ts'
import { type RelayOptions, startRelay } from '../../scripts/demo/relay.ts'
import { buildApp, type Server, serveApp } from '../../scripts/demo/server.ts'
import { root, workDir } from '../../scripts/lock.mjs'
import { leastHospitals } from '../../src/aggregation/masking/freeze.ts'
import { canStart } from '../../src/app/phases.ts'
import type { ListedStudy, StudyData } from '../../src/app/site.ts'
import { type SponsoredStudy, sponsorStudy } from '../../src/app/sponsorStudy.ts'
import { publicClientFor, walletClientFor } from '../../src/chain/clients.ts'
import { creditUnits } from '../../src/chain/credits.ts'
import { anvilAccount } from '../../src/chain/demoAccounts.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { studyAbi } from '../../src/chain/generated/abi.ts'
import { startTask } from '../../src/chain/sponsor.ts'
import { memoryTransactionJournal } from '../../src/chain/transactionJournal.ts'
import type { ChainAccess } from '../../src/chain/transactions.ts'
import { Phase, type StudySnapshot } from '../../src/rounds/ports.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { StudyPlan, SuggestedRules } from '../../src/study/studies/StudyPlan.ts'
import type { Address } from '../../src/study/types.ts'
import { hospitalUrl } from '../../src/ui/route.ts'
import { openNodeStore } from './nodeStore.ts'
import { type RpcProxy, type RpcProxyOptions, startRpcProxy } from './rpcProxy.ts'

/** Accounts of the mnemonic: 0 deploys and accredits, 1 to this many are hospitals, the next one sponsors, then the relays'. */
const hospitalAccounts = 10
const sponsorAccount = hospitalAccounts + 1
const carrierAccount = sponsorAccount + 1
/** Ports are taken in tens from here; the first ten that are free. Two of Playwright's workers never look at the same. */
const firstPort = 8700 + 300 * Number(process.env.TEST_PARALLEL_INDEX ?? 0)
/** The last of the ten. */
const otherPage = 9

export interface BedOptions {
  /** Names the folder of logs and data. */
  readonly name: string
  /** Default 1. */
  readonly relays?: number
  /** How long relays keep blobs of a study that ended. Default: the relay's own. */
  readonly endedHours?: number
  /** How many of the relays carry what hospitals sign: the last ones. Default all. */
  readonly carriers?: number
  /** Default 31337, on which pages offer demo accounts. */
  readonly chainId?: number
  /** Seconds between blocks. Default 1. */
  readonly blockTime?: number
  /** Whether transactions are mined at once, beside the regular blocks. Default true; public chains do not. */
  readonly minesOnDemand?: boolean
  /** Puts a proxy in front of the chain, which is all that pages, hospitals and relays see of it. */
  readonly proxy?: Omit<RpcProxyOptions, 'port' | 'upstream'>
  /** Folder of another build of the app, in place of dist; false: nothing is served. */
  readonly page?: string | false
}

/** A relay's process under the test's control. */
export interface TestRelay {
  readonly address: string
  readonly dataDir: string
  readonly logPath: string
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on the same folder and port. */
  restart(): Promise<void>
}

/** Contracts on a chain of their own, relays and the served app: what hospitals need to meet. */
export interface Bed {
  readonly folder: string
  /** Output of every process. */
  readonly logFolder: string
  readonly url: string
  /** What hospitals use: the proxy where there is one. */
  readonly rpcUrl: string
  /** The node itself. */
  readonly nodeUrl: string
  readonly deployment: Deployment
  readonly relays: readonly TestRelay[]
  readonly proxy: RpcProxy | null
  /** Hospital k's account, from 1. */
  account(hospital: number): HDAccount
  access(account: HDAccount): ChainAccess
  /** Asks the node itself anything, e.g. anvil_reorg. @throws Error with the node's answer */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>
  /** Serves another build of the app beside, until the bed stops: one at most. @returns its address */
  serve(folder: string): Promise<string>
  /** Makes, funds and opens a study, lists it on the page, and brings its description to the relays. */
  openStudy(plan: StudyPlan, options: StudyOptions): Promise<TestStudy>
  /** Ends every process and server that was started. */
  stop(): Promise<void>
}

export interface StudyOptions {
  /** How many must join before it starts. */
  readonly hospitals: number
  readonly data: StudyData
  /** In place of the plan's: mostly shorter deadlines. */
  readonly rules?: Partial<SuggestedRules>
  /** Wei in the study's gas pot. Default 1 ether. */
  readonly gasWei?: bigint
  /** Relays named by the study. Default: all. */
  readonly relays?: readonly string[]
}

export interface TestStudy {
  readonly address: Address
  readonly manifest: Manifest
  /** Of training. */
  readonly rounds: number
  /** A hospital's page: of demo account k, or of the wallet for null. */
  url(hospital: number | null, backend?: Backend): string
  snapshot(): Promise<StudySnapshot>
  /** As the sponsor: starts the first round as soon as all have joined, or so many. */
  startWhenJoined(count?: number): Promise<void>
  /** Resolves once the study is where the test wants it. @throws Error when it is not in time */
  until(what: string, isThere: (snapshot: StudySnapshot) => boolean, withinMs?: number): Promise<StudySnapshot>
}

/**
 * Starts everything that a study needs but hospitals. Whatever is started ends with stop(), and with this process at the
 * latest.
 *
 * @throws ProcessError with the path of the log where a process does not start
 */
export async function startBed(options: BedOptions): Promise<Bed> {
  const folder = join(workDir, 'e2e', options.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const logFolder = join(folder, 'logs')
  const ports = await freePorts()
  const processes = createProcesses(logFolder)
  const closing: (() => Promise<void>)[] = [() => processes.stopAll()]
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const chainId = options.chainId ?? 31337
    const { blockTime = 1, minesOnDemand = true } = options
    const count = options.relays ?? 1
    const accounts = carrierAccount + count
    const chain = { port: ports + 1, accounts, chainId, blockTime, minesOnDemand }
    const { rpcUrl: nodeUrl } = await startAnvil(processes, chain)
    const onNode = await deploy({ rpcUrl: nodeUrl, account: anvilAccount(0) })
    await seedDevChain(onNode, {
      account: anvilAccount(0),
      sponsor: anvilAccount(sponsorAccount).address,
      hospitals: Array.from({ length: hospitalAccounts }, (_, i) => ({
        address: anvilAccount(i + 1).address,
        name: `Hospital ${i + 1}`,
      })),
      hospitalCredits: creditUnits(100_000),
      sponsorCredits: creditUnits(10_000_000),
    })
    const proxy = options.proxy ? await startRpcProxy({ ...options.proxy, port: ports + 2, upstream: nodeUrl }) : null
    if (proxy !== null) closing.push(() => proxy.close())
    const rpcUrl = proxy?.url ?? nodeUrl
    const deployment: Deployment = { ...onNode, rpcUrls: [rpcUrl] }

    const relays = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const name = `relay-${i + 1}`
        const relay = {
          name,
          port: ports + 3 + i,
          dataDir: join(folder, name),
          deployment,
          operators: [],
          ...(i >= count - (options.carriers ?? count) && { carrier: anvilAccount(carrierAccount + i) }),
          ...(options.endedHours !== undefined && { endedHours: options.endedHours }),
        }
        return startTestRelay(processes, relay, logFolder)
      }),
    )
    const sitePath = join(folder, 'deployment.json')
    const studies: ListedStudy[] = []
    const names = Array.from({ length: hospitalAccounts }, (_, i) => `Hospital ${i + 1}`)
    const publish = () =>
      writeSite(sitePath, {
        ...deployment,
        relays: relays.map(({ address }) => address),
        studies,
        demoHospitals: names,
      })
    publish()
    // The served page reads it at each request; a bed that was there before gets its own back.
    const before = process.env.WARDROUND_DEPLOYMENT
    process.env.WARDROUND_DEPLOYMENT = sitePath
    closing.push(async () => {
      if (before === undefined) delete process.env.WARDROUND_DEPLOYMENT
      else process.env.WARDROUND_DEPLOYMENT = before
    })
    const server = await servePage(ports, options.page)
    closing.push(() => server.close())

    const access = (account: HDAccount): ChainAccess => ({
      deployment,
      publicClient: publicClientFor(deployment),
      walletClient: walletClientFor(deployment, account),
      journal: memoryTransactionJournal(),
      pollInterval: 200,
    })
    return {
      folder,
      logFolder,
      url: server.url,
      rpcUrl,
      nodeUrl,
      deployment,
      relays,
      proxy,
      account: anvilAccount,
      access,
      rpc: (method, params = []) => ask(nodeUrl, method, params),
      async serve(page) {
        const other = await servePage(ports + otherPage, page)
        closing.push(() => other.close())
        return other.url
      },
      async openStudy({ manifest, rules }, study) {
        const sponsor = access(anvilAccount(sponsorAccount))
        const named = study.relays ?? relays.map(({ address }) => address)
        const plan = { manifest: { ...manifest, relays: [...named] }, rules: { ...rules, ...study.rules } }
        const sponsored = await sponsorOnAll(sponsor, plan, named, study)
        studies.push({
          address: sponsored.study,
          name: manifest.name,
          rounds: rules.rounds,
          data: study.data,
          hospitals: names,
        })
        publish()
        return controlStudy(sponsor, { ...sponsored, rounds: rules.rounds }, study.hospitals, server.url)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function servePage(port: number, page: string | false | undefined): Promise<Server> {
  if (page === false) return { url: `http://127.0.0.1:${port}`, close: async () => undefined }
  if (page === undefined) {
    await buildApp(() => undefined)
    return serveApp(port, false)
  }
  const server = await preview({
    root,
    build: { outDir: page },
    preview: { port, strictPort: true },
    logLevel: 'error',
  })
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

async function freePorts(): Promise<number> {
  for (let port = firstPort; port < firstPort + 300; port += 10) {
    const free = await Promise.all([0, 1, 2, 3, 4].map(offset => isFree(port + offset)))
    if (free.every(Boolean)) return port
  }
  throw new Error(`no ten ports in a row are free from ${firstPort} on`)
}

/** A relay under the test's control. */
async function startTestRelay(processes: Processes, options: RelayOptions, logFolder: string): Promise<TestRelay> {
  let running = await startRelay(processes, options)
  return {
    address: running.address,
    dataDir: options.dataDir,
    logPath: join(logFolder, `${options.name}.log`),
    async kill() {
      process.kill(-running.pid, 'SIGKILL')
      while (!(await isFree(options.port))) await sleep(20)
    },
    async restart() {
      running = await startRelay(processes, options)
    },
  }
}

/** Puts the manifest on every relay. */
async function sponsorOnAll(
  sponsor: ChainAccess,
  plan: StudyPlan,
  relays: readonly string[],
  { hospitals, gasWei = parseEther('1') }: Pick<StudyOptions, 'hospitals' | 'gasWei'>,
): Promise<SponsoredStudy> {
  const store = await openNodeStore('sponsor', relays)
  try {
    const sponsored = await sponsorStudy(sponsor, store, plan, {
      minHospitals: plan.manifest.masking ? leastHospitals : 2,
      maxHospitals: hospitals,
      gasWei,
    })
    // One receipt is enough for it to resolve; tests take single relays away.
    for (const end = Date.now() + 20_000; store.status().pending > 0; await sleep(50)) {
      if (Date.now() > end) throw new Error('a relay does not take the study’s description')
    }
    return sponsored
  } finally {
    await store.close()
  }
}

function controlStudy(
  sponsor: ChainAccess,
  { study: address, manifest, rounds }: SponsoredStudy & { readonly rounds: number },
  hospitals: number,
  pageUrl: string,
): TestStudy {
  const snapshot = async () =>
    (await sponsor.publicClient.readContract({
      address,
      abi: studyAbi,
      functionName: 'snapshot',
    })) as StudySnapshot
  const until: TestStudy['until'] = async (what, isThere, withinMs = 60_000) => {
    for (const end = Date.now() + withinMs; ; await sleep(100)) {
      const now = await snapshot()
      if (isThere(now)) return now
      if (Date.now() > end) {
        throw new Error(
          `not within ${withinMs / 1000} s: ${what}. The study is in phase ${now.phase}, round ${now.round}.`,
        )
      }
    }
  }
  return {
    address,
    manifest,
    rounds,
    url: (hospital, backend) =>
      pageUrl + hospitalUrl({ study: address, hospital, auto: true, ...(backend !== undefined && { backend }) }),
    snapshot,
    until,
    async startWhenJoined(count = hospitals) {
      await until('all hospitals join', now => now.phase !== Phase.Open || canStart(now, count))
      await startTask(sponsor, address)
    },
  }
}

async function ask(rpcUrl: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (error !== undefined) throw new Error(`${method}: ${error.message}`)
  return result
}
