import { decode, encode } from '@ipld/dag-cbor'
import { hexToBytes, sameBytes, sha256 } from '../crypto/bytes.ts'
import { chunkCid } from '../crypto/cid.ts'
import type { Hex, Publishable } from '../study/types.ts'
import type { Blob } from './BlobStore.ts'
import { blobLimits } from './blocks.ts'

/** A blob of random bytes in the shape of a sealed one. For tests and benches. */
export async function randomBlob(size: number): Promise<Publishable<Blob>> {
  return blobOf(randomChunks(size))
}

/** The same with a second body: what is new since the model with the hash `base`. */
export async function randomChangedBlob(size: number, base: Hex, changed: number): Promise<Publishable<Blob>> {
  return blobOf(randomChunks(size), { base, chunks: randomChunks(changed) })
}

/** One body of a blob. */
export function bodyOf({ header, chunks }: Blob, body: 'whole' | 'change'): Blob {
  const { length } = decode<{ chunks: unknown[] }>(header).chunks
  return body === 'whole'
    ? { header, chunks: chunks.slice(0, length) }
    : { header, chunks: chunks.slice(length), part: 'change' }
}

function randomChunks(size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let left = size; left > 0; left -= blobLimits.chunk) {
    const chunk = new Uint8Array(Math.min(left, blobLimits.chunk))
    for (let at = 0; at < chunk.byteLength; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536))
    chunks.push(chunk)
  }
  return chunks
}

/** A blob of these chunks, under a header of its own. */
export async function blobOf(
  chunks: readonly Uint8Array[],
  change?: { readonly base: Hex; readonly chunks: readonly Uint8Array[] },
): Promise<Publishable<Blob>> {
  const nonce = crypto.getRandomValues(new Uint8Array(16))
  const header = encode({
    version: 1,
    nonce,
    chunks: await linksTo(chunks),
    ...(change && { change: { base: hexToBytes(change.base), chunks: await linksTo(change.chunks) } }),
  })
  return { header, chunks: [...chunks, ...(change?.chunks ?? [])] } as Blob as Publishable<Blob>
}

async function linksTo(chunks: readonly Uint8Array[]) {
  return Promise.all(chunks.map(async chunk => chunkCid(await sha256(chunk))))
}

/** Whether two blobs are the same bytes; comparing megabytes with toEqual takes seconds. */
export function sameBlob(a: Blob, b: Blob): boolean {
  return (
    sameBytes(a.header, b.header) &&
    a.chunks.length === b.chunks.length &&
    a.chunks.every((chunk, i) => sameBytes(chunk, b.chunks[i] as Uint8Array))
  )
}
