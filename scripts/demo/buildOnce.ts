import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, withLock, workDir } from '../lock.mjs'

/**
 * Builds where the product is missing or its sources changed since the last build; one process of this checkout at a time.
 *
 * @param name of the build's lock and stamp
 * @param sources files and folders, relative to the project
 * @param product a file that is there once it is built
 * @returns whether it was built
 * @throws whatever the builder throws
 */
export function buildOnce(
  name: string,
  sources: readonly string[],
  product: string,
  build: () => Promise<unknown>,
): Promise<boolean> {
  return withLock(name, async () => {
    const stampPath = join(workDir, `${name}.stamp`)
    const fingerprint = fingerprintOf(sources)
    const isCurrent = existsSync(product) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === fingerprint
    if (isCurrent) return false
    await build()
    mkdirSync(workDir, { recursive: true })
    writeFileSync(stampPath, fingerprint)
    return true
  })
}

/** Of names, sizes and dates: quicker than of contents, and a needless build does no harm. */
function fingerprintOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(filesUnder)) {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path}\0${size}\0${mtimeMs}\0`)
  }
  return hash.digest('hex')
}

function filesUnder(path: string): string[] {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (statSync(full).isFile()) return [full]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.includes('.test.'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}
