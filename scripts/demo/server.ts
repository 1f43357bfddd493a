import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, createServer, preview } from 'vite'
import { root, withLock, workDir } from '../lock.mjs'

/** What the built app is made of. */
const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'scripts/vite', 'package-lock.json']

export interface Server {
  readonly url: string
  close(): Promise<void>
}

/**
 * Builds the app where its sources changed since the last build.
 *
 * @returns whether it was built
 * @throws Error of the bundler
 */
export async function buildApp(onBuild: () => void): Promise<boolean> {
  return withLock('build', async () => {
    const stampPath = join(workDir, 'build.stamp')
    const fingerprint = fingerprintOf(sources)
    const isCurrent =
      existsSync(join(root, 'dist', 'index.html')) &&
      existsSync(stampPath) &&
      readFileSync(stampPath, 'utf8') === fingerprint
    if (isCurrent) return false
    onBuild()
    await inProduction(() => build({ root, logLevel: 'error' }))
    mkdirSync(workDir, { recursive: true })
    writeFileSync(stampPath, fingerprint)
    return true
  })
}

/** Vite keeps a NODE_ENV that is set: a build that a test asks for would hold React's development half. */
async function inProduction<T>(run: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    return await run()
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}

/** Serves the built app with its policy, or with hot reload the sources. The deployment file is named by WARDROUND_DEPLOYMENT. */
export async function serveApp(port: number, hotReload: boolean): Promise<Server> {
  const url = `http://127.0.0.1:${port}`
  if (hotReload) {
    const server = await withoutOwnEnd(() =>
      createServer({ root, server: { port, strictPort: true }, clearScreen: false }),
    )
    await server.listen()
    return { url, close: () => server.close() }
  }
  const server = await withoutOwnEnd(() => preview({ root, preview: { port, strictPort: true }, logLevel: 'error' }))
  return {
    url,
    close: () =>
      new Promise(resolve => {
        server.httpServer.close(() => resolve())
        // Tabs keep their connections open.
        if ('closeAllConnections' in server.httpServer) server.httpServer.closeAllConnections()
      }),
  }
}

/** Vite ends the whole process on SIGTERM, and leaves what else was started behind: it must not listen. */
async function withoutOwnEnd<T>(start: () => Promise<T>): Promise<T> {
  const before = process.listeners('SIGTERM')
  const started = await start()
  for (const listener of process.listeners('SIGTERM')) {
    if (!before.includes(listener)) process.removeListener('SIGTERM', listener)
  }
  return started
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
