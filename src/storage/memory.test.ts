import { expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Publishable } from '../study/types.ts'
import type { Blob } from './BlobStore.ts'
import { checkBlob } from './blocks.ts'
import { createMemoryNetwork, createMemoryStore } from './memory.ts'
import { randomBlob, sameBlob } from './testing.ts'

test('a hospital gets what another put, and both count the bytes', async () => {
  const network = createMemoryNetwork()
  const [a, b] = [createMemoryStore(network), createMemoryStore(network)]
  const blob = await randomBlob(2_500_000)
  const digest = await a.put(blob)
  const got = await b.get(digest)
  expect(got.chunks).toHaveLength(3)
  expect(sameBlob(got, blob)).toBe(true)
  const size = 2_500_000 + blob.header.byteLength
  expect(a.traffic()).toMatchObject({ sent: size, received: 0 })
  expect(b.traffic()).toMatchObject({ sent: 0, received: size })
})

test('a get waits for the put', async () => {
  const network = createMemoryNetwork()
  const blob = await randomBlob(100)
  const { digest } = await checkBlob(blob)
  const waiting = createMemoryStore(network).get(digest, { signal: timeLimit(5_000) })
  await createMemoryStore(network).put(blob)
  expect((await waiting).chunks).toEqual(blob.chunks)
})

test('a get gives up when its signal aborts', async () => {
  const store = createMemoryStore(createMemoryNetwork())
  const { digest } = await checkBlob(await randomBlob(100))
  const error = await store.get(digest, { signal: timeLimit(20) }).catch((e: unknown) => e)
  expect(isAppError(error, 'storage.notFound')).toBe(true)
})

test('closing ends a get that waits', async () => {
  const store = createMemoryStore(createMemoryNetwork())
  const { digest } = await checkBlob(await randomBlob(100))
  const waiting = store.get(digest).catch((e: unknown) => e)
  await store.close()
  expect(isAppError(await waiting, 'storage.closed')).toBe(true)
})

test('a blob outlives the store that put it', async () => {
  const network = createMemoryNetwork()
  const a = createMemoryStore(network)
  const digest = await a.put(await randomBlob(100))
  await a.close()
  expect((await createMemoryStore(network).get(digest)).chunks).toHaveLength(1)
})

test('a caller that reuses its buffer does not change what others read', async () => {
  const network = createMemoryNetwork()
  const a = createMemoryStore(network)
  const blob = await randomBlob(100)
  const first = blob.chunks[0]?.[0] as number
  const digest = await a.put(blob)
  blob.chunks[0]?.fill(first ^ 1)
  expect((await createMemoryStore(network).get(digest)).chunks[0]?.[0]).toBe(first)
})

test('a changed byte is refused on the way in and on the way out', async () => {
  const network = createMemoryNetwork()
  const blob = await randomBlob(100)
  const { digest } = await checkBlob(blob)
  const changed = {
    header: blob.header,
    chunks: blob.chunks.map(chunk => chunk.map((byte, i) => (i === 7 ? byte ^ 1 : byte))),
  } as Blob as Publishable<Blob>
  const putError = await createMemoryStore(network)
    .put(changed)
    .catch((e: unknown) => e)
  expect(isAppError(putError, 'storage.tampered')).toBe(true)
  network.offer(Buffer.from(digest).toString('hex'), changed)
  const getError = await createMemoryStore(network)
    .get(digest)
    .catch((e: unknown) => e)
  expect(isAppError(getError, 'storage.tampered')).toBe(true)
})
