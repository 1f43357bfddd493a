import type { Plugin } from 'vite'

/** Paths that are pages of their own. The app reads location.pathname; a static server needs a file for each. */
export const pagePaths = ['sponsor', 'issuers', 'kiosk', 'audits'] as const

/** Writes index.html once more for each page, so that any static file server serves them. */
export function pages(): Plugin {
  return {
    name: 'wardround-pages',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const index = bundle['index.html']
      // Another build of the same configuration, for a test say, may have no such page.
      if (index?.type !== 'asset') return
      for (const path of pagePaths) {
        this.emitFile({ type: 'asset', fileName: `${path}/index.html`, source: index.source })
      }
    },
  }
}
