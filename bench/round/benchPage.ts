import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import { build, preview } from 'vite'
import { findChromium } from '../../scripts/chromium.mjs'

export interface BenchPageOptions {
  /** Take the machine's own graphics adapter; else WebGPU is SwiftShader, the same on every machine. */
  readonly hardware?: boolean
  /** Where the page is, and the function that it puts on its window. The round's by default. */
  readonly folder?: URL
  readonly ready?: string
  readonly log?: (line: string) => void
}

const roundPage = new URL('./page', import.meta.url)
const PORT = 8795
/** SwiftShader computes WebGPU and WebGL on the processor. */
const SOFTWARE_FLAGS = ['--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader']
const HARDWARE_FLAGS = ['--ignore-gpu-blocklist', '--enable-features=Vulkan']
const FLAGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--enable-unsafe-webgpu',
]

/**
 * Builds and serves the benchmarks' page, opens it in headless Chromium, hands it over and ends everything.
 * @throws Error when there is no Chromium or the page does not load
 */
export async function withBenchPage<T>(
  { hardware = false, folder = roundPage, ready = 'compare', log = () => {} }: BenchPageOptions,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  const executablePath = await findChromium()
  if (executablePath === undefined) throw new Error('No Chromium here: npm run demo installs one.')
  const out = await mkdtemp(join(tmpdir(), 'wardround-bench-'))
  const closing: (() => Promise<unknown>)[] = [() => rm(out, { recursive: true, force: true })]
  try {
    // Built, not served from source: hot reload's code would be measured along.
    const config = {
      root: fileURLToPath(folder),
      configFile: false,
      logLevel: 'error',
      worker: { format: 'es' },
    } as const
    await build({
      ...config,
      build: { outDir: out, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 5_000 },
    })
    const server = await preview({ ...config, build: { outDir: out }, preview: { host: '127.0.0.1', port: PORT } })
    closing.unshift(() => server.close())
    const address = server.resolvedUrls?.local[0]
    if (address === undefined) throw new Error('The benchmark page is not served.')
    const browser = await chromium.launch({
      executablePath,
      args: [...FLAGS, ...(hardware ? HARDWARE_FLAGS : SOFTWARE_FLAGS)],
    })
    closing.unshift(() => browser.close())
    const page = await browser.newPage()
    page.on('pageerror', error => log(`page: ${error.message}`))
    await page.goto(address)
    await page.waitForFunction(name => name in window, ready)
    return await use(page)
  } finally {
    for (const close of closing) await close()
  }
}
