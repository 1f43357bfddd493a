import { decode, encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { headerCid } from '../crypto/cid.ts'
import { AppError } from '../errors/AppError.ts'
import type { Hex } from '../study/types.ts'
import { blobLimits, checkBlob, checkBody, chunkDigests, digestFromKey, keyOf, wantedBody } from './blocks.ts'
import { blobOf, bodyOf, randomBlob, randomChangedBlob } from './testing.ts'

const base: Hex = `0x${'b1'.repeat(32)}`
const other: Hex = `0x${'b2'.repeat(32)}`

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

test('of two bodies, the change is wanted by who has its base, and a blob is whole with both', async () => {
  const blob = await randomChangedBlob(blobLimits.chunk + 5, base, 300)
  const { chunks, size } = await checkBlob(blob)
  expect(chunkDigests(blob.header)).toEqual(chunks)
  expect(chunks).toHaveLength(3)
  expect(size).toBe(blobLimits.chunk + 305 + blob.header.byteLength)
  expect(wantedBody(blob.header, base)).toEqual({ chunks: chunks.slice(2), part: 'change' })
  expect(wantedBody(blob.header, base.toUpperCase().replace('0X', '0x') as Hex).part).toBe('change')
  for (const since of [undefined, other]) expect(wantedBody(blob.header, since)).toEqual({ chunks: chunks.slice(0, 2) })
  await expect(checkBlob(bodyOf(blob, 'whole'))).rejects.toMatchObject({ code: 'storage.malformed' })
  await checkBody(bodyOf(blob, 'whole'), chunks.slice(0, 2))
  await expect(checkBody(bodyOf(blob, 'change'), chunks.slice(1, 2))).rejects.toMatchObject({
    code: 'storage.tampered',
  })
})

test('a change without a base, with other links or too many of them is refused', async () => {
  const { header } = await randomBlob(10)
  const { chunks } = decode<{ chunks: unknown[] }>(header)
  const withChange = (change: unknown) => codeOf(() => chunkDigests(encode({ chunks, change })))
  expect(withChange({ base: new Uint8Array(32), chunks })).toBe('none')
  const links = Array(blobLimits.chunks).fill(chunks[0])
  for (const change of [null, 3, [], { chunks }, { base: new Uint8Array(32), chunks: ['x'] }]) {
    expect(withChange(change)).toBe('storage.malformed')
  }
  expect(withChange({ base: new Uint8Array(32), chunks: links })).toBe('storage.malformed')
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
