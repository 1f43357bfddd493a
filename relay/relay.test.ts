import '../src/storage/nodeWebSocket.ts'
import { encode } from '@ipld/dag-cbor'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { afterEach, describe, expect, test } from 'vitest'
import { sha256 } from '../src/crypto/bytes.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import type { Blob } from '../src/storage/BlobStore.ts'
import { blobLimits, checkBlob, keyOf } from '../src/storage/blocks.ts'
import { createNode } from '../src/storage/heliaNode.ts'
import { createHeliaStore, type HeliaStore } from '../src/storage/heliaStore.ts'
import { InboxStream, inboxProtocol } from '../src/storage/inbox.ts'
import { blobOf, bodyOf, randomBlob, randomChangedBlob, sameBlob } from '../src/storage/testing.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import type { Publishable } from '../src/study/types.ts'
import type { Fact } from './facts.ts'
import { createRelay, type Relay, type RelayOptions } from './relay.ts'
import { enrolment, playChain, scratch, study, until } from './testing.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
const after = (clean: () => Promise<unknown>) => void cleanups.push(clean)
const soon = () => timeLimit(15_000)
const quick = { tidy: 50 }
let names = 0

async function openRelay(options: Partial<RelayOptions> = {}) {
  const chain = playChain()
  const dataDir = await scratch(after)
  const refusals: string[] = []
  const relay = await createRelay({
    dataDir,
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    announcements: chain,
    log: (message, details) => {
      if (message === 'refused') refusals.push(String(details?.refused))
    },
    ...options,
  })
  after(() => relay.close())
  return Object.assign(relay, { chain, dataDir, refusals })
}

async function openStore(...relays: Relay[]): Promise<HeliaStore> {
  const store = await createHeliaStore({
    namespace: `relay-test-${names++}`,
    relays: relays.flatMap(relay => relay.addresses),
    storage: 'memory',
  })
  after(() => store.close())
  return store
}

const update = (digest: Uint8Array, round = 1): Fact => ({
  type: 'blob',
  study,
  round,
  kind: 'update',
  digest: keyOf(digest),
})
const model = (digest: Uint8Array, round: number): Fact => ({
  type: 'blob',
  study,
  round,
  kind: 'model',
  digest: keyOf(digest),
})

async function blocksOf(relay: Relay): Promise<number> {
  let count = 0
  for await (const _ of relay.shelf.blocks.getAll()) count++
  return count
}

async function pinsOf(relay: Relay): Promise<number> {
  let count = 0
  for await (const _ of relay.node.helia.pins.ls()) count++
  return count
}

/** Why the relay refuses a put; the put is stopped once it did. */
async function refusalOf(relay: { refusals: string[] }, store: HeliaStore, blob: Publishable<Blob>): Promise<unknown> {
  const [stop, before] = [new AbortController(), relay.refusals.length]
  const put = store.put(blob, { signal: stop.signal })
  const failed = expect(put).rejects.toThrow()
  await until('refused', () => relay.refusals.length > before)
  stop.abort()
  await failed
  return relay.refusals.at(-1)
}

describe('who may push', () => {
  test('a stranger is refused and nothing of it is kept; once its hospital has joined, the same push goes through', async () => {
    const relay = await openRelay()
    const a = await openStore(relay)
    const blob = await randomBlob(1_200_000)
    expect(await refusalOf(relay, a, blob)).toBe('notEnrolled')
    expect(await blocksOf(relay)).toBe(0)
    const waiting = a.put(blob, { signal: soon() })
    relay.chain.announce(...enrolment(a))
    await waiting
    expect(await blocksOf(relay)).toBe(3)
  })

  test('enrolment under an address that the factory did not make counts for nothing', async () => {
    const relay = await openRelay()
    const a = await openStore(relay)
    relay.chain.announce({ type: 'enrolled', study, hospital: '0x1', peer: keyOf(a.peerIdBytes) })
    expect(await refusalOf(relay, a, await randomBlob(10))).toBe('notEnrolled')
  })

  test('a suspended hospital is refused until it is reinstated', async () => {
    const relay = await openRelay()
    const a = await openStore(relay)
    const hospital = `0x${'1'.padStart(40, '0')}`
    relay.chain.announce(...enrolment(a), { type: 'suspended', hospital })
    const blob = await randomBlob(10)
    expect(await refusalOf(relay, a, blob)).toBe('notEnrolled')
    relay.chain.announce({ type: 'reinstated', hospital })
    await a.put(blob, { signal: soon() })
  })

  test('a manifest that the chain names may come from anybody, another block may not', async () => {
    const relay = await openRelay()
    const sponsor = await openStore(relay)
    const manifest = { header: encode({ version: 1, name: 'heart' }), chunks: [] } as Blob as Publishable<Blob>
    const digest = await sha256(manifest.header)
    relay.chain.announce({ type: 'study', study }, { type: 'manifest', study, digest: keyOf(digest) })
    await sponsor.put(manifest, { signal: soon() })
    expect(await pinsOf(relay)).toBe(1)
    expect(await refusalOf(relay, sponsor, await randomBlob(10))).toBe('notEnrolled')
    expect(sameBlob(await (await openStore(relay)).get(digest, { signal: soon() }), manifest)).toBe(true)
  })

  test('the initial weights that a study’s description names may come from anybody, and stay as long as it', async () => {
    const relay = await openRelay({ times: { ended: 300, ...quick } })
    const sponsor = await openStore(relay)
    const weights = await randomBlob(100_000)
    const initial = { digest: `0x${keyOf((await checkBlob(weights)).digest)}`, parameters: 25_000 }
    const { manifest } = heartStudy({ rounds: 1 })
    const header = encode({ ...manifest, initial })
    const description = { header, chunks: [] } as Blob as Publishable<Blob>
    const digest = keyOf(await sha256(header))
    expect(await refusalOf(relay, sponsor, weights)).toBe('notEnrolled')
    relay.chain.announce({ type: 'study', study }, { type: 'manifest', study, digest })
    await sponsor.put(description, { signal: soon(), kind: 'manifest' })
    await sponsor.put(weights, { signal: soon(), kind: 'initial' })
    await until('both pinned', async () => (await pinsOf(relay)) === 2)
    expect(await refusalOf(relay, sponsor, await randomBlob(10))).toBe('notEnrolled')
    relay.chain.announce({ type: 'ended', study })
    await until('both gone', async () => (await blocksOf(relay)) === 0)
  })

  test('an operator needs no study', async () => {
    const { generateKeyPair } = await import('@libp2p/crypto/keys')
    const { peerIdFromPrivateKey } = await import('@libp2p/peer-id')
    const privateKey = await generateKeyPair('Ed25519')
    const relay = await openRelay({ operators: [peerIdFromPrivateKey(privateKey).toString()] })
    const store = await createHeliaStore({
      namespace: 'operator',
      relays: relay.addresses,
      storage: 'memory',
      privateKey,
    })
    after(() => store.close())
    await store.put(await randomBlob(10), { signal: soon() })
  })
})

describe('the inbox', () => {
  test('takes only so much that nobody announced; an announcement makes room', async () => {
    const relay = await openRelay({ quotas: { inbox: 2_000_000 } })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const first = await a.put(await randomBlob(1_500_000), { signal: soon() })
    const second = await randomBlob(1_500_000)
    expect(await refusalOf(relay, a, second)).toBe('quota')
    relay.chain.announce(update(first))
    await a.put(second, { signal: soon() })
    expect(await pinsOf(relay)).toBe(1)
  })

  test('one hospital’s quota is not another’s', async () => {
    const relay = await openRelay({ quotas: { inbox: 2_000_000 } })
    const [a, b] = [await openStore(relay), await openStore(relay)]
    relay.chain.announce(...enrolment(a, b))
    await a.put(await randomBlob(1_500_000), { signal: soon() })
    await b.put(await randomBlob(1_500_000), { signal: soon() })
  })

  test('a blob that is too large is refused for good', async () => {
    const relay = await openRelay({ quotas: { blob: 1_000_000 } })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    await expect(a.put(await randomBlob(1_500_000), { signal: soon() })).rejects.toMatchObject({
      code: 'storage.refused',
      details: { refusal: 'tooLarge' },
    })
  })

  test('what nobody announces goes after one phase, to the last byte', async () => {
    const relay = await openRelay({ times: { inbox: 1_500, ...quick } })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(1_500_000), { signal: soon() })
    expect(await blocksOf(relay)).toBe(3)
    await until('expired', async () => (await blocksOf(relay)) === 0)
    for await (const { key, value } of relay.node.helia.datastore.query({})) {
      expect(`${key} ${Buffer.from(value).toString('hex')}`).not.toContain(keyOf(digest))
    }
  })

  test('what was announced stays, and so does what was announced before it came', async () => {
    const relay = await openRelay({ times: { inbox: 1_000, ...quick } })
    const a = await openStore(relay)
    const [early, late] = [await randomBlob(10_000), await randomBlob(10_000)]
    relay.chain.announce(...enrolment(a), update((await checkBlob(early)).digest))
    await a.put(early, { signal: soon() })
    relay.chain.announce(update(await a.put(late, { signal: soon() })))
    await new Promise(resolve => setTimeout(resolve, 1_800))
    expect(await blocksOf(relay)).toBe(4)
    expect(await pinsOf(relay)).toBe(2)
  })

  test('seats that seal the same ciphertext send only their headers', async () => {
    const relay = await openRelay({ times: { inbox: 2_000, ...quick } })
    const [a, b] = [await openStore(relay), await openStore(relay)]
    relay.chain.announce(...enrolment(a, b))
    const chunks = (await randomBlob(1_500_000)).chunks
    const [one, two] = [await blobOf(chunks), await blobOf(chunks)]
    await a.put(one, { signal: soon() })
    const second = await b.put(two, { signal: soon() })
    expect(b.traffic().sent).toBe(two.header.byteLength)
    // The first expires, the second is announced: the chunks stay with it.
    relay.chain.announce(update(second))
    await until('the first is gone', () => relay.shelf.index.size === 1)
    expect(sameBlob(await (await openStore(relay)).get(second, { signal: soon() }), two)).toBe(true)
  })

  test('a model with two bodies is pinned and served whole, and goes whole', async () => {
    const relay = await openRelay({ times: { inbox: 1_000, rounds: 1, ...quick } })
    const base = `0x${'b1'.repeat(32)}` as const
    const [a, b] = [await openStore(relay), await openStore(relay)]
    const blob = await randomChangedBlob(1_500_000, base, 40_000)
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(blob, { signal: soon() })
    await a.close()
    relay.chain.announce(model(digest, 1), { type: 'finalised', study, round: 1 })
    await until('pinned', async () => (await pinsOf(relay)) === 1)
    await new Promise(resolve => setTimeout(resolve, 1_300))
    expect(await blocksOf(relay)).toBe(4)
    expect(sameBlob(await b.get(digest, { signal: soon(), since: base }), bodyOf(blob, 'change'))).toBe(true)
    expect(sameBlob(await b.get(digest, { signal: soon() }), bodyOf(blob, 'whole'))).toBe(true)
    relay.chain.announce({ type: 'finalised', study, round: 2 })
    await until('gone', async () => (await blocksOf(relay)) === 0)
    expect(await pinsOf(relay)).toBe(0)
  })

  test('a pusher that lies about its chunks, or sends rubbish, leaves nothing behind', async () => {
    const relay = await openRelay()
    const { helia, libp2p } = await createNode({
      blocks: new MemoryBlockstore(),
      datastore: new MemoryDatastore(),
      libp2p: { transports: [webSockets()] },
    })
    after(() => helia.stop())
    relay.chain.announce(...enrolment({ peerIdBytes: libp2p.peerId.toMultihash().bytes }))
    const connection = await libp2p.dial(multiaddr(relay.addresses[0] as string))
    const blob = await randomBlob(1_500_000)
    const open = async () => new InboxStream(await connection.newStream(inboxProtocol), soon())
    const sizes = blob.chunks.map(chunk => chunk.byteLength)

    const wrong = await open()
    await wrong.writeOffer({ version: 1, header: blob.header, sizes })
    expect(await wrong.readAnswer()).toEqual({ missing: [0, 1] })
    await wrong.writeBlock(blob.chunks[0] as Uint8Array)
    expect(await wrong.readAcknowledgement()).toBe(0)
    await wrong.writeBlock(new Uint8Array(blob.chunks[1]?.byteLength ?? 0))
    await expect(wrong.readAcknowledgement()).rejects.toThrow()

    const fewer = await open()
    await fewer.writeOffer({ version: 1, header: blob.header, sizes: sizes.slice(1) })
    expect(await fewer.readAnswer()).toEqual({ refused: 'malformed' })
    const larger = await open()
    await larger.writeOffer({ version: 1, header: blob.header, sizes: [blobLimits.chunk + 1, 5] })
    expect(await larger.readAnswer()).toEqual({ refused: 'tooLarge' })
    const rubbish = await open()
    await rubbish.writeBlock(new Uint8Array([1, 2, 3]))
    await expect(rubbish.readAnswer()).rejects.toThrow()

    await until('nothing is left', async () => (await blocksOf(relay)) === 0)
    expect(relay.shelf.index.size).toBe(0)
  })
})

describe('what the chain announced', () => {
  test('old rounds of a running study go, the last three stay', async () => {
    const relay = await openRelay({ times: quick })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const digests: Uint8Array[] = []
    for (let round = 1; round <= 5; round++) {
      const digest = await a.put(await randomBlob(1_000), { signal: soon() })
      digests.push(digest)
      relay.chain.announce(model(digest, round), { type: 'finalised', study, round })
    }
    await until('two are gone', () => relay.shelf.index.size === 3)
    expect(digests.map(digest => relay.shelf.index.get(keyOf(digest)) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
    // The last one may be pinned after the first ones are gone.
    await until('three are pinned', async () => (await pinsOf(relay)) === 3)
    expect(await blocksOf(relay)).toBe(6)
  })

  test('a study’s blobs go some time after its end, and so does its right to push', async () => {
    const relay = await openRelay({ times: { ended: 1_500, ...quick } })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(1_000), { signal: soon() })
    relay.chain.announce(model(digest, 1), { type: 'finalised', study, round: 1 })
    await until('pinned', async () => (await pinsOf(relay)) === 1)
    relay.chain.announce({ type: 'ended', study })
    expect(await blocksOf(relay)).toBe(2)
    await until('gone', async () => (await blocksOf(relay)) === 0)
    expect(await pinsOf(relay)).toBe(0)
    expect(await refusalOf(relay, a, await randomBlob(10))).toBe('notEnrolled')
  })

  test('a reorganisation turns a pin back into a waiting blob, and the next announcement pins it again', async () => {
    const relay = await openRelay({ times: { inbox: 60_000, ...quick } })
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const digest = await a.put(await randomBlob(1_000), { signal: soon() })
    relay.chain.announce(update(digest))
    await until('pinned', async () => (await pinsOf(relay)) === 1)
    relay.chain.rollBack(1)
    await until('unpinned', async () => (await pinsOf(relay)) === 0)
    expect(await blocksOf(relay)).toBe(2)
    relay.chain.announce(update(digest))
    await until('pinned again', async () => (await pinsOf(relay)) === 1)
  })

  test('a restart keeps peer id, inbox, pins and what was read of the chain', async () => {
    const relay = await openRelay()
    const a = await openStore(relay)
    relay.chain.announce(...enrolment(a))
    const pinned = await a.put(await randomBlob(1_000), { signal: soon() })
    const waiting = await a.put(await randomBlob(1_000), { signal: soon() })
    relay.chain.announce(update(pinned))
    await until('pinned', async () => (await pinsOf(relay)) === 1)
    await a.close()
    await relay.close()
    // Without a source of news: what it knows, it knows from its own disk.
    const again = await createRelay({ dataDir: relay.dataDir, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    after(() => again.close())
    expect(again.peerId).toBe(relay.peerId)
    expect(await pinsOf(again)).toBe(1)
    expect(again.shelf.index.get(keyOf(pinned))?.note.pinned).toBe(true)
    expect(again.shelf.index.get(keyOf(waiting))?.note.pinned).toBe(false)
    const b = await openStore(again)
    for (const digest of [pinned, waiting]) expect((await b.get(digest, { signal: soon() })).chunks).toHaveLength(1)
  })
})
