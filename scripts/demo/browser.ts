import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import type { Automation } from '../../src/app/automation.ts'
import type { HospitalResult } from '../../src/app/store.ts'
import type { Backend } from './options.ts'

/** How often tabs are asked where they are. */
const pollMs = 500
/** A study in which nothing changes in any tab for this long is stuck: the longest phase is shorter. */
const stuckAfterMs = 5 * 60 * 1000

export interface Tab {
  readonly name: string
  readonly url: string
  /** The person's own file, given to the page as a person would. */
  readonly file?: string
}

export interface StudyProgress {
  readonly completed: number
  readonly rounds: number
  readonly phase: string
  /** What each hospital does, in the order of the tabs. */
  readonly tasks: readonly string[]
}

interface WatchOptions {
  readonly signal: AbortSignal
  /** Rejects when something that the tabs need is gone. */
  readonly failed: Promise<never>
  readonly onProgress: (progress: StudyProgress) => void
}

/** A hospital's page gave up. `isData`: because of what is in its file. */
export class StudyError extends Error {
  override readonly name = 'StudyError'
  readonly isData: boolean

  constructor(message: string, isData = false) {
    super(message)
    this.isData = isData
  }
}

/**
 * Starts a headless Chromium that ends with this process.
 *
 * @param backend 'webgpu' brings software WebGPU where there is no GPU; it is slow and never a default
 */
export function launchBrowser(executablePath: string, backend: Backend | undefined): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: chromiumFlags(backend === 'webgpu'),
    // The demo ends it in its own order.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
}

/**
 * Each window of a new Chromium loads its address bar's suggestions as two pages of their own: a second of a core, for a bar that nobody
 * sees. Of two such lists the last counts, so what Playwright turns off stands here again.
 */
const disabledFeatures = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'PaintHolding'],
  ...['HttpsFirstBalancedModeAutoEnable', 'LensOverlay', 'MediaRouter', 'ThirdPartyStoragePartitioning'],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'AimEnabled'],
  'PreconnectToSearch',
]

/** Flags without which Chromium calls home, works for nothing, or refuses to run as root in a container. */
export function chromiumFlags(softwareWebGpu: boolean): string[] {
  return [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    `--disable-features=${disabledFeatures.join(',')}`,
    ...(softwareWebGpu
      ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader']
      : []),
  ]
}

/**
 * Opens one browser context a hospital and waits until all are done. On failure each tab's trace, picture and console
 * are in the log folder.
 *
 * @throws StudyError with the sentence that the page shows
 */
export async function runHospitals(
  browser: Browser,
  tabs: readonly Tab[],
  options: WatchOptions & { readonly logFolder: string },
): Promise<HospitalResult[]> {
  const open: { tab: Tab; context: BrowserContext; page: Page }[] = []
  try {
    for (const [i, tab] of tabs.entries())
      open.push(await openTab(browser, tab, join(options.logFolder, `hospital-${i + 1}`)))
    return await waitForAll(open, options)
  } catch (error) {
    options.signal.throwIfAborted()
    await Promise.all(
      open.map(({ context, page }, i) => keepEvidence(context, page, join(options.logFolder, `hospital-${i + 1}`))),
    )
    throw error
  } finally {
    await Promise.all(open.map(({ context }) => context.close()))
  }
}

async function openTab(browser: Browser, tab: Tab, logPath: string) {
  const context = await browser.newContext()
  // Without pictures and bodies: they would hold the digits' files and slow the training down.
  await context.tracing.start({ title: tab.name, screenshots: false, snapshots: false })
  const page = await context.newPage()
  const log = createWriteStream(`${logPath}.log`)
  page.on('console', message => log.write(`${new Date().toISOString()} ${message.type()} ${message.text()}\n`))
  page.on('pageerror', error => log.write(`${new Date().toISOString()} uncaught ${error.stack ?? error.message}\n`))
  page.on('close', () => log.end())
  await page.goto(tab.url)
  if (tab.file !== undefined) await page.locator('input[type=file]').setInputFiles(tab.file)
  return { tab, context, page }
}

async function waitForAll(
  open: readonly { tab: Tab; page: Page }[],
  { signal, failed, onProgress }: WatchOptions,
): Promise<HospitalResult[]> {
  const crashed = new Promise<never>((_, reject) => {
    for (const { tab, page } of open) {
      page.once('crash', () => reject(new StudyError(`The tab of ${tab.name} crashed.`)))
    }
  })
  crashed.catch(() => undefined)
  let last = ''
  let changed = Date.now()
  for (;;) {
    signal.throwIfAborted()
    const states = await Promise.race([Promise.all(open.map(({ page }) => read(page))), crashed, failed])
    const broken = states.findIndex(state => state?.status === 'failed')
    if (broken >= 0) {
      const error = states[broken]?.error
      throw new StudyError(`${open[broken]?.tab.name}: ${error?.message}`, error?.code.startsWith('data.') ?? false)
    }
    onProgress(summarise(states))
    const results = states.flatMap(state => (state?.status === 'done' && state.result ? [state.result] : []))
    if (results.length === open.length) return results
    const now = JSON.stringify(states)
    if (now !== last) changed = Date.now()
    else if (Date.now() - changed > stuckAfterMs) {
      throw new StudyError(`Nothing has happened in any tab for ${stuckAfterMs / 60_000} minutes.`)
    }
    last = now
    await sleep(pollMs, undefined, { signal })
  }
}

/** The page's own account of itself; null while it loads. */
export function read(page: Page): Promise<Automation | null> {
  return page.evaluate(() => (window.wardround ? { ...window.wardround } : null))
}

function summarise(states: readonly (Automation | null)[]): StudyProgress {
  const known = states.filter(state => state !== null)
  const furthest = known.reduce<Automation | null>(
    (best, state) => (best === null || state.round > best.round ? state : best),
    null,
  )
  return {
    completed: Math.max(0, ...known.map(state => state.completed)),
    rounds: Math.max(0, ...known.map(state => state.rounds)),
    phase: furthest?.phase ?? 'starting',
    tasks: states.map(state =>
      state === null ? 'loading' : state.status === 'running' ? (state.task ?? 'waiting') : state.status,
    ),
  }
}

async function keepEvidence(context: BrowserContext, page: Page, path: string): Promise<void> {
  // Evidence of one tab must not be lost because another one cannot be asked any more.
  await Promise.allSettled([
    context.tracing.stop({ path: `${path}-trace.zip` }),
    page.screenshot({ path: `${path}.png`, timeout: 5000 }),
  ])
}
