/**
 * npm run bench -- page [--slowdown 4] [--rounds 3] [--json] [--write]
 * How the built app loads and how it feels while a study runs, by the browser's own metrics in headless Chromium.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { chromium } from '@playwright/test'
import { startBed } from '../e2e/support/deployment.ts'
import { shortHeart } from '../e2e/support/studies.ts'
import { openTab, untilDone, untilPage } from '../e2e/support/tabs.ts'
import { findChromium } from '../scripts/chromium.mjs'
import { chromiumFlags } from '../scripts/demo/browser.ts'
import { root } from '../scripts/lock.mjs'
import { countTransfer, metricsOf, observe, type PageMetrics, slowDown, type Transfer } from './page/metrics.ts'
import { median, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const { values: options } = parseArgs({
  options: {
    slowdown: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const slowdown = Number(options.slowdown)
const rounds = Number(options.rounds)
/** Targets in milliseconds, a score, and bytes. */
const targets = { largestPaint: 2500, layoutShift: 0.1, longestTask: 200, firstLoad: 350 * 1024 }
/** A first load varies with what else the machine does. */
const loads = 5
const hospitals = 3

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

interface Load {
  readonly name: string
  readonly metrics: PageMetrics
  readonly transfer: Transfer
  /** Scripts and styles until the page can be read, gzipped as a host would. */
  readonly first: number
  /** The same until it has settled: storage, the demo's accounts. */
  readonly settled: number
}

const executablePath = await findChromium()
const browser = await chromium.launch({
  args: chromiumFlags(false),
  ...(executablePath !== undefined && { executablePath }),
})
const bed = await startBed({ name: 'bench-page', relays: 2 })
try {
  const open = () => bed.openStudy(shortHeart(rounds), { hospitals, data: { kind: 'heart' } })
  const study = await open()
  const pages = [
    { name: 'studies', url: bed.url },
    { name: 'hospital', url: `${bed.url}/?study=${study.address}` },
    { name: 'hospital, demo account', url: study.url(1).replace('&auto=1', '') },
    { name: 'sponsor', url: `${bed.url}/sponsor` },
    { name: 'sponsor, demo account', url: `${bed.url}/sponsor?account=0` },
    { name: 'issuers', url: `${bed.url}/issuers` },
    { name: 'issuers, demo account', url: `${bed.url}/issuers?account=0` },
    { name: 'kiosk', url: `${bed.url}/kiosk` },
  ]
  const loaded: Load[] = []
  for (const { name, url } of pages) {
    const tries: Load[] = []
    for (let i = 0; i < loads; i++) tries.push(await load(name, url))
    const of = (pick: (load: Load) => number) => median(tries.map(pick))
    loaded.push({
      ...(tries.at(-1) as Load),
      metrics: {
        largestPaint: of(({ metrics }) => metrics.largestPaint),
        layoutShift: Math.max(...tries.map(({ metrics }) => metrics.layoutShift)),
        longestTask: of(({ metrics }) => metrics.longestTask),
        longTasks: of(({ metrics }) => metrics.longTasks),
      },
    })
    log(`${name}: loaded ${loads} times.`)
  }
  // A new one: the first one's time for joining has run out meanwhile.
  const toRun = await open()
  const running = await run(toRun.url, toRun.startWhenJoined)
  const table = [loadTable(loaded), studyTable(running)].join('\n\n')
  process.stdout.write(`${table}\n`)
  if (options.write) {
    const command = ['npm run bench -- page', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
    await writePage('page', { title: 'How the page loads and runs', command, text: table })
    log('Written to docs/benchmarks/page.md.')
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ loaded, running, targets, slowdown })}\n`)
} finally {
  await browser.close()
  await bed.stop()
}

/** One cold load on a slowed processor. */
async function load(name: string, url: string): Promise<Load> {
  const context = await browser.newContext()
  await observe(context)
  const page = await context.newPage()
  await slowDown(page, slowdown)
  const counter = countTransfer(page, bed.url)
  await page.goto(url)
  await page.locator('main h1, main h2').first().waitFor()
  const first = gzippedPage(counter.read().files)
  // Until nothing larger is painted any more.
  await page.waitForTimeout(3000)
  const metrics = await metricsOf(page)
  const transfer = counter.read()
  await context.close()
  return { name, metrics, transfer, first, settled: gzippedPage(transfer.files) }
}

interface RunningReport {
  /** A tab on an unslowed and on a slowed processor, from joining to the end. */
  readonly plain: PageMetrics
  readonly slowed: PageMetrics
  readonly before: Transfer
  readonly after: Transfer
}

/** A study in tabs; the first two are measured. */
async function run(urlOf: (hospital: number) => string, startWhenJoined: () => Promise<void>): Promise<RunningReport> {
  const tabs = []
  for (let hospital = 1; hospital <= hospitals; hospital++) {
    const context = await browser.newContext()
    await observe(context)
    const page = await openTab(context, 'about:blank')
    const counter = countTransfer(page, bed.url)
    if (hospital === 2) await slowDown(page, slowdown)
    await page.goto(urlOf(hospital))
    tabs.push({ page, counter })
  }
  const [first, second] = tabs as [(typeof tabs)[number], (typeof tabs)[number]]
  for (const { page } of tabs) await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  const before = first.counter.read()
  await Promise.all([metricsOf(first.page), metricsOf(second.page)])
  log(`A study of ${rounds} rounds runs in ${hospitals} tabs.`)
  await startWhenJoined()
  await untilDone(
    tabs.map(({ page }) => page),
    180_000,
  )
  const [plain, slowed] = await Promise.all([metricsOf(first.page), metricsOf(second.page)])
  return { plain, slowed, before, after: first.counter.read() }
}

/** Scripts and styles without the worker’s, as a host would compress them. */
function gzippedPage(files: readonly string[]): number {
  return files
    .filter(file => /\.(js|css)$/.test(file) && !file.includes('worker'))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(root, 'dist', file)), { level: 9 }).byteLength, 0)
}

function loadTable(loaded: readonly Load[]): string {
  const ms = (value: number) => value.toFixed(0)
  return [
    `First load, processor slowed ${slowdown} times, median of ${loads} (shift: the worst). ${processor()}.`,
    layOut([
      [
        'page',
        'largest paint ms',
        'layout shift',
        'longest task ms',
        'code until read kB gzip',
        'when settled',
        'all as served kB',
      ],
      ...loaded.map(({ name, metrics, first, settled, transfer }) => [
        name,
        ms(metrics.largestPaint),
        metrics.layoutShift.toFixed(3),
        ms(metrics.longestTask),
        (first / 1024).toFixed(0),
        (settled / 1024).toFixed(0),
        (total(transfer) / 1024).toFixed(0),
      ]),
      [
        'target, at most',
        ms(targets.largestPaint),
        String(targets.layoutShift),
        '',
        ms(targets.firstLoad / 1024),
        '',
        '',
      ],
    ]),
  ].join('\n')
}

function studyTable({ plain, slowed, before, after }: RunningReport): string {
  const kinds = [...new Set([...Object.keys(before.byKind), ...Object.keys(after.byKind)])].sort()
  const kb = (bytes = 0) => (bytes / 1024).toFixed(1)
  return [
    `While ${rounds} rounds run in ${hospitals} tabs on one computer (heart; tasks from 50 ms on count):`,
    layOut([
      ['window’s thread', 'longest task ms', 'long tasks', 'layout shift'],
      ['as it is', plain.longestTask.toFixed(0), String(plain.longTasks), plain.layoutShift.toFixed(3)],
      [
        `slowed ${slowdown} times`,
        slowed.longestTask.toFixed(0),
        String(slowed.longTasks),
        slowed.layoutShift.toFixed(3),
      ],
      ['target, at most', String(targets.longestTask), '', String(targets.layoutShift)],
    ]),
    '',
    'Bytes of one tab, headers included, nothing compressed by the test server:',
    layOut([
      ['', 'until it takes part kB', 'from then to the end kB'],
      ...kinds.map(kind => [kind, kb(before.byKind[kind]), kb((after.byKind[kind] ?? 0) - (before.byKind[kind] ?? 0))]),
      ['all', kb(total(before)), kb(total(after) - total(before))],
    ]),
  ].join('\n')
}

function total({ byKind }: Transfer): number {
  return Object.values(byKind).reduce((sum, bytes) => sum + bytes, 0)
}
