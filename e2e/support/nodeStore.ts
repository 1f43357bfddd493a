import '../../src/storage/nodeWebSocket.ts'
import { createHeliaStore, type HeliaStore } from '../../src/storage/heliaStore.ts'

/** A Helia node in this process, with its blocks in memory: for sponsors and hospitals without a browser. */
export function openNodeStore(name: string, relays: readonly string[]): Promise<HeliaStore> {
  return createHeliaStore({ namespace: `${name}-${crypto.randomUUID()}`, relays, storage: 'memory' })
}
