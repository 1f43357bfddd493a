/** The demo, after its packages are installed: see usage in options.ts and docs/demo.md. */
import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { AppError } from '../../src/errors/AppError.ts'
import { workDir } from '../lock.mjs'
import { prepare } from '../setup.mjs'
import { aborted } from './aborted.ts'
import { StudyError } from './browser.ts'
import { parseOptions, UsageError, usage } from './options.ts'
import { createProcesses } from './processes.ts'
import { say } from './say.ts'
import { readStudy } from './studyData.ts'

/** Exit codes; docs/demo.md explains them. */
const exitCodes = { ok: 0, badInput: 1, studyFailed: 2, environment: 3, interrupted: 130 } as const

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
    // Only now are there ABIs to import.
    const { runDemo } = await import('./run.ts')
    const onStop = (end: () => Promise<void>) => ends.push(end)
    const work = runDemo({ options, source, processes, logFolder, chromium, signal: stopping, onStop })
    await Promise.race([work, aborted(stopping)])
    return exitCodes.ok
  } catch (error) {
    if (stopping.aborted) return exitCodes.interrupted
    return explain(error, logFolder)
  } finally {
    for (const end of ends.reverse()) await end()
  }
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
