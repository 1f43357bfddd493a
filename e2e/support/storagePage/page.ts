/** The storage of a tab without the app around it, for e2e/storage.spec.ts to drive. Blobs are compared by their bytes' hash. */

import { sha256 } from '../../../src/crypto/bytes.ts'
import { AppError } from '../../../src/errors/AppError.ts'
import { timeLimit } from '../../../src/errors/timeLimit.ts'
import type { Blob } from '../../../src/storage/BlobStore.ts'
import { digestFromKey, keyOf } from '../../../src/storage/blocks.ts'
import { createHeliaStore, type HeliaStore, type StorageStatus } from '../../../src/storage/heliaStore.ts'
import { randomBlob } from '../../../src/storage/testing.ts'

export interface StoragePage {
  /** Opens the store; answers its peer id and the registry's form of it, or the code of the error. */
  open(options: {
    namespace: string
    relays: string[]
    webrtc?: boolean
    allow?: string[]
  }): Promise<{ peerId: string; bytes: number[] } | { error: string }>
  /** Puts a random blob; answers its digest and the hash of its bytes. */
  put(size: number): Promise<{ digest: string; hash: string }>
  get(digest: string, milliseconds: number): Promise<{ hash: string } | { error: string }>
  delete(digest: string): Promise<void>
  meet(peerIds: string[]): void
  status(): StorageStatus
  traffic(): { sent: number; received: number }
  /** Number of blocks in IndexedDB, whatever the index says. */
  rawBlocks(namespace: string): Promise<number>
  close(): Promise<void>
}

declare global {
  interface Window {
    storagePage: StoragePage
  }
}

let store: HeliaStore | undefined

function opened(): HeliaStore {
  if (store === undefined) throw new Error('open first')
  return store
}

const codeOf = (error: unknown) => (error instanceof AppError ? error.code : String(error))

async function hashOf(blob: Blob): Promise<string> {
  const hashes = await Promise.all([blob.header, ...blob.chunks].map(sha256))
  return hashes.map(keyOf).join(' ')
}

window.storagePage = {
  async open({ namespace, relays, webrtc = false, allow = [] }) {
    try {
      store = await createHeliaStore({ namespace, relays, webrtc, allowPeers: id => allow.includes(id) })
      return { peerId: store.peerId, bytes: [...store.peerIdBytes] }
    } catch (error) {
      return { error: codeOf(error) }
    }
  },
  async put(size) {
    const blob = await randomBlob(size)
    const digest = await opened().put(blob, { signal: timeLimit(30_000) })
    return { digest: keyOf(digest), hash: await hashOf(blob) }
  },
  async get(digest, milliseconds) {
    try {
      const blob = await opened().get(digestFromKey(digest), { signal: timeLimit(milliseconds) })
      return { hash: await hashOf(blob) }
    } catch (error) {
      return { error: codeOf(error) }
    }
  },
  delete: digest => opened().delete(digestFromKey(digest)),
  meet: peerIds => opened().meet(peerIds),
  status: () => opened().status(),
  traffic: () => opened().traffic(),
  rawBlocks: namespace =>
    new Promise((resolve, reject) => {
      const name = `wardround/${namespace}/blocks`
      const request = indexedDB.open(name)
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        const database = request.result
        const count = database.transaction(name).objectStore(name).count()
        count.onsuccess = () => {
          resolve(count.result)
          database.close()
        }
      }
    }),
  close: () => opened().close(),
}
