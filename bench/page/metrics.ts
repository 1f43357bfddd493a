import type { BrowserContext, CDPSession, Page } from '@playwright/test'

/** What the browser itself measured in one page, in milliseconds; layout shift is a score. */
export interface PageMetrics {
  readonly largestPaint: number
  /** The worst burst of shifts, since the page was opened or since the last look: Cumulative Layout Shift of the Web Vitals. */
  readonly layoutShift: number
  /** The longest tasks of the window's thread since the page was opened, or since the last look. */
  readonly longestTask: number
  readonly longTasks: number
}

export interface Shift {
  /** Milliseconds since the page was opened. */
  readonly at: number
  readonly score: number
}

interface Observed {
  largestPaint: number
  shifts: Shift[]
  tasks: number[]
}

declare global {
  interface Window {
    observedByBench?: Observed
  }
}

/** Has every page of the context measure itself from its first script on. */
export async function observe(context: BrowserContext): Promise<void> {
  // Without functions of a name: what runs TypeScript here wraps those in a helper that the page lacks.
  await context.addInitScript(() => {
    const observed: Observed = { largestPaint: 0, shifts: [], tasks: [] }
    window.observedByBench = observed
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) observed.largestPaint = entry.startTime
    }).observe({ type: 'largest-contentful-paint', buffered: true })
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean }
        if (!hadRecentInput) observed.shifts.push({ at: entry.startTime, score: value })
      }
    }).observe({ type: 'layout-shift', buffered: true })
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) observed.tasks.push(entry.duration)
    }).observe({ type: 'longtask', buffered: true })
  })
}

/**
 * What was measured so far; tasks and shifts start anew. A task of less than 50 ms is not long (W3C Long Tasks).
 *
 * @throws Error where the page does not measure itself, or has painted nothing
 */
export async function metricsOf(page: Page): Promise<PageMetrics> {
  const observed = await page.evaluate(() => {
    const seen = window.observedByBench
    return seen && { ...seen, tasks: seen.tasks.splice(0), shifts: seen.shifts.splice(0) }
  })
  if (observed === undefined) throw new Error('this page does not measure itself')
  if (observed.largestPaint === 0) throw new Error('the browser told of no paint')
  const { largestPaint, tasks, shifts } = observed
  return {
    largestPaint,
    layoutShift: worstBurst(shifts),
    longestTask: Math.max(0, ...tasks),
    longTasks: tasks.length,
  }
}

/**
 * The largest sum of shifts that follow one another within a second each and within five seconds in all, as the Web Vitals
 * define Cumulative Layout Shift (web.dev/articles/cls).
 *
 * @param shifts in the order of time
 */
export function worstBurst(shifts: readonly Shift[]): number {
  let [worst, sum, first, last] = [0, 0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { at, score } of shifts) {
    if (at - last >= 1000 || at - first >= 5000) {
      sum = 0
      first = at
    }
    last = at
    sum += score
    worst = Math.max(worst, sum)
  }
  return worst
}

/** Slows a page's processor down. @param rate 4: four times slower */
export async function slowDown(page: Page, rate: number): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
  return session
}

/** Bytes over the network, as the browser counts them. */
export interface Transfer {
  /** Bodies and headers, by what they were: page, script, style, font, data, wasm, chain, socket. */
  readonly byKind: Readonly<Record<string, number>>
  /** Paths of everything that came from the page's own server. */
  readonly files: readonly string[]
}

/** Counts what a page sends and receives from now on, its workers' requests included. */
export function countTransfer(page: Page, origin: string): { read(): Transfer } {
  const byKind: Record<string, number> = {}
  const files = new Set<string>()
  const add = (kind: string, bytes: number) => {
    byKind[kind] = (byKind[kind] ?? 0) + bytes
  }
  page.on('requestfinished', async request => {
    const url = new URL(request.url())
    if (url.origin === origin) files.add(url.pathname)
    const sizes = await request.sizes().catch(() => null)
    if (sizes === null) return
    const bytes = sizes.requestBodySize + sizes.requestHeadersSize + sizes.responseBodySize + sizes.responseHeadersSize
    add(url.origin === origin ? kindOf(url.pathname, request.resourceType()) : 'chain', bytes)
  })
  page.on('websocket', socket => {
    const size = ({ payload }: { payload: string | Buffer }) => payload.length
    socket.on('framesent', frame => add('relays, out', size(frame)))
    socket.on('framereceived', frame => add('relays, in', size(frame)))
  })
  return { read: () => ({ byKind: { ...byKind }, files: [...files] }) }
}

function kindOf(path: string, type: string): string {
  if (path.endsWith('.wasm')) return 'training code'
  if (path.includes('worker')) return 'training code'
  if (path.startsWith('/studies/') || path.startsWith('/data/')) return 'patients of the demo'
  if (type === 'font') return 'fonts'
  if (type === 'script' || type === 'stylesheet' || type === 'document') return 'page'
  return 'other'
}
