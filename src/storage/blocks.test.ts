import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { headerCid } from '../crypto/cid.ts'
import { AppError } from '../errors/AppError.ts'
import { blobLimits, checkBlob, chunkDigests, digestFromKey, keyOf } from './blocks.ts'
import { blobOf, randomBlob } from './testing.ts'

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
  return 'none'
}

test('a digest and its key are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), digest => {
      expect(digestFromKey(keyOf(digest))).toEqual(digest)
    }),
  )
})

test('a header names its chunks in order', async () => {
  const blob = await randomBlob(2 * blobLimits.chunk + 5)
  const { digest, chunks, size } = await checkBlob(blob)
  expect(chunkDigests(blob.header)).toEqual(chunks)
  expect(size).toBe(2 * blobLimits.chunk + 5 + blob.header.byteLength)
  expect(headerCid(digest).toString()).toMatch(/^bafyrei/)
})

test('a header without chunks stands alone', () => {
  expect(chunkDigests(encode({ version: 1, name: 'heart' }))).toEqual([])
})

test('arbitrary bytes are a header or malformed, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      expect(['none', 'storage.malformed']).toContain(codeOf(() => chunkDigests(bytes)))
    }),
  )
})

test('links that are not raw sha-256 CIDs are refused', async () => {
  const dagPb = CID.parse('QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n')
  expect(codeOf(() => chunkDigests(encode({ chunks: [dagPb] })))).toBe('storage.malformed')
  expect(codeOf(() => chunkDigests(encode({ chunks: ['x'] })))).toBe('storage.malformed')
  expect(codeOf(() => chunkDigests(encode({ chunks: 3 })))).toBe('storage.malformed')
  expect(codeOf(() => chunkDigests(encode([])))).toBe('storage.malformed')
})

test('a header over the limit is refused before it is read', () => {
  expect(codeOf(() => chunkDigests(new Uint8Array(blobLimits.header + 1)))).toBe('storage.tooLarge')
})

test('a chunk over the limit, a missing chunk and a changed one are refused', async () => {
  const large = await blobOf([new Uint8Array(blobLimits.chunk + 1)])
  await expect(checkBlob(large)).rejects.toMatchObject({ code: 'storage.tooLarge' })
  const blob = await randomBlob(10)
  await expect(checkBlob({ header: blob.header, chunks: [] })).rejects.toMatchObject({ code: 'storage.malformed' })
  await expect(checkBlob({ header: blob.header, chunks: [new Uint8Array(10)] })).rejects.toMatchObject({
    code: 'storage.tampered',
  })
})
