import { expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Publishable } from '../study/types.ts'
import type { Blob } from './BlobStore.ts'
import { checkBlob } from './blocks.ts'
import { createMemoryNetwork, createMemoryStore } from './memory.ts'
import { bodyOf, randomBlob, randomChangedBlob, sameBlob } from './testing.ts'

const base = `0x${'b1'.repeat(32)}` as const

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

test('who has the model before gets the change alone, and the rest when it asks for the whole', async () => {
  const network = createMemoryNetwork()
  const store = createMemoryStore(network)
  const blob = await randomChangedBlob(2_500_000, base, 40_000)
  const digest = await createMemoryStore(network).put(blob)
  const change = await store.get(digest, { kind: 'model', since: base })
  expect(change.part).toBe('change')
  expect(sameBlob(change, bodyOf(blob, 'change'))).toBe(true)
  const small = 40_000 + blob.header.byteLength
  expect(store.traffic().byKind.model.received).toBe(small)
  const whole = await store.get(digest, { kind: 'model', since: `0x${'b2'.repeat(32)}` })
  expect(whole.part).toBeUndefined()
  expect(sameBlob(whole, bodyOf(blob, 'whole'))).toBe(true)
  await store.get(digest, { kind: 'model', since: base })
  expect(store.traffic().byKind.model.received).toBe(small + 2_500_000)
})

test('a whole that was made from its change is not fetched again', async () => {
  const network = createMemoryNetwork()
  const store = createMemoryStore(network)
  const blob = await randomChangedBlob(2_500_000, base, 40_000)
  const digest = await createMemoryStore(network).put(blob)
  await store.get(digest, { since: base })
  network.delete(digest)
  const gone = await store.get(digest, { signal: timeLimit(20) }).catch((e: unknown) => e)
  expect(isAppError(gone, 'storage.notFound')).toBe(true)
  const damaged = { ...bodyOf(blob, 'whole'), chunks: bodyOf(blob, 'whole').chunks.toReversed() }
  await expect(store.complete(damaged)).rejects.toMatchObject({ code: 'storage.tampered' })
  await store.complete(bodyOf(blob, 'whole'))
  expect(sameBlob(await store.get(digest), bodyOf(blob, 'whole'))).toBe(true)
  expect(store.traffic().received).toBe(40_000 + blob.header.byteLength)
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
