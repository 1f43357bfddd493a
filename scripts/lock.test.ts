import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { withLock, workDir } from './lock.mjs'

const name = `test-${process.pid}`
const path = join(workDir, `${name}.lock`)
const trace = join(tmpdir(), `wardround-lock-${process.pid}`)

afterEach(() => {
  rmSync(path, { force: true })
  rmSync(trace, { force: true })
})

/** Another process that takes the lock, writes "in", waits, writes "out". */
function contender(): Promise<number | null> {
  const program = `
    import { appendFileSync } from 'node:fs'
    import { withLock } from ${JSON.stringify(new URL('./lock.mjs', import.meta.url).href)}
    await withLock(${JSON.stringify(name)}, async () => {
      appendFileSync(${JSON.stringify(trace)}, 'in ')
      await new Promise(resolve => setTimeout(resolve, 100))
      appendFileSync(${JSON.stringify(trace)}, 'out ')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' })
  return new Promise(resolve => child.once('exit', resolve))
}

it('lets one process in at a time', async () => {
  expect(await Promise.all([contender(), contender(), contender(), contender()])).toEqual([0, 0, 0, 0])
  expect(readFileSync(trace, 'utf8')).toBe('in out in out in out in out ')
  expect(existsSync(path)).toBe(false)
})

it('takes over a lock whose process is gone, by one of those who wait', async () => {
  const gone = spawn(process.execPath, ['-e', ''])
  await new Promise(resolve => gone.once('exit', resolve))
  await withLock(name, async () => undefined)
  writeFileSync(path, String(gone.pid))
  expect(await Promise.all([contender(), contender(), contender()])).toEqual([0, 0, 0])
  expect(readFileSync(trace, 'utf8')).toBe('in out in out in out ')
})

it('tells who is waited for, and lets go when the task fails', async () => {
  const holders: number[] = []
  let release = () => {}
  const first = withLock(name, () => new Promise<void>(resolve => (release = resolve)))
  const second = withLock(
    name,
    async () => {
      throw new Error('failed')
    },
    holder => {
      holders.push(holder)
      release()
    },
  )
  await first
  await expect(second).rejects.toThrow('failed')
  expect(holders).toEqual([process.pid])
  expect(existsSync(path)).toBe(false)
})
