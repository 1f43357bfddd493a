import 'fake-indexeddb/auto'
import './nodeWebSocket.ts'
import { webSockets } from '@libp2p/websockets'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import type { Blockstore } from 'interface-blockstore'
import { afterEach, describe, expect, test } from 'vitest'
import { createRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'
import { enrolment, playChain, scratch, until } from '../../relay/testing.ts'
import { chunkCid, headerCid } from '../crypto/cid.ts'
import { AppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Blob } from './BlobStore.ts'
import { checkBlob } from './blocks.ts'
import { createNode } from './heliaNode.ts'
import { createHeliaStore, type HeliaStore, type HeliaStoreOptions, wipeHeliaStore } from './heliaStore.ts'
import { bodyOf, randomBlob, randomChangedBlob, sameBlob } from './testing.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const after = (clean: () => Promise<unknown>) => void cleanups.push(clean)
const soon = () => timeLimit(15_000)
let names = 0

async function openRelay(options: Partial<RelayOptions> = {}) {
  const chain = playChain()
  const dataDir = await scratch(after)
  const relay = await createRelay({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0/ws'], announcements: chain, ...options })
  after(() => relay.close())
  return Object.assign(relay, { chain, dataDir })
}

async function openStore(relays: readonly Relay[], options: Partial<HeliaStoreOptions> = {}): Promise<HeliaStore> {
  const store = await createHeliaStore({
    namespace: `test-${names++}`,
    relays: relays.flatMap(relay => relay.addresses),
    storage: 'memory',
    ...options,
  })
  after(() => store.close())
  return store
}

const code = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => 'nothing thrown',
    (e: unknown) => e,
  )
  return error instanceof AppError ? error.code : error
}

async function raw(blocks: Blockstore): Promise<number> {
  let count = 0
  for await (const _ of blocks.getAll()) count++
  return count
}

describe('what is counted and kept', () => {
  test('bytes are counted by what they are for, also what goes out again after a reload, and what is neither is other', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    const b = await openStore([relay])
    relay.chain.announce(...enrolment(a))
    const [update, model] = [await randomBlob(500_000), await randomBlob(200_000)]
    const digest = await a.put(update, { signal: soon(), kind: 'update', round: 2 })
    await a.put(model, { signal: soon(), kind: 'model', round: 2 })
    await b.get(digest, { signal: soon(), kind: 'update', round: 2 })
    const sent = a.traffic()
    const { size } = await checkBlob(update)
    expect(sent.byKind.update).toEqual({ sent: size, received: 0 })
    expect(sent.byKind.model.sent).toBe((await checkBlob(model)).size)
    expect(sent.sent).toBe(sent.byKind.update.sent + sent.byKind.model.sent)
    expect(b.traffic().byKind.update).toEqual({ sent: 0, received: size })
    // Handshakes, frames and encryption: something, and far less than the content.
    for (const bytes of Object.values(sent.byKind.other)) expect(bytes).toBeGreaterThan(200)
    expect(sent.byKind.other.sent).toBeLessThan(30_000)
    expect(b.traffic().byKind.other.received).toBeLessThan(30_000)
  })

  test('blobs that wait for a relay keep their kind over a reload', async () => {
    const namespace = `test-${names++}`
    const first = await openStore([], { namespace, storage: 'indexeddb' })
    const blob = await randomBlob(10_000)
    await first.put(blob, { kind: 'statistics', round: 1 })
    await first.close()
    const relay = await openRelay()
    const again = await openStore([relay], { namespace, storage: 'indexeddb' })
    relay.chain.announce(...enrolment(again))
    await until('delivered', () => again.status().pending === 0)
    expect(again.traffic().byKind.statistics.sent).toBe((await checkBlob(blob)).size)
  })

  test('usage tells own blobs from others’, and freeing keeps what is still needed', async () => {
    const relay = await openRelay()
    const [a, b] = [await openStore([relay]), await openStore([relay])]
    relay.chain.announce(...enrolment(a, b))
    const put = async (store: HeliaStore, kind: 'update' | 'model' | 'manifest', round?: number) =>
      store.put(await randomBlob(10_000), { signal: soon(), kind, ...(round !== undefined && { round }) })
    const manifest = await put(b, 'manifest')
    const old = await put(b, 'update', 1)
    const base = await put(b, 'model', 2)
    const newest = await put(b, 'update', 5)
    const own = await put(a, 'update', 1)
    for (const digest of [manifest, old, base, newest]) {
      const kind = digest === base ? 'model' : digest === manifest ? 'manifest' : 'update'
      const round = digest === old ? 1 : digest === base ? 2 : 5
      await a.get(digest, { signal: soon(), kind, ...(digest !== manifest && { round }) })
    }
    await relay.close()
    const stuck = a.put(await randomBlob(10_000), { signal: timeLimit(500), kind: 'update', round: 1 })
    await stuck.catch(() => undefined)

    const before = await a.usage()
    expect(before).toMatchObject({ blobs: 6, quota: null, persisted: false })
    expect(before.own + before.others).toBe(before.bytes)
    expect(before.own).toBeGreaterThan(20_000)
    expect(before.others).toBeGreaterThan(40_000)
    const freed = await a.free({ keepRounds: 1 })
    const left = await a.usage()
    expect(before.bytes - left.bytes).toBe(freed)
    // Gone: the others' update of round 1 and the own one that the relay took. Kept: manifest, base model, round 5, the stuck one.
    expect(left.blobs).toBe(4)
    expect(a.receipts(own)).toEqual([])
    for (const digest of [manifest, base, newest]) await a.get(digest, { signal: timeLimit(1_000) })
    expect(await code(a.get(old, { signal: timeLimit(300) }))).toBe('storage.notFound')
    expect(a.status().pending).toBeGreaterThan(0)
    expect(await a.free({ keepRounds: 1, keep: [newest] })).toBe(0)
  })

  test('wiping leaves no database behind, and is refused while the store is open', async () => {
    const namespace = `test-${names++}`
    const store = await openStore([], { namespace, storage: 'indexeddb' })
    const digest = await store.put(await randomBlob(10_000))
    expect(await code(wipeHeliaStore(namespace))).toBe('app.secondTab')
    const { peerId } = store
    await store.close()
    await wipeHeliaStore(namespace)
    const databases = (await indexedDB.databases()).map(({ name }) => name)
    expect(databases.filter(name => name?.includes(namespace))).toEqual([])
    const fresh = await openStore([], { namespace, storage: 'indexeddb' })
    expect(fresh.peerId).not.toBe(peerId)
    expect(await code(fresh.get(digest, { signal: timeLimit(300) }))).toBe('storage.notFound')
  })
})

describe('a model with a change from the one before it', () => {
  const base = `0x${'b1'.repeat(32)}` as const
  const model = () => randomChangedBlob(1_500_000, base, 40_000)

  async function published() {
    const relay = await openRelay()
    const [blocks, datastore] = [new MemoryBlockstore(), new MemoryDatastore()]
    const [a, b] = [await openStore([relay]), await openStore([relay], { storage: { blocks, datastore } })]
    relay.chain.announce(...enrolment(a, b))
    const blob = await model()
    const digest = await a.put(blob, { signal: soon(), kind: 'model', round: 2 })
    await a.close()
    return { relay, b, blocks, datastore, blob, digest }
  }

  test('comes as the change alone to who has that one', async () => {
    const { b, blocks, blob, digest } = await published()
    const change = await b.get(digest, { signal: soon(), kind: 'model', round: 2, since: base })
    expect(change.part).toBe('change')
    expect(sameBlob(change, bodyOf(blob, 'change'))).toBe(true)
    const small = 40_000 + blob.header.byteLength
    expect(b.traffic().byKind.model.received).toBe(small)
    expect(await b.usage()).toMatchObject({ blobs: 1, bytes: small })
    expect(await raw(blocks)).toBe(2)
  })

  test('is completed by a later get of the whole, which fetches the rest', async () => {
    const { relay, b, blocks, datastore, blob, digest } = await published()
    await b.get(digest, { signal: soon(), kind: 'model', round: 2, since: base })
    const whole = await b.get(digest, { signal: soon(), kind: 'model', round: 2 })
    expect(sameBlob(whole, bodyOf(blob, 'whole'))).toBe(true)
    const { size } = await checkBlob(blob)
    expect(b.traffic().byKind.model.received).toBe(size)
    expect(await b.usage()).toMatchObject({ blobs: 1, bytes: size })
    await b.close()
    await relay.close()
    const reloaded = await openStore([], { storage: { blocks, datastore } })
    expect(sameBlob(await reloaded.get(digest, { signal: soon() }), bodyOf(blob, 'whole'))).toBe(true)
    await reloaded.delete(digest)
    expect(await raw(blocks)).toBe(0)
  })

  test('is not taken for whole after a reload, unless it was completed with what was made here', async () => {
    const { relay, b, blocks, datastore, blob, digest } = await published()
    await b.get(digest, { signal: soon(), kind: 'model', round: 2, since: base })
    await b.close()
    await relay.close()
    const reloaded = await openStore([], { storage: { blocks, datastore } })
    expect(await code(reloaded.get(digest, { signal: timeLimit(300) }))).toBe('storage.notFound')
    const damaged = { ...bodyOf(blob, 'whole'), chunks: bodyOf(blob, 'whole').chunks.toReversed() }
    expect(await code(reloaded.complete(damaged))).toBe('storage.tampered')
    await reloaded.complete(bodyOf(blob, 'whole'))
    await reloaded.close()
    const again = await openStore([], { storage: { blocks, datastore } })
    expect(sameBlob(await again.get(digest, { signal: timeLimit(300) }), bodyOf(blob, 'whole'))).toBe(true)
    expect((await again.get(digest, { signal: timeLimit(300), since: base })).part).toBe('change')
    expect(again.traffic().received).toBe(0)
    expect(await again.usage()).toMatchObject({ blobs: 1, bytes: (await checkBlob(blob)).size })
  })

  test('is freed with all that is here of it', async () => {
    const { relay, b, blocks, blob, digest } = await published()
    await b.get(digest, { signal: soon(), kind: 'model', round: 2, since: base })
    await b.complete(bodyOf(blob, 'whole'))
    const other = await openStore([relay])
    relay.chain.announce(...enrolment(other))
    const later = await other.put(await model(), { signal: soon(), kind: 'model', round: 5 })
    await b.get(later, { signal: soon(), kind: 'model', round: 5, since: base })
    expect(await b.free({ keepRounds: 1 })).toBe((await checkBlob(blob)).size)
    expect(await raw(blocks)).toBe(2)
    // What is gone is not brought back in half.
    await b.complete(bodyOf(blob, 'whole'))
    expect(await raw(blocks)).toBe(2)
    expect(await code(b.get(digest, { signal: timeLimit(300), since: base }))).toBe('nothing thrown')
  })
})

describe('through a relay', () => {
  test('five megabytes cross from one hospital to two others, and both sides count them', async () => {
    const relay = await openRelay()
    const [a, b, c] = [await openStore([relay]), await openStore([relay]), await openStore([relay])]
    relay.chain.announce(...enrolment(a))
    const blob = await randomBlob(5_000_000)
    const progress: number[] = []
    const digest = await a.put(blob, { signal: soon(), onProgress: done => progress.push(done) })
    const [first, second] = await Promise.all([b.get(digest, { signal: soon() }), c.get(digest, { signal: soon() })])
    expect(sameBlob(first, blob) && sameBlob(second, blob)).toBe(true)
    const size = 5_000_000 + blob.header.byteLength
    expect(a.traffic()).toMatchObject({ sent: size, received: 0 })
    expect(b.traffic()).toMatchObject({ sent: 0, received: size })
    expect(progress.at(-1)).toBe(size)
    const [receipt] = a.receipts(digest)
    expect(receipt?.receipt).toMatchObject({ digest, peer: a.peerIdBytes, size })
  })

  test('a tab that closed leaves its blob retrievable', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(300_000), { signal: soon() })
    await a.close()
    const b = await openStore([relay])
    expect((await b.get(digest, { signal: soon() })).chunks).toHaveLength(1)
  })

  test('a get that came first is answered when the blob arrives', async () => {
    const relay = await openRelay()
    const [a, b] = [await openStore([relay]), await openStore([relay])]
    relay.chain.announce(...enrolment(a))
    const blob = await randomBlob(2_000_000)
    const { digest } = await checkBlob(blob)
    const waiting = b.get(digest, { signal: soon() })
    await new Promise(resolve => setTimeout(resolve, 300))
    await a.put(blob, { signal: soon() })
    expect(sameBlob(await waiting, blob)).toBe(true)
  })

  test('what was deleted here is fetched again at once', async () => {
    const relay = await openRelay()
    const [a, b] = [await openStore([relay]), await openStore([relay])]
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(10_000), { signal: soon() })
    for (let i = 0; i < 3; i++) {
      await b.get(digest, { signal: timeLimit(4_000) })
      await b.delete(digest)
    }
    expect(b.traffic().received).toBe(3 * a.traffic().sent)
  })

  test('eight hospitals get all of each other’s blobs', async () => {
    const relay = await openRelay()
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore([relay])))
    relay.chain.announce(...enrolment(...stores))
    const blobs = await Promise.all(stores.map(() => randomBlob(50_000)))
    const digests = await Promise.all(blobs.map((blob, i) => (stores[i] as HeliaStore).put(blob, { signal: soon() })))
    await Promise.all(
      stores.flatMap(store =>
        digests.map(async (digest, i) => {
          expect(sameBlob(await store.get(digest, { signal: soon() }), blobs[i] as Blob)).toBe(true)
        }),
      ),
    )
  })

  test('a get gives up when its signal aborts, a put says why it did not succeed', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    const blob = await randomBlob(100)
    const { digest } = await checkBlob(blob)
    expect(await code(a.get(digest, { signal: timeLimit(200) }))).toBe('storage.notFound')
    expect(await code(a.put(blob, { signal: timeLimit(2_500) }))).toBe('storage.refused')
    await relay.close()
    const lonely = await openStore([relay])
    expect(await code(lonely.put(await randomBlob(100), { signal: timeLimit(300) }))).toBe('storage.noRelay')
  })

  test('without relays a put is done at once', async () => {
    const a = await openStore([])
    const blob = await randomBlob(100)
    expect(sameBlob(await a.get(await a.put(blob)), blob)).toBe(true)
  })

  test('the status follows the relay', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    const seen: boolean[] = []
    a.subscribe(status => seen.push(status.relays[0]?.connected ?? false))
    await until('connected', () => a.status().relays[0]?.connected === true)
    const [, port] = /tcp\/(\d+)/.exec(relay.addresses[0] as string) as RegExpExecArray
    await relay.close()
    await until('lost', () => a.status().relays[0]?.connected === false)
    const again = await createRelay({ dataDir: relay.dataDir, listen: [`/ip4/127.0.0.1/tcp/${port}/ws`] })
    after(() => again.close())
    expect(again.peerId).toBe(relay.peerId)
    await until('connected again', () => a.status().relays[0]?.connected === true)
    expect(seen).toContain(true)
    expect(seen).toContain(false)
  })
})

describe('two relays', () => {
  test('losing one loses nothing, and it gets what it missed when it is back', async () => {
    const [one, two] = [await openRelay(), await openRelay()]
    const a = await openStore([one, two])
    for (const relay of [one, two]) relay.chain.announce(...enrolment(a))
    const first = await a.put(await randomBlob(1_200_000), { signal: soon() })
    await until('both have it', () => a.status().pending === 0)
    const [, port] = /tcp\/(\d+)/.exec(one.addresses[0] as string) as RegExpExecArray
    await one.close()
    const second = await a.put(await randomBlob(1_200_000), { signal: soon() })
    const b = await openStore([one, two])
    for (const digest of [first, second]) expect((await b.get(digest, { signal: soon() })).chunks).toHaveLength(2)
    expect(a.status().pending).toBe(1)
    const again = await createRelay({
      dataDir: one.dataDir,
      listen: [`/ip4/127.0.0.1/tcp/${port}/ws`],
      announcements: one.chain,
    })
    after(() => again.close())
    await until('the first has caught up', () => a.status().pending === 0, 12_000)
    const c = await openStore([again])
    for (const digest of [first, second]) expect((await c.get(digest, { signal: soon() })).chunks).toHaveLength(2)
  })
})

describe('a relay that changes bytes', () => {
  async function openLiar(blocks: MemoryBlockstore) {
    const lying = new Proxy(blocks, {
      get(target, property) {
        if (property === 'get') {
          return async function* (...args: Parameters<Blockstore['get']>) {
            for await (const part of target.get(...args)) yield part.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
          }
        }
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { helia, libp2p } = await createNode({
      blocks: lying,
      datastore: new MemoryDatastore(),
      libp2p: { transports: [webSockets()], addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] } },
    })
    after(() => helia.stop())
    return libp2p.getMultiaddrs().map(address => address.toString())
  }

  test('is not believed: nothing of it is returned or kept, and an honest relay’s bytes are', async () => {
    const honest = await openRelay()
    const a = await openStore([honest])
    honest.chain.announce(...enrolment(a))
    const blob = await randomBlob(40_000)
    const digest = await a.put(blob, { signal: soon() })
    const all = new MemoryBlockstore()
    all.put(chunkCid((await checkBlob(blob)).chunks[0] as Uint8Array), blob.chunks[0] as Uint8Array)
    all.put(headerCid(digest), blob.header)
    const liar = await openLiar(all)
    const kept = new MemoryBlockstore()
    const b = await openStore([], { relays: liar, storage: { blocks: kept, datastore: new MemoryDatastore() } })
    await until('connected', () => b.status().relays[0]?.connected === true)
    expect(await code(b.get(digest, { signal: timeLimit(1_500) }))).toBe('storage.notFound')
    expect(await raw(kept)).toBe(0)
    b.addRelays(honest.addresses)
    expect(sameBlob(await b.get(digest, { signal: soon() }), blob)).toBe(true)
  })

  test('a copy here that was damaged is fetched again', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    relay.chain.announce(...enrolment(a))
    const blob = await randomBlob(40_000)
    const digest = await a.put(blob, { signal: soon() })
    const blocks = new MemoryBlockstore()
    const b = await openStore([relay], { storage: { blocks, datastore: new MemoryDatastore() } })
    await b.get(digest, { signal: soon() })
    blocks.put(chunkCid((await checkBlob(blob)).chunks[0] as Uint8Array), new Uint8Array(40_000))
    expect(sameBlob(await b.get(digest, { signal: soon() }), blob)).toBe(true)
  })
})

describe('what is kept here', () => {
  test('deletion leaves nothing in the raw stores', async () => {
    const relay = await openRelay()
    const [blocks, datastore] = [new MemoryBlockstore(), new MemoryDatastore()]
    const a = await openStore([relay], { storage: { blocks, datastore } })
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(2_500_000), { signal: soon() })
    expect(await raw(blocks)).toBe(4)
    await a.delete(digest)
    expect(await raw(blocks)).toBe(0)
    const name = Buffer.from(digest).toString('hex')
    for await (const { key, value } of datastore.query({})) {
      expect(key.toString()).not.toContain(name)
      expect(Buffer.from(value).includes(Buffer.from(digest))).toBe(false)
    }
  })

  test('others’ blobs make room for newer ones, own blobs stay', async () => {
    const relay = await openRelay()
    const a = await openStore([relay])
    const blocks = new MemoryBlockstore()
    const b = await openStore([relay], { storage: { blocks, datastore: new MemoryDatastore() }, cacheBytes: 25_000 })
    relay.chain.announce(...enrolment(a, b))
    await b.put(await randomBlob(30_000), { signal: soon() })
    for (let i = 0; i < 4; i++) {
      await b.get(await a.put(await randomBlob(10_000), { signal: soon() }), { signal: soon() })
    }
    // The own one and the last two, of two blocks each.
    expect(await raw(blocks)).toBe(6)
  })

  test('a full disk ends in a sentence, and leaves no half blob', async () => {
    class Full extends MemoryBlockstore {
      puts = 0
      override put(...args: Parameters<MemoryBlockstore['put']>) {
        if (this.puts++ === 1) throw new Error('PutFailedError: QuotaExceededError: no space')
        return super.put(...args)
      }
    }
    const blocks = new Full()
    const a = await openStore([], { storage: { blocks, datastore: new MemoryDatastore() } })
    expect(await code(a.put(await randomBlob(1_500_000)))).toBe('storage.quota')
    expect(await raw(blocks)).toBe(0)
  })

  test('in IndexedDB, the peer id and undelivered blobs survive a reload', async () => {
    const relay = await openRelay()
    const namespace = 'reload'
    const storage = 'indexeddb'
    const before = await openStore([relay], { namespace, storage })
    const blob = await randomBlob(1_500_000)
    // Not enrolled yet: the relay refuses.
    expect(await code(before.put(blob, { signal: timeLimit(2_500) }))).toBe('storage.refused')
    await before.close()
    relay.chain.announce(...enrolment(before))
    const reloaded = await openStore([relay], { namespace, storage })
    expect(reloaded.peerId).toBe(before.peerId)
    await until('the blob went out by itself', () => reloaded.status().pending === 0)
    const b = await openStore([relay])
    const { digest } = await checkBlob(blob)
    expect(sameBlob(await b.get(digest, { signal: soon() }), blob)).toBe(true)
  })

  test('a second tab of the same hospital is turned away until the first closes', async () => {
    const namespace = 'twice'
    const first = await openStore([], { namespace })
    expect(await code(openStore([], { namespace }))).toBe('app.secondTab')
    await first.close()
    await openStore([], { namespace })
  })

  test('a relay’s address must name the relay', async () => {
    expect(await code(openStore([], { relays: ['/ip4/127.0.0.1/tcp/9470/ws'] }))).toBe('storage.badRelay')
    expect(await code(openStore([], { relays: ['https://example.org'] }))).toBe('storage.badRelay')
  })

  test('a closed store does nothing more', async () => {
    const a = await openStore([])
    const { digest } = await checkBlob(await randomBlob(10))
    const waiting = code(a.get(digest))
    await a.close()
    await a.close()
    expect(await waiting).toBe('storage.closed')
    expect(await code(a.get(digest))).toBe('storage.closed')
    expect(await code(a.put(await randomBlob(10)))).toBe('storage.closed')
  })
})
