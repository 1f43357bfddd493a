import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { root } from '../lock.mjs'
import { isFree } from './ports.ts'

let demo: ChildProcess | undefined

afterEach(() => {
  demo?.kill('SIGKILL')
})

/** Starts the demo as npm would and waits until the page is there. */
async function startDemo(): Promise<{ readonly output: () => string; readonly ended: Promise<number | string> }> {
  const port = await freePorts()
  const child = spawn(process.execPath, [join(root, 'scripts', 'demo.mjs'), '--port', String(port), '--rounds', '1'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  demo = child
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  const ended = new Promise<number | string>(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone'))
  })
  for (const deadline = Date.now() + 90_000; !output.includes('Open http'); await sleep(100)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`The demo did not start:\n${output}`)
  }
  return { output: () => output, ended }
}

/** Four ports in a row that nobody uses. */
async function freePorts(): Promise<number> {
  for (let port = 18_610; ; port += 10) {
    const free = await Promise.all([0, 1, 2, 3].map(offset => isFree(port + offset)))
    if (free.every(Boolean)) return port
  }
}

/** All processes that descend from this one, by /proc: pid and command line. */
function descendants(of: number): { pid: number; command: string }[] {
  const parents = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(name), parent: Number(fields[1]), state: fields[0], command }]
      } catch {
        // It ended while we looked.
        return []
      }
    })
    .filter(({ state }) => state !== 'Z')
  const found: { pid: number; command: string }[] = []
  for (const queue = [of]; queue.length > 0; ) {
    const parent = queue.shift()
    for (const child of parents) {
      if (child.parent !== parent) continue
      found.push(child)
      queue.push(child.pid)
    }
  }
  return found
}

async function gone(pids: readonly number[]): Promise<boolean> {
  const isThere = (pid: number) => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  for (const end = Date.now() + 8000; Date.now() < end; await sleep(50)) if (!pids.some(isThere)) return true
  return false
}

// Looks processes up in /proc, which only Linux has.
describe.runIf(process.platform === 'linux')('the demo', () => {
  const endings = [
    ['SIGINT', 130],
    ['SIGKILL', 'SIGKILL'],
    ['SIGTERM', 130],
  ] as const
  // Each takes a start of everything; the last goes the first one's way.
  it.each(process.env.WARDROUND_LONG === '1' ? endings : endings.slice(0, 2))(
    'ended by %s leaves no process behind',
    async (signal, outcome) => {
      const { ended } = await startDemo()
      const started = descendants(demo?.pid ?? 0)
      expect(started.filter(({ command }) => /anvil|relay-build|watchdog/.test(command))).toHaveLength(4)
      demo?.kill(signal)
      expect(await ended).toBe(outcome)
      expect(await gone(started.map(({ pid }) => pid))).toBe(true)
    },
    120_000,
  )

  it('ends, and says where the log is, when a process of it dies', async () => {
    const { ended, output } = await startDemo()
    const started = descendants(demo?.pid ?? 0)
    const anvil = started.find(({ command }) => command.includes('bin/anvil'))
    process.kill(anvil?.pid ?? 0, 'SIGKILL')
    expect(await ended).toBe(3)
    expect(output()).toMatch(/anvil ended unexpectedly \(SIGKILL\)\. Its log: .*anvil\.log/)
    expect(await gone(started.map(({ pid }) => pid))).toBe(true)
  }, 120_000)
})
