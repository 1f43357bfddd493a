/** What the app cannot do without, by what it is needed for. */
export type Feature = 'crypto' | 'database' | 'workers' | 'wasm'

/** What this browser lacks, asked before anything else; empty where all is well. */
export async function lackingFeatures(browser: Partial<typeof globalThis> = globalThis): Promise<Feature[]> {
  const lacking: Feature[] = []
  // Absent on pages that come over plain http from another computer.
  if (browser.crypto?.subtle === undefined) lacking.push('crypto')
  if (!(await canStore(browser.indexedDB))) lacking.push('database')
  if (browser.Worker === undefined) lacking.push('workers')
  if (browser.WebAssembly === undefined) lacking.push('wasm')
  return lacking
}

const PROBE = 'wardround-probe'

/** Some private windows have a database that cannot be opened. */
function canStore(databases: IDBFactory | undefined): Promise<boolean> {
  if (databases === undefined) return Promise.resolve(false)
  return new Promise(resolve => {
    try {
      const request = databases.open(PROBE)
      request.onerror = () => resolve(false)
      request.onsuccess = () => {
        request.result.close()
        databases.deleteDatabase(PROBE)
        resolve(true)
      }
    } catch {
      // Firefox throws where cookies are blocked.
      resolve(false)
    }
  })
}
