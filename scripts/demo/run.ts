import '../../src/storage/nodeWebSocket.ts'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { ListedStudy, Site } from '../../src/app/site.ts'
import { demoAccount } from '../../src/chain/demoAccounts.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { createHeliaStore, type HeliaStore } from '../../src/storage/heliaStore.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import { hospitalUrl } from '../../src/ui/route.ts'
import { aborted } from './aborted.ts'
import { startAnvil } from './anvil.ts'
import { launchBrowser, runHospitals, StudyError } from './browser.ts'
import { readChainFacts } from './chainFacts.ts'
import { deployDemo, openStudy, startWhenJoined, writeSite } from './deployment.ts'
import type { DemoOptions } from './options.ts'
import { pooledAccuracy } from './pooled.ts'
import { pickPorts } from './ports.ts'
import type { Processes } from './processes.ts'
import { createProgressLine } from './progress.ts'
import { startRelay } from './relay.ts'
import { formatReport, makeReport } from './report.ts'
import { say } from './say.ts'
import { buildApp, type Server, serveApp } from './server.ts'
import type { StudySource } from './studyData.ts'

/** Chain, relays and page: what studies need. */
interface Ground {
  readonly deployment: Deployment
  readonly relays: readonly string[]
  /** The sponsor's own node: it brings studies' descriptions to the relays. */
  readonly store: HeliaStore
  readonly server: Server
}

/** What runs. */
interface Running extends Ground {
  readonly site: Site
  readonly study: ListedStudy
  readonly manifest: Manifest
}

/** What a run is given. */
export interface DemoRun {
  readonly options: DemoOptions
  readonly source: StudySource
  readonly processes: Processes
  readonly logFolder: string
  readonly chromium: string
  readonly signal: AbortSignal
  /** Told how to end each thing that was started, in the order of starting. */
  readonly onStop: (end: () => Promise<void>) => void
}

/** Blobs of a study that ended are of no use to a wall. */
const kioskEndedHours = 0.02
/** Studies that a wall's sponsor can pay for: years of them. */
const kioskStudies = 1_000_000

/**
 * Starts everything, and shows the pages until the signal aborts, or runs a whole study headless and prints the outcome.
 *
 * @throws ProcessError, EnvironmentError, StudyError, AppError
 */
export async function runDemo(run: DemoRun): Promise<void> {
  const { crashed } = run.processes
  const ground = await Promise.race([start(run), crashed])
  if (run.options.kiosk) return Promise.race([showKiosk(run, ground), crashed])
  const running = await Promise.race([openOne(run, ground), crashed])
  if (run.options.headless) await runHeadless(run, running)
  else await Promise.race([showPages(run, running), crashed])
}

async function start({ options, source, processes, logFolder, onStop }: DemoRun): Promise<Ground> {
  const ports = await pickPorts(options, (what, from, to) => say(`Port ${from} is taken: ${what} moves to ${to}.`))
  const built = options.dev ? undefined : buildApp(() => say('Building the app.'))
  say('Starting chain and relays.')
  // The sponsor's, one each hospital's, one each relay's.
  const carrierAccount = source.hospitals.length + 1
  const accounts = carrierAccount + ports.relays.length
  const anvil = await startAnvil(processes, { port: ports.chain, accounts })
  const deployment = await deployDemo(anvil.rpcUrl, source, options.kiosk ? kioskStudies : 1)
  const store = await createHeliaStore({ namespace: 'sponsor', relays: [], storage: 'memory' })
  onStop(() => store.close())
  const started = await Promise.all(
    ports.relays.map((port, i) => {
      const name = `relay-${i + 1}`
      return startRelay(processes, {
        name,
        port,
        dataDir: join(logFolder, name),
        deployment,
        operators: [store.peerId],
        carrier: demoAccount(carrierAccount + i, deployment.chainId),
        ...(options.kiosk && { endedHours: kioskEndedHours }),
      })
    }),
  )
  const relays = started.map(relay => relay.address)
  store.addRelays(relays)
  process.env.WARDROUND_DEPLOYMENT = join(logFolder, 'deployment.json')
  writeSite(process.env.WARDROUND_DEPLOYMENT, {
    ...deployment,
    relays,
    studies: [],
    demoHospitals: [...source.hospitals],
  })
  await built
  const server = await serveApp(ports.page, options.dev)
  onStop(server.close)
  return { deployment, relays, store, server }
}

/** Opens the study that was asked for and lists it on the page. */
async function openOne({ options, source }: DemoRun, ground: Ground): Promise<Running> {
  const { deployment, store, relays } = ground
  const { listed: study, manifest } = await openStudy(deployment, store, source, relays, !options.headless)
  const site: Site = { ...deployment, relays: [...relays], studies: [study], demoHospitals: [...source.hospitals] }
  writeSite(process.env.WARDROUND_DEPLOYMENT as string, site)
  return { ...ground, site, study, manifest }
}

async function showKiosk({ signal }: DemoRun, { server }: Ground): Promise<void> {
  const url = `${server.url}/kiosk`
  say(`\nOpen ${url}\n\nThe wall begins by itself. Ctrl-C ends everything.`)
  if (hasDisplay()) openInBrowser(url)
  await aborted(signal)
}

async function showPages({ options, signal }: DemoRun, { site, study, server }: Running): Promise<void> {
  say(`\nOpen ${server.url}`)
  study.hospitals.forEach((name, i) => {
    const url = `${server.url}${pageOf(options, study.address, i)}`
    say(`  ${name.padEnd(14)} ${url}`)
  })
  say(`\n  ${'Sponsor'.padEnd(14)} ${server.url}/sponsor?account=0`)
  say(`  ${'Issuers'.padEnd(14)} ${server.url}/issuers?account=0`)
  say('\nThe study starts when all hospitals have joined. Ctrl-C ends everything.')
  if (hasDisplay()) openInBrowser(server.url)
  await startWhenJoined(site, study.address, study.hospitals.length, signal)
  await aborted(signal)
}

async function runHeadless(run: DemoRun, { site, study, server }: Running): Promise<void> {
  const { options, processes, logFolder, signal, source } = run
  const browser = await launchBrowser(run.chromium, options.backend)
  run.onStop(() => browser.close())
  const startedAt = Date.now()
  const line = createProgressLine(process.stderr, startedAt)
  const done = new AbortController()
  try {
    const tabs = study.hospitals.map((name, i) => {
      const file = options.csv[i]
      const url = `${server.url}${pageOf(options, study.address, i, true)}`
      return { name, url, ...(file === undefined ? {} : { file }) }
    })
    const starting = startWhenJoined(site, study.address, tabs.length, AbortSignal.any([signal, done.signal]))
    const results = await Promise.race([
      runHospitals(browser, tabs, { logFolder, signal, failed: processes.crashed, onProgress: line.show }),
      // Only its failure matters here: it ends long before the hospitals do.
      starting.then(() => aborted(done.signal)),
    ])
    const totalSeconds = (Date.now() - startedAt) / 1000
    line.end()
    // Comparing needs the processor.
    await browser.close()
    const hospitals = study.hospitals.map((name, i) => ({ name, address: demoAccount(i + 1, site.chainId).address }))
    const facts = await readChainFacts(site, study.address, hospitals)
    if (facts.rounds < study.rounds) {
      throw new StudyError(`The study ended after ${facts.rounds} of ${study.rounds} rounds.`)
    }
    say('Training one model on all patients together, to compare.')
    const pooled = await pooledAccuracy(source, source.baseline.manifest, study.rounds)
    const report = makeReport(options.study, results, facts, pooled, totalSeconds)
    process.stdout.write(`\n${formatReport(report)}\n`)
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  } finally {
    line.end()
    done.abort()
  }
}

function pageOf(options: DemoOptions, study: ListedStudy['address'], index: number, auto = false): string {
  const { backend } = options
  return hospitalUrl({ study, hospital: index + 1, auto, ...(backend === undefined ? {} : { backend }) })
}

function hasDisplay(): boolean {
  if (process.platform === 'darwin' || process.platform === 'win32') return true
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** Opens the person's own browser; that it cannot is no reason to end. */
function openInBrowser(url: string): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform as string] ?? [
    'xdg-open',
  ]
  const child = spawn(command as string, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', () => say('No browser could be opened; open the address yourself.'))
  child.unref()
}
