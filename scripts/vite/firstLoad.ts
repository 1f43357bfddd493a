import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

interface ManifestEntry {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
}

/** What the browser fetches before a page can be used. */
export interface FirstLoad {
  readonly files: readonly { readonly file: string; readonly bytes: number }[]
  /** Gzipped, all together. */
  readonly bytes: number
}

/**
 * JavaScript and CSS of the entry and of one lazily loaded page, with everything that they import at once; gzipped as a
 * server would.
 *
 * @param dist folder of the built app, with Vite's manifest
 * @param page the page's source, e.g. src/ui/pages/HomePage.tsx
 */
export function firstLoad(dist: string, page: string): FirstLoad {
  const manifest: Readonly<Record<string, ManifestEntry>> = JSON.parse(
    readFileSync(join(dist, '.vite/manifest.json'), 'utf8'),
  )
  const seen = new Set<string>()
  const files = new Set<string>()
  const visit = (name: string) => {
    if (seen.has(name)) return
    seen.add(name)
    const entry = manifest[name]
    if (entry === undefined) throw new Error(`the manifest does not know ${name}`)
    files.add(entry.file)
    for (const file of entry.css ?? []) files.add(file)
    for (const imported of entry.imports ?? []) visit(imported)
  }
  visit('index.html')
  visit(page)
  const sized = [...files].map(file => ({ file, bytes: gzipSync(readFileSync(join(dist, file)), { level: 9 }).length }))
  return { files: sized.sort((a, b) => b.bytes - a.bytes), bytes: sized.reduce((sum, { bytes }) => sum + bytes, 0) }
}
