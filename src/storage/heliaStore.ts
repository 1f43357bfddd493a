import './promiseWithResolvers.ts'
import type { Connection, PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { webSockets } from '@libp2p/websockets'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { IDBBlockstore } from 'blockstore-idb'
import { MemoryDatastore } from 'datastore-core'
import { IDBDatastore } from 'datastore-idb'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import type { CID } from 'multiformats/cid'
import { sameBytes, sha256 } from '../crypto/bytes.ts'
import { chunkCid, headerCid } from '../crypto/cid.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Hex } from '../study/types.ts'
import {
  type Blob,
  type BlobKind,
  type BlobStore,
  countTraffic,
  type Digest,
  type GetOptions,
  type Traffic,
  type TransferOptions,
} from './BlobStore.ts'
import { BlobIndex, type IndexEntry } from './blobIndex.ts'
import { blobLimits, checkBlob, checkBody, digestFromKey, keyOf, megabytes, tooLarge, wantedBody } from './blocks.ts'
import { askCarrier, type CarryRequest, notCarried } from './carrier.ts'
import { collect } from './collect.ts'
import { createNode, type Node } from './heliaNode.ts'
import { mayPass, pushBlob, type SignedReceipt } from './inbox.ts'
import { lockNamespace } from './namespaceLock.ts'
import { pauseFor } from './pauseFor.ts'
import { loadOrCreateKey } from './peerKey.ts'
import { wireCounter } from './wireCount.ts'

/** Milliseconds between dials of a relay that does not answer. libp2p's own keep-alive gives up after 20 ms. */
const redialEvery = 2_000
const dialTimeout = 8_000
/**
 * Milliseconds without any block after which bitswap is asked anew. It loses some wants: those made within 10 ms of the same
 * block's arrival or while a peer connects, and the first for a block that the peer remembers having sent.
 */
const firstPatience = 1_500
const lastPatience = 15_000
/** How many blobs go to one relay, and chunks come from the network, at a time. */
const parallelPushes = 2
const parallelChunks = 8
/** Milliseconds that one relay has to carry something before the next is asked. */
const carryTimeout = 4_000
/** Milliseconds for which a relay that carries nothing is not asked again. */
const offFor = 60_000

export interface HeliaStoreOptions {
  /** Deployment and hospital: everything kept here is under this name, and one tab at a time may open it. */
  readonly namespace: string
  /** Multiaddrs that end in /p2p/ and the relay's id. */
  readonly relays: readonly string[]
  /** IndexedDB in a tab (the default), memory in simulations, or stores that the caller opened and closes. */
  readonly storage?: 'indexeddb' | 'memory' | { readonly blocks: Blockstore; readonly datastore: Datastore }
  /** Made once and kept in the datastore where none is given. */
  readonly privateKey?: PrivateKey
  /** Which hospitals' nodes may connect to this one over WebRTC, by peer id; nobody by default. */
  readonly allowPeers?: (peerId: string) => boolean
  /** Exchange blocks with other tabs directly. Escapes the page's connect-src, so off unless a study asks. */
  readonly webrtc?: boolean
  /** Bytes of others' blobs kept for later; the oldest go first. Default 256 MiB. */
  readonly cacheBytes?: number
  readonly signal?: AbortSignal
}

export interface StorageStatus {
  readonly relays: readonly { readonly address: string; readonly peerId: string; readonly connected: boolean }[]
  /** Other hospitals' nodes connected directly. */
  readonly peers: readonly string[]
  /** Own blobs that some relay has not taken yet. */
  readonly pending: number
}

export interface HeliaStore extends BlobStore {
  /** This node's id: base58, and as the multihash bytes that the registry records. */
  readonly peerId: string
  readonly peerIdBytes: Uint8Array
  status(): StorageStatus
  /** Calls back after each change of the status; returns what ends that. */
  subscribe(listener: (status: StorageStatus) => void): () => void
  /** Adds a study's relays to those in use. @throws AppError storage.badRelay */
  addRelays(addresses: readonly string[]): void
  /** Connects over WebRTC to these hospitals' nodes, where it is on and allowPeers agrees. Safe to call again. */
  meet(peerIds: readonly string[]): void
  /** What relays signed for an own blob. */
  receipts(digest: Digest): readonly SignedReceipt[]
  /**
   * Has a relay carry signed duties to the chain at the expense of the study's gas pot: asks each connected relay in turn.
   * @returns the transaction's hash by the relay's word: only the chain can tell whether it is true
   * @throws AppError storage.notCarried (details.refusal says why the first relay refused; details.data holds what the
   * contract would answer), storage.closed; the signal's reason when it aborts
   */
  carry(request: CarryRequest, options?: { readonly signal?: AbortSignal }): Promise<Hex>
  /** What is kept in this browser. */
  usage(): Promise<StorageUsage>
  /**
   * Deletes blobs of old rounds, but never an own blob that no relay has taken, a public description, nor the newest model.
   * @returns bytes freed
   */
  free(options: FreeOptions): Promise<number>
}

export interface StorageUsage {
  readonly blobs: number
  /** Bytes; blobs of the same ciphertext count each. */
  readonly bytes: number
  /** Of those, blobs that this hospital made and blobs that it fetched. */
  readonly own: number
  readonly others: number
  /** Bytes that the browser grants to all of this page, as it estimates; null where it does not say. */
  readonly quota: number | null
  /** Whether the browser promised not to clear this page's data by itself. */
  readonly persisted: boolean
}

export interface FreeOptions {
  /** How many rounds stay, the newest that is held here included. */
  readonly keepRounds: number
  /** Header digests of further blobs that stay. */
  readonly keep?: readonly Digest[]
}

/** What the index keeps of each blob beside its chunks. */
interface Note {
  readonly own: boolean
  /** Unix milliseconds. */
  readonly at: number
  /** By relay's peer id. */
  readonly receipts: { readonly [relay: string]: SignedReceipt }
  readonly kind?: BlobKind
  readonly round?: number
}

interface Relay {
  readonly address: Multiaddr
  readonly peer: PeerId
  readonly id: string
  connection: Connection | undefined
  /** Resolved at the next connection. */
  connected: PromiseWithResolvers<Connection>
  /** Wakes the redial loop. */
  redial: () => void
  readonly pushes: Turnstile
}

/**
 * Opens a hospital's storage: a Helia node with one websocket to each relay. The peer id is there before any study is
 * joined and stays the same from visit to visit. Blobs put earlier that a relay still lacks go out again by themselves.
 * @throws AppError app.secondTab, app.unsupported, storage.badRelay, storage.quota
 *
 * @example
 * const store = await createHeliaStore({ namespace: `${deployment}-${hospital}`, relays: [address] })
 * const digest = await store.put(blob, { signal })
 */
export async function createHeliaStore(options: HeliaStoreOptions): Promise<HeliaStore> {
  options.signal?.throwIfAborted()
  const relays = options.relays.map(parseRelay)
  const unlock = await lockNamespace(options.namespace)
  const opened: (() => Promise<void>)[] = [async () => unlock()]
  try {
    const { blocks, datastore } = await openStores(options, opened)
    const privateKey = options.privateKey ?? (await loadOrCreateKey(datastore))
    const index = await BlobIndex.open<Note>(datastore, blocks)
    const store = new TabStore(options, privateKey, blocks, index, opened)
    await store.start(datastore, relays)
    return store
  } catch (error) {
    for (const close of opened.reverse()) await close()
    throw quotaOr(error, 0)
  }
}

class TabStore implements HeliaStore {
  readonly peerId: string
  readonly peerIdBytes: Uint8Array
  readonly #self: PeerId
  readonly #options: HeliaStoreOptions
  readonly #privateKey: PrivateKey
  readonly #blocks: Blockstore
  readonly #index: BlobIndex<Note>
  readonly #opened: (() => Promise<void>)[]
  readonly #closing = new AbortController()
  readonly #relays = new Map<string, Relay>()
  readonly #met = new Set<string>()
  readonly #listeners = new Set<(status: StorageStatus) => void>()
  /** Deliveries under way, by digest, to stop them when the blob is deleted. */
  readonly #deliveries = new Map<string, AbortController>()
  readonly #background = new Set<Promise<void>>()
  #node: Node | undefined
  #closed: Promise<void> | undefined
  readonly #traffic = countTraffic()
  readonly #wire = wireCounter()
  /** What each block is for, by its key. */
  readonly #kinds = new Map<string, BlobKind>()
  /** When relays that carry nothing may be asked again, by peer id: Unix milliseconds. */
  readonly #offUntil = new Map<string, number>()
  #lastArrival = 0

  constructor(
    options: HeliaStoreOptions,
    privateKey: PrivateKey,
    blocks: Blockstore,
    index: BlobIndex<Note>,
    opened: (() => Promise<void>)[],
  ) {
    this.#options = options
    this.#privateKey = privateKey
    this.#self = peerIdFromPrivateKey(privateKey)
    this.peerId = this.#self.toString()
    this.peerIdBytes = this.#self.toMultihash().bytes
    this.#blocks = blocks
    this.#index = index
    this.#opened = opened
  }

  async start(datastore: Datastore, relays: readonly { address: Multiaddr; peer: PeerId }[]): Promise<void> {
    const direct = this.#options.webrtc ? await import('./webrtc.ts') : undefined
    const base: Libp2pOptions = {
      privateKey: this.#privateKey,
      transports: [webSockets()],
      connectionGater: {
        denyDialPeer: peer => !this.#allowed(peer),
        denyDialMultiaddr: address => !this.#knownAddress(address),
        denyInboundRelayedConnection: (_, peer) => !this.#allowed(peer),
        // The last gate of every connection; WebRTC passes no other, since its encryption is not libp2p's.
        denyInboundUpgradedConnection: peer => !this.#allowed(peer),
        denyOutboundUpgradedConnection: peer => !this.#allowed(peer),
      },
      connectionManager: { reconnectRetries: 0, dialTimeout },
      connectionProtector: this.#wire.protector,
    }
    for (const entry of this.#index.values()) this.#remember(entry)
    // Counts what Helia itself reads: own reads go to the store directly, so these are blocks served to other tabs.
    const served = countingReads(this.#blocks, (cid, bytes) => {
      this.#traffic.count('sent', this.#kinds.get(keyOf(cid.multihash.digest)), bytes)
    })
    this.#node = await createNode({
      blocks: served,
      datastore,
      libp2p: direct === undefined ? base : direct.withWebRtc(base, Math.max(1, relays.length)),
    })
    const { libp2p } = this.#node
    libp2p.addEventListener('connection:open', ({ detail }) => this.#onConnection(detail))
    libp2p.addEventListener('connection:close', ({ detail }) => this.#onDisconnection(detail))
    for (const relay of relays) this.#addRelay(relay)
    for (const entry of this.#index.values()) if (entry.note.own) this.#deliver(entry)
    this.#options.signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  async put(blob: Blob, { signal, onProgress, kind, round }: TransferOptions = {}): Promise<Digest> {
    this.#assertOpen()
    signal?.throwIfAborted()
    if (this.#options.storage === undefined || this.#options.storage === 'indexeddb') askToPersist()
    const { digest, chunks, size } = await checkBlob(blob)
    const key = keyOf(digest)
    const chunkKeys = chunks.map(keyOf)
    const release = await this.#index.hold(key, chunkKeys)
    let entry: IndexEntry<Note>
    try {
      for (const [i, chunk] of blob.chunks.entries()) await this.#blocks.put(chunkCid(chunks[i] as Digest), chunk)
      await this.#blocks.put(headerCid(digest), blob.header)
      const receipts = this.#index.get(key)?.note.receipts ?? {}
      const note = { own: true, at: Date.now(), receipts, ...purpose(kind, round) }
      entry = { digest: key, chunks: chunkKeys, size, note }
      this.#remember(entry)
      await this.#index.put(entry)
    } catch (error) {
      release()
      await this.#index.discard([key, ...chunkKeys])
      throw quotaOr(error, size)
    }
    release()
    for (const cid of [...chunks.map(chunkCid), headerCid(digest)]) await this.#announce(cid)
    if (this.#relays.size > 0) await this.#deliver(entry, signal, onProgress)
    return digest
  }

  async get(digest: Digest, { signal, onProgress, kind, round, since }: GetOptions = {}): Promise<Blob> {
    this.#assertOpen()
    const failed = new AbortController()
    const stops = [failed.signal, this.#closing.signal]
    const either = AbortSignal.any(signal === undefined ? stops : [...stops, signal])
    const key = keyOf(digest)
    let release = await this.#index.hold(key, [])
    try {
      const header = await this.#fetch(headerCid(digest), either, blobLimits.header, kind)
      const { chunks: links, ...part } = wantedBody(header, since)
      const chunkKeys = links.map(keyOf)
      const releaseHeader = release
      release = await this.#index.hold(key, chunkKeys)
      releaseHeader()
      const chunks: Uint8Array[] = new Array(links.length)
      let size = header.byteLength
      let done = 0
      onProgress?.(0, links.length + 1)
      await inParallel(links, parallelChunks, async (link, i) => {
        const chunk = await this.#fetch(chunkCid(link), either, blobLimits.chunk, kind)
        size += chunk.byteLength
        if (size > blobLimits.total) throw tooLarge(size, blobLimits.total)
        chunks[i] = chunk
        onProgress?.(++done, links.length + 1)
      })
      await this.#record({ digest: key, chunks: chunkKeys, size, note: fetched(kind, round) }, header.byteLength)
      onProgress?.(links.length + 1, links.length + 1)
      return { header, chunks, ...part }
    } catch (error) {
      failed.abort()
      throw quotaOr(error, 0)
    } finally {
      release()
    }
  }

  async complete(whole: Blob): Promise<void> {
    this.#assertOpen()
    const { digest, chunks, size } = await checkBody(whole, wantedBody(whole.header).chunks)
    const [key, keys] = [keyOf(digest), chunks.map(keyOf)]
    const release = await this.#index.hold(key, keys)
    try {
      const known = this.#index.get(key)
      if (known === undefined) return
      for (const [i, chunk] of whole.chunks.entries()) await this.#blocks.put(chunkCid(chunks[i] as Digest), chunk)
      await this.#record({ ...known, chunks: keys, size }, whole.header.byteLength)
    } catch (error) {
      throw quotaOr(error, size)
    } finally {
      release()
      await this.#index.discard(keys)
    }
  }

  async delete(digest: Digest): Promise<void> {
    this.#assertOpen()
    const key = keyOf(digest)
    this.#deliveries.get(key)?.abort()
    await this.#index.remove(key)
    this.#changed()
  }

  traffic(): Traffic {
    return this.#traffic.read(this.#wire.wire)
  }

  async carry(request: CarryRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Hex> {
    this.#assertOpen()
    const stops = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal]
    let refusal: AppError | undefined
    for (const { id, connection } of [...this.#relays.values()]) {
      if (connection === undefined || (this.#offUntil.get(id) ?? 0) > Date.now()) continue
      try {
        return await askCarrier(connection, request, AbortSignal.any([...stops, timeLimit(carryTimeout)]))
      } catch (error) {
        this.#assertOpen()
        signal?.throwIfAborted()
        const isRefusal = isAppError(error, 'storage.notCarried')
        if (isRefusal && error.details.refusal === 'off') this.#offUntil.set(id, Date.now() + offFor)
        refusal ??= isRefusal ? error : notCarried('', undefined, error)
      }
    }
    throw refusal ?? notCarried('')
  }

  async usage(): Promise<StorageUsage> {
    const entries = this.#index.values()
    const sum = (isOwn: boolean) =>
      entries.reduce((bytes, { note, size }) => (note.own === isOwn ? bytes + size : bytes), 0)
    const [own, others] = [sum(true), sum(false)]
    const manager = browserStorage()
    const [estimate, persisted] = await Promise.all([manager?.estimate?.(), manager?.persisted?.()])
    return {
      blobs: entries.length,
      bytes: own + others,
      own,
      others,
      quota: estimate?.quota ?? null,
      persisted: persisted ?? false,
    }
  }

  async free({ keepRounds, keep = [] }: FreeOptions): Promise<number> {
    this.#assertOpen()
    const entries = this.#index.values()
    const newest = Math.max(...entries.map(({ note }) => note.round ?? 0), 0)
    const newestModel = Math.max(...entries.map(({ note }) => (note.kind === 'model' ? (note.round ?? 0) : 0)), 0)
    const kept = new Set(keep.map(keyOf))
    let freed = 0
    for (const { digest, size, note } of entries) {
      const isTaken = !note.own || Object.keys(note.receipts).length > 0
      const isPublic = note.kind === 'manifest' || note.kind === 'initial'
      const isOld = note.round === undefined ? !note.own : note.round <= newest - keepRounds
      const isCurrentModel = note.kind === 'model' && note.round === newestModel
      if (!isTaken || isPublic || !isOld || isCurrentModel || kept.has(digest)) continue
      // The other relays' copies no longer go out from here: one has it.
      this.#deliveries.get(digest)?.abort()
      await this.#index.remove(digest)
      freed += size
    }
    if (freed > 0) this.#changed()
    return freed
  }

  receipts(digest: Digest): readonly SignedReceipt[] {
    return Object.values(this.#index.get(keyOf(digest))?.note.receipts ?? {})
  }

  addRelays(addresses: readonly string[]): void {
    this.#assertOpen()
    const before = this.#relays.size
    for (const relay of addresses.map(parseRelay)) this.#addRelay(relay)
    if (this.#relays.size === before) return
    for (const entry of this.#index.values()) if (entry.note.own) this.#deliver(entry)
    this.#changed()
  }

  meet(peerIds: readonly string[]): void {
    this.#assertOpen()
    if (!this.#options.webrtc) return
    for (const id of peerIds) {
      // Of two tabs the one with the smaller id dials, so that they do not connect twice.
      if (this.#met.has(id) || this.#relays.has(id) || id <= this.peerId) continue
      this.#met.add(id)
      this.#run(this.#keepMeeting(id))
    }
  }

  status(): StorageStatus {
    const relays = [...this.#relays.values()]
    const peers = new Set<string>()
    for (const connection of this.#node?.libp2p.getConnections() ?? []) {
      const id = connection.remotePeer.toString()
      if (!this.#relays.has(id) && connection.limits === undefined) peers.add(id)
    }
    return {
      relays: relays.map(({ address, id, connection }) => ({
        address: address.toString(),
        peerId: id,
        connected: connection !== undefined,
      })),
      peers: [...peers],
      pending: this.#index
        .values()
        .filter(({ note }) => note.own && relays.some(relay => note.receipts[relay.id] === undefined)).length,
    }
  }

  subscribe(listener: (status: StorageStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort(new AppError('storage.closed'))
    for (const relay of this.#relays.values()) relay.redial()
    await Promise.all(this.#background)
    await this.#node?.helia.stop()
    for (const close of this.#opened.reverse()) await close()
    this.#listeners.clear()
  }

  // --- fetching ---

  /** One block, from here or the network, checked against its name. Tries again until the signal aborts. */
  async #fetch(cid: CID, signal: AbortSignal, limit: number, kind: BlobKind | undefined): Promise<Uint8Array> {
    if (!signal.aborted && (await this.#blocks.has(cid))) {
      const block = await collect(this.#blocks.get(cid))
      if (sameBytes(await sha256(block), cid.multihash.digest)) return block
      // Damaged on this disk: ask the network.
      await this.#blocks.delete(cid)
    }
    for (let patience = firstPatience; ; patience = Math.min(2 * patience, lastPatience)) {
      if (signal.aborted) throw this.#given(signal)
      const attempt = new AbortController()
      const stop = this.#whenQuiet(patience, () => attempt.abort())
      try {
        const { helia } = this.#running()
        const either = AbortSignal.any([signal, attempt.signal])
        const block = await collect(helia.blockstore.get(cid, { signal: either }))
        if (!sameBytes(await sha256(block), cid.multihash.digest)) throw new AppError('storage.tampered')
        if (block.byteLength > limit) throw tooLarge(block.byteLength, limit)
        this.#traffic.count('received', kind, block.byteLength)
        this.#lastArrival = Date.now()
        return block
      } catch (error) {
        if (isAppError(error) || isQuota(error)) throw error
        if (signal.aborted) throw this.#given(signal, error)
        // Bitswap forgets an aborted want only after its next round of messages; asking at once would join the dead one.
        await pauseFor(200, signal)
      } finally {
        stop()
      }
    }
  }

  /** Calls back once no block has arrived for so long: on a slow line others' chunks come first. */
  #whenQuiet(milliseconds: number, callBack: () => void): () => void {
    const start = Date.now()
    const look = () => {
      const quiet = Date.now() - Math.max(start, this.#lastArrival)
      if (quiet >= milliseconds) callBack()
      else timer = setTimeout(look, milliseconds - quiet)
    }
    let timer = setTimeout(look, milliseconds)
    return () => clearTimeout(timer)
  }

  /** Notes a body that was fetched, beside the other where that is here already. */
  async #record(body: IndexEntry<Note>, headerSize: number): Promise<void> {
    const known = this.#index.get(body.digest)
    if (known !== undefined && body.chunks.every(chunk => known.chunks.includes(chunk))) return
    const entry =
      known === undefined
        ? body
        : { ...known, chunks: [...known.chunks, ...body.chunks], size: known.size + body.size - headerSize }
    this.#remember(entry)
    await this.#index.put(entry)
    await this.#evict(entry.digest)
  }

  #given(signal: AbortSignal, cause: unknown = signal.reason): AppError {
    return new AppError(this.#closing.signal.aborted ? 'storage.closed' : 'storage.notFound', {}, cause)
  }

  async #evict(justFetched: string): Promise<void> {
    const room = this.#options.cacheBytes ?? 256 * 1024 * 1024
    const fetched = this.#index.values().filter(({ note }) => !note.own)
    let bytes = fetched.reduce((sum, { size }) => sum + size, 0)
    for (const { digest, size } of fetched.sort((a, b) => a.note.at - b.note.at)) {
      if (bytes <= room) return
      if (digest === justFetched) continue
      bytes -= size
      await this.#index.remove(digest)
    }
  }

  // --- delivering ---

  /**
   * Brings an own blob to every relay that has not signed for it. Deliveries go on in the background, over lost connections
   * and reloads, until the blob is deleted.
   * @returns once the first receipt is there; rejects when the signal aborts or every relay refuses for good
   */
  #deliver(
    entry: IndexEntry<Note>,
    signal?: AbortSignal,
    onProgress?: (done: number, total: number) => void,
  ): Promise<void> {
    const stop = this.#deliveries.get(entry.digest) ?? new AbortController()
    this.#deliveries.set(entry.digest, stop)
    const background = AbortSignal.any([stop.signal, this.#closing.signal])
    const lastRefusals = new Map<string, AppError>()
    const first = new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        const refusal = [...lastRefusals.values()][0]
        reject(
          this.#closing.signal.aborted
            ? new AppError('storage.closed')
            : (refusal ?? new AppError('storage.noRelay', {}, (signal ?? stop.signal).reason)),
        )
      }
      if (signal?.aborted) return giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      background.addEventListener('abort', giveUp, { once: true })
      const tasks = [...this.#relays.values()].map(relay => {
        const delivery = this.#deliverTo(relay, entry.digest, background, {
          onRefusal: refusal => lastRefusals.set(relay.id, refusal),
          onSent: bytes => onProgress?.(bytes, entry.size),
        }).then(taken => {
          if (taken) resolve()
          return taken
        })
        this.#run(delivery.then(() => undefined))
        return delivery
      })
      void Promise.allSettled(tasks).then(results => {
        if (this.#deliveries.get(entry.digest) === stop) this.#deliveries.delete(entry.digest)
        signal?.removeEventListener('abort', giveUp)
        background.removeEventListener('abort', giveUp)
        if (results.every(result => result.status === 'rejected' || !result.value)) giveUp()
      })
    })
    // Nobody may be waiting for what goes out again after a reload; its fate shows in the status.
    first.catch(() => undefined)
    return first
  }

  /** @returns true once the relay signed for it, false when it never will or the delivery was stopped */
  async #deliverTo(
    relay: Relay,
    key: string,
    signal: AbortSignal,
    report: { onRefusal(refusal: AppError): void; onSent(bytes: number): void },
  ): Promise<boolean> {
    for (let pause = 250; !signal.aborted; pause = Math.min(2 * pause, 4_000)) {
      if (this.#index.get(key)?.note.receipts[relay.id] !== undefined) return true
      try {
        const connection = await unlessAborted(relay.connected.promise, signal)
        const receipt = await relay.pushes.pass(signal, async () => {
          if (this.#index.get(key)?.note.receipts[relay.id] !== undefined) return undefined
          const blob = await this.#readOwn(key)
          if (blob === undefined) return undefined
          let sent = 0
          return await pushBlob(connection, this.#self, blob, {
            signal,
            onSent: bytes => {
              this.#traffic.count('sent', this.#index.get(key)?.note.kind, bytes)
              sent += bytes
              report.onSent(sent)
            },
          })
        })
        const entry = this.#index.get(key)
        if (entry === undefined) return false
        if (receipt !== undefined) {
          const receipts = { ...entry.note.receipts, [relay.id]: receipt }
          await this.#index.put({ ...entry, note: { ...entry.note, receipts } })
          this.#changed()
        }
        return true
      } catch (error) {
        if (isAppError(error, 'storage.refused')) {
          report.onRefusal(error)
          if (!mayPass(String(error.details.refusal))) return false
        }
        await pauseFor(pause, signal)
      }
    }
    return false
  }

  async #readOwn(key: string): Promise<Blob | undefined> {
    const entry = this.#index.get(key)
    if (entry === undefined) return undefined
    const header = await collect(this.#blocks.get(headerCid(digestFromKey(key))))
    const chunks: Uint8Array[] = []
    for (const chunk of entry.chunks) chunks.push(await collect(this.#blocks.get(chunkCid(digestFromKey(chunk)))))
    return { header, chunks }
  }

  async #announce(cid: CID): Promise<void> {
    await this.#running().announce(cid)
  }

  // --- connections ---

  #addRelay({ address, peer }: { address: Multiaddr; peer: PeerId }): void {
    const id = peer.toString()
    if (this.#relays.has(id)) return
    const relay: Relay = {
      address,
      peer,
      id,
      connection: undefined,
      connected: Promise.withResolvers(),
      redial: () => {},
      pushes: new Turnstile(parallelPushes),
    }
    this.#relays.set(id, relay)
    this.#run(this.#keepConnected(relay))
  }

  async #keepConnected(relay: Relay): Promise<void> {
    const { libp2p } = this.#running()
    const signal = this.#closing.signal
    while (!signal.aborted) {
      if (relay.connection === undefined) {
        try {
          await libp2p.dial(relay.address, { signal: AbortSignal.any([signal, timeLimit(dialTimeout)]) })
        } catch {
          // The status says that it is not connected; the next dial follows.
        }
      }
      const woken = new Promise<void>(resolve => {
        relay.redial = resolve
      })
      await Promise.race([pauseFor(redialEvery, signal), woken])
    }
  }

  async #keepMeeting(id: string): Promise<void> {
    const { libp2p } = this.#running()
    const signal = this.#closing.signal
    const peer = peerIdFromString(id)
    while (!signal.aborted) {
      const direct = libp2p.getConnections(peer).some(connection => connection.limits === undefined)
      if (!direct && this.#options.allowPeers?.(id)) {
        for (const relay of this.#relays.values()) {
          if (relay.connection === undefined) continue
          try {
            const through = multiaddr(`${relay.address}/p2p-circuit/webrtc/p2p/${id}`)
            await libp2p.dial(through, { signal: AbortSignal.any([signal, timeLimit(2 * dialTimeout)]) })
            break
          } catch {
            // The other tab may not be there yet, or not on this relay: the next relay, then the next round.
          }
        }
      }
      await pauseFor(redialEvery, signal)
    }
  }

  #onConnection(connection: Connection): void {
    const relay = this.#relays.get(connection.remotePeer.toString())
    if (relay !== undefined) {
      relay.connection = connection
      relay.connected.resolve(connection)
    }
    this.#changed()
  }

  #onDisconnection(connection: Connection): void {
    const relay = this.#relays.get(connection.remotePeer.toString())
    if (relay !== undefined && relay.connection === connection) {
      relay.connection = this.#running()
        .libp2p.getConnections(relay.peer)
        .find(other => other !== connection && other.status === 'open')
      relay.connected = Promise.withResolvers()
      if (relay.connection !== undefined) relay.connected.resolve(relay.connection)
      relay.redial()
    }
    this.#changed()
  }

  #allowed(peer: PeerId): boolean {
    const id = peer.toString()
    return this.#relays.has(id) || (this.#options.webrtc === true && this.#options.allowPeers?.(id) === true)
  }

  /** A relay's address, or one through a relay to another hospital. */
  #knownAddress(address: Multiaddr): boolean {
    const text = address.toString()
    for (const relay of this.#relays.values()) {
      const known = relay.address.toString()
      if (text === known || known.startsWith(`${text}/p2p/`) || text.startsWith(`${known}/p2p-circuit`)) return true
    }
    return this.#options.webrtc === true && text.startsWith('/webrtc')
  }

  // --- the rest ---

  #remember({ digest, chunks, note }: IndexEntry<Note>): void {
    if (note.kind === undefined) return
    for (const key of [digest, ...chunks]) this.#kinds.set(key, note.kind)
  }

  #running(): Node {
    if (this.#node === undefined) throw new AppError('storage.closed')
    return this.#node
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new AppError('storage.closed')
  }

  /** Remembers a task, so that closing waits for it. Its failures are its own business. */
  #run(task: Promise<void>): void {
    const settled = task.catch(() => undefined).then(() => void this.#background.delete(settled))
    this.#background.add(settled)
  }

  #changed(): void {
    if (this.#listeners.size === 0 || this.#closing.signal.aborted) return
    const status = this.status()
    for (const listener of this.#listeners) listener(status)
  }
}

/** At most n at a time; the rest wait in line. */
class Turnstile {
  #free: number
  readonly #line: (() => void)[] = []

  constructor(n: number) {
    this.#free = n
  }

  async pass<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    while (this.#free === 0) await unlessAborted(new Promise<void>(resolve => this.#line.push(resolve)), signal)
    this.#free--
    try {
      return await act()
    } finally {
      this.#free++
      // All look again: those that gave up must not swallow the turn of the next.
      for (const wake of this.#line.splice(0)) wake()
    }
  }
}

function parseRelay(address: string): { address: Multiaddr; peer: PeerId } {
  try {
    const parsed = multiaddr(address)
    const id = parsed.getComponents().findLast(({ name }) => name === 'p2p')?.value
    if (id !== undefined) return { address: parsed, peer: peerIdFromString(id) }
  } catch (cause) {
    throw new AppError('storage.badRelay', { address }, cause)
  }
  throw new AppError('storage.badRelay', { address })
}

/** What the index notes of a blob that somebody else made. */
function fetched(kind: BlobKind | undefined, round: number | undefined): Note {
  return { own: false, at: Date.now(), receipts: {}, ...purpose(kind, round) }
}

/** What a blob's note says of it; nothing where the caller said nothing. */
function purpose(kind: BlobKind | undefined, round: number | undefined): Pick<Note, 'kind' | 'round'> {
  return { ...(kind !== undefined && { kind }), ...(round !== undefined && { round }) }
}

/** Outside browsers, and in old ones, there is none. */
function browserStorage(): Partial<StorageManager> | undefined {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.storage
}

let isPersistAsked = false

/** Asks the browser once not to clear this page's data when the disk fills up. What it answers shows in usage(). */
function askToPersist(): void {
  if (isPersistAsked) return
  isPersistAsked = true
  browserStorage()
    ?.persist?.()
    // A browser that cannot promise it keeps the data for now all the same.
    .catch(() => undefined)
}

/**
 * Deletes everything that createHeliaStore keeps in this browser under a namespace: blobs, index and peer key. Whoever calls it
 * has closed the store.
 * @throws AppError app.secondTab while it is open anywhere
 */
export async function wipeHeliaStore(namespace: string): Promise<void> {
  const unlock = await lockNamespace(namespace)
  try {
    await Promise.all(databaseNames(namespace).map(deleteDatabase))
  } finally {
    unlock()
  }
}

function databaseNames(namespace: string): [blocks: string, data: string] {
  return [`wardround/${namespace}/blocks`, `wardround/${namespace}/data`]
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(new AppError('storage.malformed', { reason: name }, request.error))
    // Nobody holds the lock, so what blocks it is closing already; success follows.
  })
}

async function openStores(
  { namespace, storage = 'indexeddb' }: HeliaStoreOptions,
  opened: (() => Promise<void>)[],
): Promise<{ blocks: Blockstore; datastore: Datastore }> {
  if (storage === 'memory') return { blocks: new MemoryBlockstore(), datastore: new MemoryDatastore() }
  if (storage !== 'indexeddb') return storage
  if (typeof indexedDB === 'undefined') throw new AppError('app.unsupported', { what: 'IndexedDB' })
  const [blocksName, dataName] = databaseNames(namespace)
  const blocks = new IDBBlockstore(blocksName)
  const datastore = new IDBDatastore(dataName)
  await blocks.open()
  opened.push(() => blocks.close())
  await datastore.open()
  opened.push(() => datastore.close())
  return { blocks, datastore }
}

function countingReads(blocks: Blockstore, onRead: (cid: CID, bytes: number) => void): Blockstore {
  return new Proxy(blocks, {
    get(target, property) {
      if (property === 'get') {
        return async function* (...args: Parameters<Blockstore['get']>) {
          for await (const part of target.get(...args)) {
            onRead(args[0], part.byteLength)
            yield part
          }
        }
      }
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const i = next++
      await act(items[i] as T, i)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** The stores wrap the browser's QuotaExceededError in errors of their own that keep its name in the text. */
function isQuota(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e.name === 'QuotaExceededError' || e.message.includes('QuotaExceededError')) return true
  }
  return false
}

function quotaOr(error: unknown, size: number): unknown {
  return isQuota(error) ? new AppError('storage.quota', { needed: megabytes(size) }, error) : error
}
