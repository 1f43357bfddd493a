import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How long a process may take to end by itself before it is killed. */
const graceMs = 4000

export interface StartOptions {
  /** Names its log file: <name>.log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Resolves `ready` once a line of its output matches; without it the process is ready at once. */
  readonly readyLine?: RegExp
  /** Default 90 s. */
  readonly readyWithinMs?: number
}

export interface Running {
  readonly name: string
  readonly pid: number
  /** The line that matched readyLine; empty without one. */
  readonly ready: string
  /** Ends this one and everything it started. */
  stop(): Promise<void>
}

/** A process that ended by itself, or never got ready. The log holds what it said. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError'
}

export interface Processes {
  /** @throws ProcessError where it cannot start or ends before it is ready */
  start(options: StartOptions): Promise<Running>
  /** Rejects as soon as a process ends that nobody stopped; never resolves. */
  readonly crashed: Promise<never>
  /** Ends everything that was started, in reverse order. Safe to call again. */
  stopAll(): Promise<void>
}

/**
 * Starts and ends child processes so that none is left over: each is the leader of its own process group, the whole
 * group is ended, and a watchdog ends the groups where this process dies without a chance to.
 *
 * @param logFolder created; gets one log a process
 */
export function createProcesses(logFolder: string): Processes {
  mkdirSync(logFolder, { recursive: true })
  const running = new Map<number, { name: string; child: ChildProcess; stop: () => Promise<void> }>()
  const watchdog = startWatchdog()
  let reject: (error: ProcessError) => void
  const crashed = new Promise<never>((_, rejectCrashed) => {
    reject = rejectCrashed
  })
  // Who does not listen is not interested; an unhandled rejection would end the program.
  crashed.catch(() => undefined)

  async function start(options: StartOptions): Promise<Running> {
    const logPath = join(logFolder, `${options.name}.log`)
    const child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    const pid = child.pid
    if (pid === undefined) {
      const reason = await new Promise<Error>(resolve => child.once('error', resolve))
      throw new ProcessError(`${options.name} could not start: ${reason.message}`)
    }
    watchdog.watch(pid)
    const log = createWriteStream(logPath, { flags: 'a' })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => log.write(chunk))

    let stopping = false
    const ended = new Promise<string>(resolve => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
    })
    void ended.then(how => {
      // What it started may have outlived it.
      endGroup(pid, 'SIGKILL')
      watchdog.forget(pid)
      running.delete(pid)
      log.end()
      if (!stopping) reject(new ProcessError(`${options.name} ended unexpectedly (${how}). Its log: ${logPath}`))
    })
    const stop = async () => {
      stopping = true
      endGroup(pid, 'SIGTERM')
      const inTime = await Promise.race([ended, sleep(graceMs, undefined, { ref: false })])
      if (inTime === undefined) endGroup(pid, 'SIGKILL')
      await ended
    }
    running.set(pid, { name: options.name, child, stop })
    const ready = await waitUntilReady(child, options, ended, logPath).catch(async error => {
      await stop()
      throw error
    })
    return { name: options.name, pid, ready, stop }
  }

  async function stopAll(): Promise<void> {
    for (const { stop } of [...running.values()].reverse()) await stop()
    watchdog.end()
  }

  return { start, crashed, stopAll }
}

async function waitUntilReady(
  child: ChildProcess,
  options: StartOptions,
  ended: Promise<string>,
  logPath: string,
): Promise<string> {
  const { name, readyLine, readyWithinMs = 90_000 } = options
  if (readyLine === undefined) return ''
  const line = new Promise<string>(resolve => {
    let rest = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      const match = lines.find(text => readyLine.test(text))
      if (match !== undefined) resolve(match)
    })
  })
  const died = ended.then(how => {
    throw new ProcessError(`${name} ended before it was ready (${how}). Its log: ${logPath}`)
  })
  const patience = new AbortController()
  const late = sleep(readyWithinMs, undefined, { signal: patience.signal }).then(() => {
    throw new ProcessError(`${name} was not ready within ${readyWithinMs / 1000} s. Its log: ${logPath}`)
  })
  try {
    return await Promise.race([line, died, late])
  } finally {
    patience.abort()
    // The losers of the race: their rejections were either thrown above or are of no more interest.
    died.catch(() => undefined)
    late.catch(() => undefined)
  }
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    // There are no signals: /t takes the whole tree, /f does not ask.
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'])
    return
  }
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function startWatchdog() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./watchdog.mjs', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Neither the process nor its pipe may keep this program alive.
  child.unref()
  const pipe = child.stdin
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  // A watchdog that was killed cannot be written to; the groups are still ended by stopAll.
  pipe.on('error', () => undefined)
  return {
    watch: (pid: number) => pipe.write(`+${pid}\n`),
    forget: (pid: number) => pipe.write(`-${pid}\n`),
    end: () => pipe.end(),
  }
}
