import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
/** Everything that a run leaves behind: logs, locks, stamps. Ignored by git. */
export const workDir = join(root, '.wardround')

/** A lock this old belongs to nobody: its process id may have been given to another program since. */
const staleAfterMs = 30 * 60 * 1000

/**
 * Runs `task` while no other process of this checkout holds the lock of that name; waits for it otherwise.
 * A lock whose process is gone is taken over.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} task
 * @param {(holder: number) => void} [onWait] called once, with the holder's process id
 * @returns {Promise<T>}
 */
export async function withLock(name, task, onWait) {
  const path = join(workDir, `${name}.lock`)
  mkdirSync(workDir, { recursive: true })
  for (let told = false; !tryLock(path); ) {
    const holder = readHolder(path)
    if (holder === undefined || !isAlive(holder) || isStale(path)) takeAway(path, holder)
    else {
      if (!told) onWait?.(holder)
      told = true
      await sleep(200)
    }
  }
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await task()
  } finally {
    process.removeListener('exit', release)
    release()
  }
}

/** @param {string} path */
function tryLock(path) {
  // Written aside, then linked: a lock is never seen without its holder in it.
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, String(process.pid))
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/** @param {string} path */
function readHolder(path) {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** @param {string} path */
function isStale(path) {
  try {
    return Date.now() - statSync(path).mtimeMs > staleAfterMs
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

/**
 * Of several processes that find the same dead lock only one succeeds in renaming it.
 *
 * @param {string} path
 * @param {number | undefined} holder
 */
function takeAway(path, holder) {
  if (holder === undefined) return
  const aside = `${path}.dead.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  const taken = readHolder(aside)
  // Somebody else took the dead lock away and made a new one in between: give it back.
  if (taken !== undefined && taken !== holder) linkSync(aside, path)
  rmSync(aside, { force: true })
}
