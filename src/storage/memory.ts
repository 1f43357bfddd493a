import { AppError } from '../errors/AppError.ts'
import type { Hex } from '../study/types.ts'
import { type Blob, type BlobStore, countTraffic, type Digest, type GetOptions } from './BlobStore.ts'
import { checkBlob, checkBody, keyOf, wantedBody } from './blocks.ts'

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
  const held = new Map<string, Held>()
  const closing = new AbortController()
  const traffic = countTraffic()

  /** A blob of which this body is here, or that the network has. */
  async function find(key: string, since: Hex | undefined, signal: AbortSignal | undefined): Promise<Held> {
    const known = held.get(key)
    if (known !== undefined && bodyOf(known, since).blocks.every(block => known.here.has(block))) return known
    const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
    let blob: Blob
    try {
      blob = await network.wait(key, either)
    } catch (cause) {
      throw new AppError(closing.signal.aborted ? 'storage.closed' : 'storage.notFound', {}, cause)
    }
    const { digest } = await checkBlob(blob)
    if (keyOf(digest) !== key) throw new AppError('storage.tampered')
    const found = held.get(key) ?? { blob, here: new Set() }
    held.set(key, found)
    return found
  }

  async function get(digest: Digest, { signal, onProgress, kind, since }: GetOptions = {}): Promise<Blob> {
    const found = await find(keyOf(digest), since, signal)
    const { blob, blocks } = bodyOf(found, since)
    for (const block of blocks) {
      if (!found.here.has(block)) traffic.count('received', kind, block.byteLength)
      found.here.add(block)
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
      held.set(keyOf(digest), { blob: copy, here: new Set([copy.header, ...copy.chunks]) })
      network.offer(keyOf(digest), copy)
      traffic.count('sent', kind, size)
      onProgress?.(1, 1)
      return digest
    },
    get,
    async complete(whole) {
      const { digest } = await checkBody(whole, wantedBody(whole.header).chunks)
      const known = held.get(keyOf(digest))
      if (known !== undefined) for (const block of bodyOf(known).blocks) known.here.add(block)
    },
    async delete(digest) {
      held.delete(keyOf(digest))
    },
    traffic: () => traffic.read(),
    async close() {
      closing.abort()
      held.clear()
    },
  }
}

/** A blob and those of its blocks that got here. */
interface Held {
  readonly blob: Blob
  readonly here: Set<Uint8Array>
}

/** One body of a blob, as `get` returns it and as blocks. */
function bodyOf({ blob: { header, chunks } }: Held, since?: Hex): { blob: Blob; blocks: readonly Uint8Array[] } {
  const wanted = wantedBody(header, since)
  const start = wanted.part === 'change' ? chunks.length - wanted.chunks.length : 0
  const body = chunks.slice(start, start + wanted.chunks.length)
  return { blob: { ...wanted, header, chunks: body }, blocks: [header, ...body] }
}
