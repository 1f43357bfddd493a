import type { Plugin } from 'vite'

/** What may run in the training worker alone, and what of it the window needs all the same. */
export interface WorkerOnly {
  /** npm packages. */
  readonly packages: readonly string[]
  /** Folders and files below the root, e.g. src/aggregation/ or src/crypto/envelope.ts. */
  readonly sources: readonly string[]
  /** Files of those folders that talk to the worker or describe data, with what of each the window may hold; null: all. */
  readonly except: Readonly<Record<string, readonly string[] | null>>
}

/**
 * Fails the build where a chunk of the window holds what belongs in the training worker: this is what makes sure that no
 * encryption of updates, parsing, aggregation or training runs on the window's thread. Workers are bundled apart and are not
 * looked at.
 */
export function workerOnly(rules: WorkerOnly): Plugin {
  let root = ''
  return {
    name: 'wardround-worker-only',
    apply: 'build',
    configResolved(config) {
      root = config.root
    },
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        const modules = Object.entries(chunk.modules).map(([id, { renderedExports, renderedLength }]) => ({
          id,
          // A module of which nothing is left may still be listed.
          exports: renderedLength > 0 ? renderedExports : null,
        }))
        const stray = strayOf(modules, root, rules)
        if (stray !== undefined) {
          this.error(`${stray} is in the window's chunk ${chunk.fileName}; only the training worker may import it.`)
        }
      }
    },
  }
}

/** A module of a chunk. */
interface BundledModule {
  readonly id: string
  /** What of it is in the chunk under its own name; null: nothing at all. */
  readonly exports: readonly string[] | null
}

/** The first of a window's modules that belongs in the worker; undefined where all are in their place. */
export function strayOf(modules: readonly BundledModule[], root: string, rules: WorkerOnly): string | undefined {
  return modules.find(({ id, exports }) => {
    if (exports === null) return false
    if (rules.packages.some(name => id.includes(`/node_modules/${name}/`))) return true
    const path = id.startsWith(`${root}/`) ? id.slice(root.length + 1) : id
    if (!rules.sources.some(source => path.startsWith(source))) return false
    const allowed = rules.except[path]
    if (allowed === null) return false
    return allowed === undefined || exports.length === 0 || exports.some(name => !allowed.includes(name))
  })?.id
}
