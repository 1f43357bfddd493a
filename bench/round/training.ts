import type { Page } from '@playwright/test'
import { median, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { withBenchPage } from './benchPage.ts'
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
  return withBenchPage({ hardware, log }, async page => {
    const adapters = await page.evaluate(() => window.backends())
    const rows: TrainingRow[] = []
    const failures: { backend: string; model: string; reason: string }[] = []
    for (const backend of backends) {
      for (const model of models) {
        try {
          const row = summarise(backend, model, await compare(page, { backend, model }, turns, milliseconds))
          rows.push(row)
          log(cells(row).join('  '))
        } catch (error) {
          const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error)
          failures.push({ backend, model, reason })
          log(`${backend} ${model}: ${reason}`)
        }
      }
    }
    return { rows, adapters, failures, processor: processor() }
  })
}

/** The report as lines for a terminal. */
export function trainingTable({ rows, adapters, failures, processor }: TrainingReport): string {
  return [
    `Training, batch 32, ms a step (${processor}; WebGPU: ${adapters.webgpu ?? 'none'}; WebGL: ${adapters.webgl ?? 'none'})`,
    layOut([['backend', 'model', 'ours', 'bare', 'ratio', 'of fastest', 'off cpu'], ...rows.map(cells)], 2),
    ...failures.map(({ backend, model, reason }) => `${backend}  ${model}  not measured: ${reason}`),
  ].join('\n')
}

function cells({ backend, model, ours, bare, ratio, ratioOfFastest, difference }: TrainingRow): string[] {
  const numbers = [ours, bare, ratio, ratioOfFastest].map(value => value.toFixed(2))
  return [backend, model, ...numbers, difference.toExponential(1)]
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
