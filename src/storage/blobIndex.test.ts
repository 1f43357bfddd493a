import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { expect, test } from 'vitest'
import { chunkCid, headerCid } from '../crypto/cid.ts'
import type { Blob } from './BlobStore.ts'
import { BlobIndex } from './blobIndex.ts'
import { checkBlob, keyOf } from './blocks.ts'
import { blobOf, randomBlob } from './testing.ts'

async function setUp() {
  const [datastore, blocks] = [new MemoryDatastore(), new MemoryBlockstore()]
  const index = await BlobIndex.open<string>(datastore, blocks)
  const store = async (blob: Blob) => {
    const { digest, chunks, size } = await checkBlob(blob)
    for (const [i, chunk] of blob.chunks.entries()) blocks.put(chunkCid(chunks[i] as Uint8Array), chunk)
    blocks.put(headerCid(digest), blob.header)
    return { digest: keyOf(digest), chunks: chunks.map(keyOf), size, note: 'x' }
  }
  const held = async () => {
    let count = 0
    for await (const _ of blocks.getAll()) count++
    return count
  }
  return { datastore, blocks, index, store, held }
}

test('a removed blob leaves no block and no record', async () => {
  const { datastore, index, store, held } = await setUp()
  const entry = await store(await randomBlob(1_500_000))
  await index.put(entry)
  expect(await held()).toBe(3)
  await index.remove(entry.digest)
  expect(await held()).toBe(0)
  for await (const { key } of datastore.query({})) expect.fail(`${key} is left`)
})

test('chunks that two blobs share go with the second', async () => {
  const { index, store, held } = await setUp()
  const shared = new Uint8Array([1, 2, 3])
  const [a, b] = [await store(await blobOf([shared])), await store(await blobOf([shared]))]
  await index.put(a)
  await index.put(b)
  expect(await held()).toBe(3)
  await index.remove(a.digest)
  expect(await held()).toBe(2)
  await index.remove(b.digest)
  expect(await held()).toBe(0)
})

test('held blocks stay while a transfer runs', async () => {
  const { index, store, held } = await setUp()
  const entry = await store(await randomBlob(10))
  await index.put(entry)
  const release = await index.hold(entry.digest, entry.chunks)
  await index.remove(entry.digest)
  expect(await held()).toBe(2)
  release()
  release()
  await index.discard([entry.digest, ...entry.chunks])
  expect(await held()).toBe(0)
})

test('a blob held in part is completed by another body, and all of it goes', async () => {
  const { datastore, blocks, index, store, held } = await setUp()
  const entry = await store(await blobOf([new Uint8Array([1]), new Uint8Array([2])]))
  const part = { ...entry, chunks: entry.chunks.slice(1) }
  await index.put(part)
  await index.put(entry)
  await index.discard(entry.chunks)
  expect(await held()).toBe(3)
  expect((await BlobIndex.open<string>(datastore, blocks)).values()).toEqual([entry])
  await index.put(part)
  await index.discard(entry.chunks)
  expect(await held()).toBe(2)
  await index.remove(entry.digest)
  expect(await held()).toBe(0)
})

test('opening sweeps blocks that a crash left without a record', async () => {
  const { datastore, blocks, index, store, held } = await setUp()
  const whole = await store(await randomBlob(10))
  await index.put(whole)
  await store(await randomBlob(10))
  expect(await held()).toBe(4)
  const again = await BlobIndex.open<string>(datastore, blocks)
  expect(await held()).toBe(2)
  expect(again.values()).toEqual([whole])
})
