import type { Plugin } from 'vite'

/** Fails the build where the page's own chunks hold what belongs in the training worker. */
export function workerOnly(packages: readonly string[]): Plugin {
  return {
    name: 'wardround-worker-only',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        const stray = chunk.moduleIds.find(id => packages.some(name => id.includes(`/node_modules/${name}/`)))
        if (stray !== undefined) {
          this.error(`${stray} is in the page's chunk ${chunk.fileName}; only the training worker may import it.`)
        }
      }
    },
  }
}
