import { join } from 'node:path'
import { build } from 'vite'
import { root, workDir } from '../lock.mjs'
import { buildOnce } from './buildOnce.ts'

const outDir = join(workDir, 'relay-build')
const product = join(outDir, 'main.mjs')

/**
 * Bundles the relay where its sources changed: a process of one file is up in half a second, one of a thousand modules takes five
 * seconds of a core.
 *
 * @returns the file to run with Node
 * @throws Error of the bundler
 */
export async function buildRelay(): Promise<string> {
  await buildOnce('relay', ['relay', 'src', 'package-lock.json'], product, () =>
    build({
      configFile: false,
      root,
      publicDir: false,
      logLevel: 'error',
      // LevelDB is a native module.
      ssr: { noExternal: true, external: ['classic-level'] },
      build: {
        ssr: 'relay/main.ts',
        outDir,
        emptyOutDir: true,
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'main.mjs' } },
      },
    }),
  )
  return product
}
