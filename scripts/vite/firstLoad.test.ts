import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../demo/server.ts'
import { root } from '../lock.mjs'
import { firstLoad } from './firstLoad.ts'
import { pagePaths } from './pages.ts'
import { firstLoadLimits } from './rules.ts'

const dist = join(root, 'dist')

// The build itself fails where the window's code holds training, parsing, aggregation or encryption: see boundaries.ts.
beforeAll(async () => {
  await buildApp(() => undefined)
}, 120_000)

describe('the built app', () => {
  it.each(Object.entries(firstLoadLimits))('shows %s after at most %d bytes', (page, limit) => {
    const { bytes, files } = firstLoad(dist, `src/ui/pages/${page}.tsx`)
    const largest = files.slice(0, 8).map(({ file, bytes }) => `${file} ${bytes}`)
    expect(bytes, `${bytes} bytes, gzipped; the largest:\n${largest.join('\n')}`).toBeLessThanOrEqual(limit)
  })

  it('has a file for each page, for static servers', () => {
    for (const path of pagePaths) expect(existsSync(join(dist, path, 'index.html'))).toBe(true)
  })
})
