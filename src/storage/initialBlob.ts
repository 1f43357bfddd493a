import { decode, encode } from '@ipld/dag-cbor'
import { sha256, sha256Hex } from '../crypto/bytes.ts'
import { chunkCid } from '../crypto/cid.ts'
import type { Hex } from '../study/types.ts'
import type { Blob } from './BlobStore.ts'

/** A sponsor's own initial weights as a public blob: little-endian float32 in raw chunks of at most 1 MiB. */

const CHUNK_BYTES = 1024 * 1024

export interface PackedInitial {
  readonly blob: Blob
  /** sha-256 of the header: what the manifest names. */
  readonly digest: Hex
  readonly parameters: number
}

/** @example const { blob, digest } = await packInitial(parameters) */
export async function packInitial(parameters: Float32Array): Promise<PackedInitial> {
  const bytes = new Uint8Array(4 * parameters.length)
  const view = new DataView(bytes.buffer)
  parameters.forEach((value, i) => {
    view.setFloat32(4 * i, value, true)
  })
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.slice(at, at + CHUNK_BYTES))
  const names = await Promise.all(chunks.map(async chunk => chunkCid(await sha256(chunk))))
  const header = encode({ version: 1, kind: 'initial', chunks: names })
  return { blob: { header, chunks }, digest: await sha256Hex(header), parameters: parameters.length }
}

/**
 * The weights in such a blob. The store has checked every chunk against its name.
 * @returns undefined where the header is not of this kind or the chunks are not so many float32
 */
export function unpackInitial({ header, chunks }: Blob, parameters: number): Float32Array | undefined {
  const value: unknown = decode(header)
  const isInitial = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'initial'
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  if (!isInitial || size !== 4 * parameters) return undefined
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: parameters }, (_, i) => view.getFloat32(4 * i, true))
}
