import { encode } from '@ipld/dag-cbor'
import { sameBytes, sha256 } from '../crypto/bytes.ts'
import { chunkCid } from '../crypto/cid.ts'
import type { Publishable } from '../study/types.ts'
import type { Blob } from './BlobStore.ts'
import { blobLimits } from './blocks.ts'

/** A blob of random bytes in the shape of a sealed one. For tests and benches. */
export async function randomBlob(size: number): Promise<Publishable<Blob>> {
  const chunks: Uint8Array[] = []
  for (let left = size; left > 0; left -= blobLimits.chunk) {
    const chunk = new Uint8Array(Math.min(left, blobLimits.chunk))
    for (let at = 0; at < chunk.byteLength; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536))
    chunks.push(chunk)
  }
  return blobOf(chunks)
}

/** A blob of these chunks, under a header of its own. */
export async function blobOf(chunks: readonly Uint8Array[]): Promise<Publishable<Blob>> {
  const links = []
  for (const chunk of chunks) links.push(chunkCid(await sha256(chunk)))
  const nonce = crypto.getRandomValues(new Uint8Array(16))
  return { header: encode({ version: 1, nonce, chunks: links }), chunks } as Blob as Publishable<Blob>
}

/** Whether two blobs are the same bytes; comparing megabytes with toEqual takes seconds. */
export function sameBlob(a: Blob, b: Blob): boolean {
  return (
    sameBytes(a.header, b.header) &&
    a.chunks.length === b.chunks.length &&
    a.chunks.every((chunk, i) => sameBytes(chunk, b.chunks[i] as Uint8Array))
  )
}
