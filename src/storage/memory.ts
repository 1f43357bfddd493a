import { AppError } from '../errors/AppError.ts'
import { type Blob, type BlobStore, countTraffic, type Digest, type TransferOptions } from './BlobStore.ts'
import { checkBlob, keyOf } from './blocks.ts'

/** What simulated hospitals share instead of relays. Everything put is kept until it is deleted here. */
export interface MemoryNetwork {
  /** A blob, as soon as somebody put it; rejects with the signal's reason. */
  wait(key: string, signal?: AbortSignal): Promise<Blob>
  offer(key: string, blob: Blob): void
  /** Forgets a blob for everybody, as relays do some rounds later. */
  delete(digest: Digest): void
  readonly size: number
}

/** An empty network for one simulation. */
export function createMemoryNetwork(): MemoryNetwork {
  const blobs = new Map<string, Blob>()
  const waiting = new Map<string, Set<(blob: Blob) => void>>()
  return {
    get size() {
      return blobs.size
    },
    offer(key, blob) {
      blobs.set(key, blob)
      const waiters = waiting.get(key)
      waiting.delete(key)
      for (const deliver of waiters ?? []) deliver(blob)
    },
    delete(digest) {
      blobs.delete(keyOf(digest))
    },
    wait(key, signal) {
      const blob = blobs.get(key)
      if (blob !== undefined) return Promise.resolve(blob)
      return new Promise((resolve, reject) => {
        const waiters = waiting.get(key) ?? new Set()
        waiting.set(key, waiters)
        const giveUp = () => {
          waiters.delete(deliver)
          reject(signal?.reason)
        }
        const deliver = (found: Blob) => {
          signal?.removeEventListener('abort', giveUp)
          resolve(found)
        }
        if (signal?.aborted) return reject(signal.reason)
        signal?.addEventListener('abort', giveUp, { once: true })
        waiters.add(deliver)
      })
    },
  }
}

/**
 * A hospital's store in a simulation: the same checks as the real one, over memory. Blobs outlive the store that put them.
 *
 * @example
 * const network = createMemoryNetwork()
 * const [a, b] = [createMemoryStore(network), createMemoryStore(network)]
 * const digest = await a.put(blob)
 * await b.get(digest, { signal: timeLimit(1000) })
 */
export function createMemoryStore(network: MemoryNetwork): BlobStore {
  const own = new Map<string, Blob>()
  const closing = new AbortController()
  const traffic = countTraffic()

  async function get(digest: Digest, { signal, onProgress, kind }: TransferOptions = {}): Promise<Blob> {
    const key = keyOf(digest)
    let blob = own.get(key)
    if (blob === undefined) {
      const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      try {
        blob = await network.wait(key, either)
      } catch (cause) {
        throw new AppError(closing.signal.aborted ? 'storage.closed' : 'storage.notFound', {}, cause)
      }
      const whole = await checkBlob(blob)
      if (keyOf(whole.digest) !== key) throw new AppError('storage.tampered')
      traffic.count('received', kind, whole.size)
      own.set(key, blob)
    }
    onProgress?.(1, 1)
    return blob
  }

  return {
    async put(blob, { signal, onProgress, kind } = {}) {
      if (closing.signal.aborted) throw new AppError('storage.closed')
      signal?.throwIfAborted()
      const { digest, size } = await checkBlob(blob)
      // Copied, so that a caller that reuses its buffers cannot change what others read.
      const copy = { header: blob.header.slice(), chunks: blob.chunks.map(chunk => chunk.slice()) }
      own.set(keyOf(digest), copy)
      network.offer(keyOf(digest), copy)
      traffic.count('sent', kind, size)
      onProgress?.(1, 1)
      return digest
    },
    get,
    async delete(digest) {
      own.delete(keyOf(digest))
    },
    traffic: () => traffic.read(),
    async close() {
      closing.abort()
      own.clear()
    },
  }
}
