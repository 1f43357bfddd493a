import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DemoReport } from '../../scripts/demo/report.ts'
import { percent, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'

export interface StudyBenchOptions {
  readonly rounds?: number
  readonly log?: (line: string) => void
}

export interface StudyReport {
  readonly hospitals: number
  readonly rounds: number
  readonly backend: string
  /** Means over the hospitals, as the demo reports them; total is the whole study's. */
  readonly seconds: DemoReport['seconds']
  readonly share: {
    /** (encrypt + store + chain) / total. */
    readonly ofTotal: number
    /** (encrypt + store + chain) / (total − wait). */
    readonly ofBusy: number
    /** (encrypt + store + chain) / (train + encrypt + store + chain). */
    readonly ofTrainingAndProtocol: number
  }
  readonly target: number
  readonly meanAccuracy: number
  readonly processor: string
}

const HOSPITALS = 3
const TARGET = 0.02
const PORT = 8760
const demo = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url))

/**
 * The share of encryption, storage and chain in a whole digits study of three hospitals in three tabs, as the demo runs and
 * times it.
 * @throws Error where the demo fails
 */
export async function benchStudy({ rounds = 5, log = () => {} }: StudyBenchOptions = {}): Promise<StudyReport> {
  const { seconds, backend, meanAccuracy, rounds: done } = await runDemo(rounds, log)
  const protocol = seconds.encrypt + seconds.store + seconds.chain
  return {
    hospitals: HOSPITALS,
    rounds: done,
    backend,
    seconds,
    share: {
      ofTotal: protocol / seconds.total,
      ofBusy: protocol / (seconds.total - seconds.wait),
      ofTrainingAndProtocol: protocol / (seconds.train + protocol),
    },
    target: TARGET,
    meanAccuracy,
    processor: processor(),
  }
}

/** The report as lines for a terminal. */
export function studyTable({ hospitals, rounds, backend, seconds, share, ...report }: StudyReport): string {
  const { total, train, encrypt, store, chain, wait } = seconds
  const other = total - train - encrypt - store - chain - wait
  const row = (name: string, value: number) => [name, value.toFixed(2), percent(value / total, 1)]
  return [
    `Study: digits, ${hospitals} hospitals in ${hospitals} tabs, ${rounds} rounds on ${backend}, accuracy ${percent(report.meanAccuracy, 1)} (${report.processor})`,
    'Seconds of one hospital, mean of the three. Chain and storage hold their waits: for a receipt, a block, another’s blob.',
    layOut([
      ['', 'seconds', 'of total'],
      row('train', train),
      row('encrypt', encrypt),
      row('store', store),
      row('chain', chain),
      row('wait for others', wait),
      row('page load, join, score, average, evaluate, train alone to compare', other),
      row('total, first page opened to last one done', total),
    ]),
    `(encrypt + store + chain) / total = ${percent(share.ofTotal)}; target at most ${percent(report.target, 0)}: ${share.ofTotal <= report.target ? 'met' : 'missed'}.`,
    `A hospital and round: ${((1000 * (encrypt + store + chain)) / rounds).toFixed(0)} ms of encrypt + store + chain, ${((1000 * train) / rounds).toFixed(0)} ms of training.`,
    `Without waiting for others, / (total − wait) = ${percent(share.ofBusy)}; beside training alone, / (train + encrypt + store + chain) = ${percent(share.ofTrainingAndProtocol)}.`,
  ].join('\n')
}

function runDemo(rounds: number, log: (line: string) => void): Promise<DemoReport> {
  const args = ['--headless', '--json', '--study', 'digits', '--hospitals', String(HOSPITALS)]
  const child = spawn(process.execPath, [demo, ...args, '--rounds', String(rounds), '--port', String(PORT)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // The demo ends its own processes when it is asked to.
  const end = () => child.kill('SIGTERM')
  process.once('exit', end)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  log(`The demo runs ${rounds} rounds of digits.`)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      process.off('exit', end)
      if (code === 0) resolve(JSON.parse(stdout.trim().split('\n').at(-1)!) as DemoReport)
      else reject(new Error(`The demo ended with code ${code}:\n${stderr.slice(-2000)}`))
    })
  })
}
