import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProcesses, ProcessError, type Processes } from './processes.ts'

let folder: string
let processes: Processes

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardround-processes-'))
  processes = createProcesses(folder)
})

afterEach(async () => {
  await processes.stopAll()
  rmSync(folder, { recursive: true })
})

/** Starts a child of its own, writes both pids to a file, says ready, and lives on; deaf to SIGTERM if asked. */
function parentProgram(pidFile: string, deaf = false): string {
  const child = `${deaf ? "process.on('SIGTERM', () => {});" : ''} setInterval(() => {}, 1000)`
  return `
    ${deaf ? "process.on('SIGTERM', () => {})" : ''}
    const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' })
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, process.pid + ' ' + child.pid)
    console.log('listening on 1234')
    setInterval(() => {}, 1000)`
}

const node = (program: string) => ({ command: process.execPath, args: ['-e', program] })

function pidsIn(file: string): number[] {
  return readFileSync(file, 'utf8').split(' ').map(Number)
}

/** A zombie waits for its parent to look; it runs nothing any more. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const status = `/proc/${pid}/stat`
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'))
}

async function gone(pids: readonly number[], withinMs = 3000): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(20)) {
    if (!pids.some(isRunning)) return true
  }
  return false
}

describe('start', () => {
  it('waits for the line that says ready, and logs all output', async () => {
    const started = await processes.start({
      name: 'server',
      ...node(
        "console.log('booting'); setTimeout(() => console.log('listening on 1234'), 50); setInterval(() => {}, 1000)",
      ),
      readyLine: /listening on \d+/,
    })
    expect(started.ready).toBe('listening on 1234')
    await started.stop()
    expect(readFileSync(join(folder, 'server.log'), 'utf8')).toBe('booting\nlistening on 1234\n')
  })

  it('names the log when the process ends before it is ready', async () => {
    const start = processes.start({ name: 'broken', ...node('process.exit(7)'), readyLine: /never/ })
    await expect(start).rejects.toThrow(ProcessError)
    await expect(start).rejects.toThrow(`exit code 7). Its log: ${join(folder, 'broken.log')}`)
  })

  it('gives up on a process that is never ready, and ends it', async () => {
    const pidFile = join(folder, 'pids')
    const start = processes.start({
      name: 'slow',
      ...node(parentProgram(pidFile)),
      readyLine: /never/,
      // Long enough for it to have begun on a busy machine.
      readyWithinMs: 3_000,
    })
    await expect(start).rejects.toThrow('slow was not ready within 3 s')
    expect(await gone(pidsIn(pidFile))).toBe(true)
  })

  it('says which program is missing', async () => {
    await expect(processes.start({ name: 'absent', command: join(folder, 'no-such'), args: [] })).rejects.toThrow(
      'absent could not start',
    )
  })
})

describe('the end', () => {
  it('takes grandchildren along', async () => {
    const pidFile = join(folder, 'pids')
    await processes.start({ name: 'parent', ...node(parentProgram(pidFile)), readyLine: /listening/ })
    const pids = pidsIn(pidFile)
    expect(pids.filter(isRunning)).toHaveLength(2)
    await processes.stopAll()
    expect(await gone(pids)).toBe(true)
  })

  it('takes along those that do not listen to SIGTERM', async () => {
    const pidFile = join(folder, 'pids')
    await processes.start({ name: 'deaf', ...node(parentProgram(pidFile, true)), readyLine: /listening/ })
    const pids = pidsIn(pidFile)
    await processes.stopAll()
    expect(await gone(pids)).toBe(true)
  }, 10_000)

  it('takes the grandchildren along when their parent was killed', async () => {
    const pidFile = join(folder, 'pids')
    await processes.start({ name: 'killed', ...node(parentProgram(pidFile)), readyLine: /listening/ })
    const pids = pidsIn(pidFile)
    process.kill(pids[0]!, 'SIGKILL')
    await expect(processes.crashed).rejects.toThrow('killed ended unexpectedly (SIGKILL)')
    expect(await gone(pids)).toBe(true)
  })

  it('comes also when the one who started them is killed with -9', async () => {
    const pidFile = join(folder, 'pids')
    const manager = join(folder, 'manager.mts')
    const source = pathToFileURL(fileURLToPath(new URL('./processes.ts', import.meta.url))).href
    writeFileSync(
      manager,
      `import { createProcesses } from ${JSON.stringify(source)}
       const processes = createProcesses(${JSON.stringify(folder)})
       await processes.start({ name: 'orphan', command: process.execPath, args: ['-e', ${JSON.stringify(parentProgram(pidFile, true))}], readyLine: /listening/ })
       console.log('started')
       setInterval(() => {}, 1000)`,
    )
    const child = spawn(process.execPath, ['--import', 'tsx', manager], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise(resolve => child.stdout.once('data', resolve))
    const pids = pidsIn(pidFile)
    expect(pids.filter(isRunning)).toHaveLength(2)
    child.kill('SIGKILL')
    expect(await gone(pids)).toBe(true)
  }, 20_000)
})

it('does not call a process that was stopped crashed', async () => {
  const started = await processes.start({ name: 'quiet', ...node('setInterval(() => {}, 1000)') })
  await started.stop()
  const first = await Promise.race([processes.crashed.catch(() => 'crashed'), sleep(200, 'quiet')])
  expect(first).toBe('quiet')
})
