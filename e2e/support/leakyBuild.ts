import { join } from 'node:path'
import { buildFaultyApp, type Fault } from './faultyBuild.ts'

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
    find: 'const args = [round, update, commitment] as const',
    replace: `const args = [round, update, '0x' + [...new TextEncoder().encode(globalThis.leaked.slice(0, 32))]
      .map(byte => byte.toString(16).padStart(2, '0')).join('')]`,
  },
]

/**
 * Builds the app with a leak in every place that data could leave by, to see that the detector finds them.
 *
 * @returns the folder of the build
 * @throws Error where a leak no longer fits the source
 */
export function buildLeakyApp(folder: string): Promise<string> {
  return buildFaultyApp(join(folder, 'leaky-app'), faults)
}
