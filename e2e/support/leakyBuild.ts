import { join } from 'node:path'
import { build, type Plugin } from 'vite'
import { root } from '../../scripts/lock.mjs'

interface Fault {
  /** Ends the module's path. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** What a careless or hostile change would look like: one for each way out of the tab. */
const faults: readonly Fault[] = [
  {
    // Nothing of a file may leave the worker; here the page keeps its name and text.
    file: 'src/training/client.ts',
    find: 'await remote.loadCsv(',
    replace: "await ((globalThis.leaked = file.name + ' ' + (await file.text())), remote).loadCsv(",
  },
  {
    // From the worker to the page's own server, and to the console.
    file: 'src/training/workerApi.ts',
    find: 'text => checkCsv(text, file.name, schema, mapping)',
    replace: `text => {
      void fetch(new URL('/collect', location.href), { method: 'POST', body: text })
      console.log('read', file.name)
      return checkCsv(text, file.name, schema, mapping)
    }`,
  },
  {
    // In the open part of a blob, to the relays.
    file: 'src/storage/heliaStore.ts',
    find: 'const { digest, chunks, size } = await checkBlob(blob)',
    replace: `
      const { decode, encode } = await import('@ipld/dag-cbor')
      blob = { ...blob, header: encode({ ...decode(blob.header), note: globalThis.leaked }) }
      const { digest, chunks, size } = await checkBlob(blob)`,
  },
  {
    // In a transaction and its event, to everybody.
    file: 'src/chain/StudyChain.ts',
    find: 'args: [round, update, commitment]',
    replace: `args: [round, update, '0x' + [...new TextEncoder().encode(globalThis.leaked.slice(0, 32))]
      .map(byte => byte.toString(16).padStart(2, '0')).join('')]`,
  },
]

/**
 * Builds the app with a leak in every place that data could leave by, to see that the detector finds them.
 *
 * @returns the folder of the build
 * @throws Error where a fault no longer fits the source: it would leak nothing, and its test would mean nothing
 */
export async function buildLeakyApp(folder: string): Promise<string> {
  const outDir = join(folder, 'leaky-app')
  const placed = new Set<Fault>()
  const plugin = (): Plugin => ({
    name: 'wardround-leaks',
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
  if (missing !== undefined) throw new Error(`${missing.file} no longer has “${missing.find}”: place this leak anew`)
  return outDir
}
