import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import { build, preview } from 'vite'
import { findChromium } from '../../scripts/chromium.mjs'
import type { Job } from './page/job.ts'
import type { Comparison } from './page/page.ts'

export interface TrainingRow {
  readonly backend: Job['backend']
  readonly model: Job['model']
  /** Medians, milliseconds a step of 32 examples. */
  readonly ours: number
  readonly bare: number
  /** Median over turns of ours / bare; the target is at most 1.05. */
  readonly ratio: number
  /** Fastest turn of ours / fastest of bare: what is left when something else was running on the machine. */
  readonly ratioOfFastest: number
  /** How far five of our steps end from the cpu backend's, over how far they went. */
  readonly difference: number
  readonly turns: number
}

export interface TrainingReport {
  readonly rows: readonly TrainingRow[]
  /** What each backend ran on; failures of the others. */
  readonly adapters: { readonly webgpu: string | null; readonly webgl: string | null }
  readonly failures: readonly { readonly backend: string; readonly model: string; readonly reason: string }[]
  readonly processor: string
}

export interface TrainingOptions {
  readonly backends?: readonly Job['backend'][]
  readonly models?: readonly Job['model'][]
  readonly turns?: number
  /** How long one loop runs in one turn, about. */
  readonly milliseconds?: number
  /** Take the machine's own graphics adapter; else WebGPU is SwiftShader, the same on every machine. */
  readonly hardware?: boolean
  readonly log?: (line: string) => void
}

const folder = fileURLToPath(new URL('./page', import.meta.url))
const PORT = 8670
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
 * Our training loop against a bare tfjs loop in one browser, taking turns: same model, examples, batch and backend, each
 * timed from plain arrays to plain arrays.
 * @throws Error when there is no Chromium or the page does not load
 */
export async function benchTraining({
  backends = ['wasm', 'cpu', 'webgl', 'webgpu'],
  models = ['logistic', 'mlp', 'cnn'],
  turns = 6,
  milliseconds = 1_000,
  hardware = false,
  log = () => {},
}: TrainingOptions = {}): Promise<TrainingReport> {
  const executablePath = await findChromium()
  if (executablePath === undefined) throw new Error('No Chromium here: npm run demo installs one.')
  const out = await mkdtemp(join(tmpdir(), 'wardround-bench-'))
  const closing: (() => Promise<unknown>)[] = [() => rm(out, { recursive: true, force: true })]
  try {
    // Built, not served from source: hot reload's code would be measured along.
    const config = { root: folder, configFile: false, logLevel: 'error', worker: { format: 'es' } } as const
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
    await page.waitForFunction(() => 'compare' in window)

    const adapters = await page.evaluate(() => window.backends())
    const rows: TrainingRow[] = []
    const failures: { backend: string; model: string; reason: string }[] = []
    for (const backend of backends) {
      for (const model of models) {
        try {
          const row = summarise(backend, model, await compare(page, { backend, model }, turns, milliseconds))
          rows.push(row)
          log(line(row))
        } catch (error) {
          const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error)
          failures.push({ backend, model, reason })
          log(`${backend} ${model}: ${reason}`)
        }
      }
    }
    return { rows, adapters, failures, processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores` }
  } finally {
    for (const close of closing) await close()
  }
}

/** The report as lines for a terminal. */
export function trainingTable({ rows, adapters, failures, processor }: TrainingReport): string {
  return [
    `Training, batch 32, ms a step (${processor}; WebGPU: ${adapters.webgpu ?? 'none'}; WebGL: ${adapters.webgl ?? 'none'})`,
    `${'backend'.padEnd(8)}${'model'.padEnd(10)}${'ours'.padStart(9)}${'bare'.padStart(9)}${'ratio'.padStart(8)}${'of fastest'.padStart(12)}${'off cpu'.padStart(10)}`,
    ...rows.map(line),
    ...failures.map(({ backend, model, reason }) => `${backend.padEnd(8)}${model.padEnd(10)}  not measured: ${reason}`),
  ].join('\n')
}

function line({ backend, model, ours, bare, ratio, ratioOfFastest, difference }: TrainingRow): string {
  return `${backend.padEnd(8)}${model.padEnd(10)}${ours.toFixed(2).padStart(9)}${bare.toFixed(2).padStart(9)}${ratio.toFixed(2).padStart(8)}${ratioOfFastest.toFixed(2).padStart(12)}${difference.toExponential(1).padStart(10)}`
}

function compare(page: Page, job: Omit<Job, 'steps'>, turns: number, milliseconds: number): Promise<Comparison> {
  return page.evaluate(([job, budget]) => window.compare(job, budget), [job, { turns, milliseconds }] as const)
}

function summarise(backend: Job['backend'], model: Job['model'], { ours, bare, difference }: Comparison): TrainingRow {
  return {
    backend,
    model,
    ours: median(ours),
    bare: median(bare),
    ratio: median(ours.map((value, turn) => value / bare[turn]!)),
    ratioOfFastest: Math.min(...ours) / Math.min(...bare),
    difference,
    turns: ours.length,
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
