import { join } from 'node:path'
import { build, createServer, preview } from 'vite'
import { root } from '../lock.mjs'
import { buildOnce } from './buildOnce.ts'

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
export function buildApp(onBuild: () => void): Promise<boolean> {
  return buildOnce('build', sources, join(root, 'dist', 'index.html'), async () => {
    onBuild()
    await inProduction(() => build({ root, logLevel: 'error' }))
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
