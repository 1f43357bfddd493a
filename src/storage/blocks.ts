import { decode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { bytesToHex, sameBytes, sha256 } from '../crypto/bytes.ts'
import { AppError } from '../errors/AppError.ts'
import type { Hex } from '../study/types.ts'
import type { Blob, Digest } from './BlobStore.ts'

const RAW = 0x55
const SHA2_256 = 0x12

/** Bytes. A chunk stays well under bitswap's 2 MiB messages; a header of 64 recipients takes about 20 KB. */
export const blobLimits = { header: 256 * 1024, chunk: 1024 * 1024, total: 64 * 1024 * 1024, chunks: 1024 } as const

/** A digest as 64 lower-case hexadecimal digits, without 0x: the key of a block in indexes. */
export function keyOf(digest: Digest): string {
  let key = ''
  for (const byte of digest) key += byte.toString(16).padStart(2, '0')
  return key
}

/** The digest behind a key of keyOf. */
export function digestFromKey(key: string): Digest {
  const digest = new Uint8Array(key.length / 2)
  for (let i = 0; i < digest.length; i++) digest[i] = Number.parseInt(key.slice(2 * i, 2 * i + 2), 16)
  return digest
}

/**
 * The digests of the chunks that a header links to, in order: the whole's, then the change's where it has one; none where
 * it has no `chunks` field (a public manifest).
 * @throws AppError storage.malformed, storage.tooLarge
 */
export function chunkDigests(header: Uint8Array): Digest[] {
  const { whole, change } = bodiesOf(header)
  return [...whole, ...(change?.chunks ?? [])]
}

/**
 * The body that is to be fetched by who has the model with the hash `since`, and the digests of its chunks.
 * @throws AppError storage.malformed, storage.tooLarge
 */
export function wantedBody(header: Uint8Array, since?: Hex): { readonly chunks: Digest[]; readonly part?: 'change' } {
  const { whole, change } = bodiesOf(header)
  const isWanted = change !== undefined && change.base === since?.toLowerCase()
  return isWanted ? { chunks: change.chunks, part: 'change' } : { chunks: whole }
}

interface Bodies {
  readonly whole: Digest[]
  readonly change?: { readonly base: Hex; readonly chunks: Digest[] }
}

function bodiesOf(header: Uint8Array): Bodies {
  if (header.byteLength > blobLimits.header) throw tooLarge(header.byteLength, blobLimits.header)
  let value: unknown
  try {
    value = decode(header)
  } catch (cause) {
    throw new AppError('storage.malformed', { reason: 'the header is not dag-cbor' }, cause)
  }
  if (!isMap(value)) throw new AppError('storage.malformed', { reason: 'the header is not a map' })
  const whole = linksIn(value)
  if (value.change === undefined) return { whole }
  if (!isMap(value.change) || !(value.change.base instanceof Uint8Array)) {
    throw new AppError('storage.malformed', { reason: 'the change is not one from another model' })
  }
  const change = { base: bytesToHex(value.change.base), chunks: linksIn(value.change) }
  if (whole.length + change.chunks.length > blobLimits.chunks) {
    throw new AppError('storage.malformed', { reason: 'too many chunks' })
  }
  return { whole, change }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function linksIn({ chunks: links = [] }: Record<string, unknown>): Digest[] {
  if (!Array.isArray(links)) throw new AppError('storage.malformed', { reason: 'chunks is not a list' })
  if (links.length > blobLimits.chunks) throw new AppError('storage.malformed', { reason: 'too many chunks' })
  return links.map((link: unknown) => {
    const cid = CID.asCID(link)
    if (cid === null || cid.version !== 1 || cid.code !== RAW || cid.multihash.code !== SHA2_256) {
      throw new AppError('storage.malformed', { reason: 'a chunk is not named by a raw sha-256 CID' })
    }
    return cid.multihash.digest
  })
}

/**
 * Checks that a blob is whole: its chunks are the ones the header links to, and sizes are within the limits.
 * @returns the header's digest and the chunks'
 * @throws AppError storage.malformed, storage.tooLarge, storage.tampered
 */
export async function checkBlob(blob: Blob): Promise<{ digest: Digest; chunks: readonly Digest[]; size: number }> {
  return checkBody(blob, chunkDigests(blob.header))
}

/**
 * The same for a blob that has one body's chunks.
 * @param chunks what wantedBody says of that body
 * @throws AppError storage.malformed, storage.tooLarge, storage.tampered
 */
export async function checkBody(
  blob: Blob,
  chunks: readonly Digest[],
): Promise<{ digest: Digest; chunks: readonly Digest[]; size: number }> {
  if (chunks.length !== blob.chunks.length) {
    throw new AppError('storage.malformed', {
      reason: `${blob.chunks.length} chunks, ${chunks.length} linked by the header`,
    })
  }
  const size = blob.chunks.reduce((sum, chunk) => sum + chunk.byteLength, blob.header.byteLength)
  if (size > blobLimits.total) throw tooLarge(size, blobLimits.total)
  for (const [i, chunk] of blob.chunks.entries()) {
    if (chunk.byteLength > blobLimits.chunk) throw tooLarge(chunk.byteLength, blobLimits.chunk)
    if (!sameBytes(await sha256(chunk), chunks[i] as Digest)) throw new AppError('storage.tampered')
  }
  return { digest: await sha256(blob.header), chunks, size }
}

export function tooLarge(size: number, limit: number): AppError {
  return new AppError('storage.tooLarge', { size: megabytes(size), limit: megabytes(limit) })
}

/** With one decimal, for people. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
