/** The demo, after its packages are installed: see usage in options.ts and docs/demo.md. */
import '../../src/storage/nodeWebSocket.ts'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { ListedStudy, Site } from '../../src/app/site.ts'
import { demoAccount } from '../../src/chain/clients.ts'
import { AppError } from '../../src/errors/AppError.ts'
import { createHeliaStore } from '../../src/storage/heliaStore.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import { hospitalUrl } from '../../src/ui/route.ts'
import { workDir } from '../lock.mjs'
import { prepare } from '../setup.mjs'
import { startAnvil } from './anvil.ts'
import { launchBrowser, runHospitals, StudyError } from './browser.ts'
import { readChainFacts } from './chainFacts.ts'
import { deployDemo, openStudy, startWhenJoined, writeSite } from './deployment.ts'
import { type DemoOptions, parseOptions, UsageError, usage } from './options.ts'
import { pooledAccuracy } from './pooled.ts'
import { pickPorts } from './ports.ts'
import { createProcesses, type Processes } from './processes.ts'
import { createProgressLine } from './progress.ts'
import { startRelay } from './relay.ts'
import { formatReport, makeReport } from './report.ts'
import { buildApp, type Server, serveApp } from './server.ts'
import { readStudy, type StudySource } from './studyData.ts'

/** Exit codes; docs/demo.md explains them. */
const exitCodes = { ok: 0, badInput: 1, studyFailed: 2, environment: 3, interrupted: 130 } as const

/** Progress and sentences go to stderr; stdout carries results alone. */
const say = (line: string) => process.stderr.write(`${line}\n`)

/** What runs. */
interface Running {
  readonly site: Site
  readonly study: ListedStudy
  readonly manifest: Manifest
  readonly server: Server
  readonly source: StudySource
}

const code = await main()
// What was still starting when the end came must not keep this process alive; what was written must get out first.
process.stdout.write('', () => process.exit(code))

async function main(): Promise<number> {
  const stopping = stopOnSignals()
  let logFolder: string | undefined
  /** What to end, in the order of starting. */
  const ends: (() => Promise<void>)[] = []
  try {
    const options = parseOptions(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
    if (options === 'help') {
      process.stdout.write(usage)
      return exitCodes.ok
    }
    const source = await readStudy(options)
    const { chromium } = await prepare()
    logFolder = newLogFolder()
    const processes = createProcesses(logFolder)
    ends.push(processes.stopAll)
    const starting = start(options, source, processes, logFolder, end => ends.push(end))
    starting.catch(() => undefined)
    const parts = await Promise.race([starting, processes.crashed, aborted(stopping)])
    const work = options.headless
      ? runHeadless(options, parts, chromium, logFolder, stopping)
      : showPages(options, parts, stopping)
    await Promise.race([work, processes.crashed, aborted(stopping)])
    return exitCodes.ok
  } catch (error) {
    if (stopping.aborted) return exitCodes.interrupted
    return explain(error, logFolder)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function start(
  options: DemoOptions,
  source: StudySource,
  processes: Processes,
  logFolder: string,
  onStop: (end: () => Promise<void>) => void,
): Promise<Running> {
  const ports = await pickPorts(options, (what, from, to) => say(`Port ${from} is taken: ${what} moves to ${to}.`))
  const built = options.dev ? undefined : buildApp(() => say('Building the app.'))
  say('Starting chain and relays.')
  const anvil = await startAnvil(processes, { port: ports.chain, accounts: source.hospitals.length + 1 })
  const deployment = await deployDemo(anvil.rpcUrl, source)
  // The sponsor's own node: it brings the study's description to the relays.
  const store = await createHeliaStore({ namespace: 'sponsor', relays: [], storage: 'memory' })
  onStop(() => store.close())
  const relays = await Promise.all(
    ports.relays.map((port, i) => {
      const name = `relay-${i + 1}`
      return startRelay(processes, {
        name,
        port,
        dataDir: join(logFolder, name),
        deployment,
        operators: [store.peerId],
      })
    }),
  )
  const addresses = relays.map(relay => relay.address)
  store.addRelays(addresses)
  const { listed: study, manifest } = await openStudy(deployment, store, source, addresses, !options.headless)
  const site: Site = { ...deployment, relays: addresses, studies: [study] }
  process.env.WARDROUND_DEPLOYMENT = join(logFolder, 'deployment.json')
  writeSite(process.env.WARDROUND_DEPLOYMENT, site)
  await built
  const server = await serveApp(ports.page, options.dev)
  onStop(server.close)
  return { site, study, manifest, source, server }
}

async function showPages(options: DemoOptions, { site, study, server }: Running, signal: AbortSignal): Promise<void> {
  say(`\nOpen ${server.url}`)
  study.hospitals.forEach((name, i) => {
    const url = `${server.url}${pageOf(options, study.address, i)}`
    say(`  ${name.padEnd(14)} ${url}`)
  })
  say('\nThe study starts when all hospitals have joined. Ctrl-C ends everything.')
  if (hasDisplay()) openInBrowser(server.url)
  await startWhenJoined(site, study.address, study.hospitals.length, signal)
  await aborted(signal)
}

async function runHeadless(
  options: DemoOptions,
  { site, study, manifest, server, source }: Running,
  chromium: string,
  logFolder: string,
  signal: AbortSignal,
): Promise<void> {
  const browser = await launchBrowser(chromium, options.backend)
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
      runHospitals(browser, tabs, { logFolder, signal, onProgress: line.show }),
      // Only its failure matters here: it ends long before the hospitals do.
      starting.then(() => aborted(done.signal)),
    ])
    const totalSeconds = (Date.now() - startedAt) / 1000
    line.end()
    const hospitals = study.hospitals.map((name, i) => ({ name, address: demoAccount(i + 1, site.chainId).address }))
    const facts = await readChainFacts(site, study.address, hospitals)
    if (facts.rounds < study.rounds) {
      throw new StudyError(`The study ended after ${facts.rounds} of ${study.rounds} rounds.`)
    }
    say('Training one model on all patients together, to compare.')
    const pooled = await pooledAccuracy(source, manifest, study.rounds)
    const report = makeReport(results, facts, pooled, totalSeconds)
    process.stdout.write(`\n${formatReport(report)}\n`)
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  } finally {
    line.end()
    done.abort()
    await browser.close()
  }
}

function pageOf(options: DemoOptions, study: ListedStudy['address'], index: number, auto = false): string {
  const { backend } = options
  return hospitalUrl({ study, hospital: index + 1, auto, ...(backend === undefined ? {} : { backend }) })
}

/** Says what went wrong in words, and where the logs are. */
function explain(error: unknown, logFolder: string | undefined): number {
  const isBadInput =
    error instanceof UsageError ||
    (error instanceof AppError && error.code.startsWith('data.')) ||
    (error instanceof StudyError && error.isData)
  const expected = isBadInput || error instanceof AppError || error instanceof StudyError || isEnvironment(error)
  say(`\n${error instanceof Error ? (expected ? error.message : error.stack) : String(error)}`)
  if (isBadInput) return exitCodes.badInput
  if (logFolder !== undefined)
    say(`The logs of every process, and the tabs' traces, are in ${relative(process.cwd(), logFolder)}/`)
  return error instanceof StudyError ? exitCodes.studyFailed : exitCodes.environment
}

function isEnvironment(error: unknown): boolean {
  return error instanceof Error && (error.name === 'EnvironmentError' || error.name === 'ProcessError')
}

function newLogFolder(): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const folder = join(workDir, 'logs', `${stamp}-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Aborts on Ctrl-C, SIGTERM, a closed terminal, and where npm that started us is gone. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Asked twice is not asked harder: the end takes a few seconds at most.
    process.on(signal, () => controller.abort())
  }
  const parent = process.ppid
  if (process.env.npm_lifecycle_event !== undefined && process.platform !== 'win32') {
    setInterval(() => {
      if (process.ppid !== parent) controller.abort()
    }, 1000).unref()
  }
  return controller.signal
}

/** Rejects once the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  promise.catch(() => undefined)
  return promise
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
