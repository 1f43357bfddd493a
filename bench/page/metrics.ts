import type { BrowserContext, CDPSession, Page } from '@playwright/test'

/** What the browser itself measured in one page, in milliseconds; layout shift is a score. */
export interface PageMetrics {
  readonly largestPaint: number
  readonly layoutShift: number
  /** The longest tasks of the window's thread since the page was opened, or since the last look. */
  readonly longestTask: number
  readonly longTasks: number
}

interface Observed {
  largestPaint: number
  layoutShift: number
  tasks: number[]
}

declare global {
  interface Window {
    observedByBench?: Observed
  }
}

/** Has every page of the context measure itself from its first script on. */
export async function observe(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const observed: Observed = { largestPaint: 0, layoutShift: 0, tasks: [] }
    window.observedByBench = observed
    const watch = (type: string, see: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver(list => {
        for (const entry of list.getEntries()) see(entry)
      }).observe({ type, buffered: true })
    watch('largest-contentful-paint', entry => {
      observed.largestPaint = entry.startTime
    })
    watch('layout-shift', entry => {
      const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean }
      if (!hadRecentInput) observed.layoutShift += value
    })
    watch('longtask', entry => {
      observed.tasks.push(entry.duration)
    })
  })
}

/** What was measured so far; the tasks start anew. A task of less than 50 ms is not long (W3C Long Tasks). */
export async function metricsOf(page: Page): Promise<PageMetrics> {
  const observed = await page.evaluate(() => {
    const { tasks, ...rest } = window.observedByBench ?? { largestPaint: 0, layoutShift: 0, tasks: [] }
    if (window.observedByBench) window.observedByBench.tasks = []
    return { ...rest, tasks }
  })
  const { tasks, ...rest } = observed
  return { ...rest, longestTask: Math.max(0, ...tasks), longTasks: tasks.length }
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
    const sizes = await request.sizes().catch(() => null)
    if (sizes === null) return
    const bytes = sizes.requestBodySize + sizes.requestHeadersSize + sizes.responseBodySize + sizes.responseHeadersSize
    if (url.origin !== origin) return add('chain', bytes)
    files.add(url.pathname)
    add(kindOf(url.pathname, request.resourceType()), bytes)
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
