import { build, type Plugin } from 'vite'
import { root } from '../../scripts/lock.mjs'

/** A change to the app's source. */
export interface Fault {
  /** Ends the module's path. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * Builds the app with faults in it.
 *
 * @param outDir emptied
 * @returns outDir
 * @throws Error where a fault no longer fits the source: it would do nothing, and its test would mean nothing
 */
export async function buildFaultyApp(outDir: string, faults: readonly Fault[]): Promise<string> {
  const placed = new Set<Fault>()
  const plugin = (): Plugin => ({
    name: 'wardround-faults',
    enforce: 'pre',
    transform(code, id) {
      const fault = faults.find(({ file }) => id.split('?')[0]?.endsWith(file))
      if (fault === undefined || !code.includes(fault.find)) return undefined
      placed.add(fault)
      return code.replace(fault.find, () => fault.replace)
    },
  })
  await build({
    root,
    logLevel: 'error',
    plugins: [plugin()],
    worker: { format: 'es', plugins: () => [plugin()] },
    build: { outDir, emptyOutDir: true, minify: false },
  })
  const missing = faults.find(fault => !placed.has(fault))
  if (missing !== undefined) throw new Error(`${missing.file} no longer has “${missing.find}”: place this fault anew`)
  return outDir
}
