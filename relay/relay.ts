import '../src/storage/promiseWithResolvers.ts'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { ServiceMap } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { webSockets } from '@libp2p/websockets'
import { FsBlockstore } from 'blockstore-fs'
import { LevelDatastore } from 'datastore-level'
import { BlobIndex } from '../src/storage/blobIndex.ts'
import { keyOf } from '../src/storage/blocks.ts'
import { createNode, type Node } from '../src/storage/heliaNode.ts'
import { loadOrCreateKey } from '../src/storage/peerKey.ts'
import { type CarrierLimits, defaultCarrierLimits, serveCarrier } from './carrier.ts'
import type { CarrierChain } from './carrierChain.ts'
import type { Announcements } from './facts.ts'
import { serveInbox } from './inboxServer.ts'
import { LedgerStore } from './ledgerStore.ts'
import { Shelf, type Shelved } from './shelf.ts'

export type Log = (message: string, details?: Record<string, unknown>) => void

/** Bytes, but for pushes. */
export interface Quotas {
  /** Not yet announced, per peer. */
  readonly inbox: number
  /** Announced or not, per peer that pushed it. */
  readonly peer: number
  readonly total: number
  readonly blob: number
  /** At the same time, from all peers. */
  readonly pushes: number
}

/** Milliseconds, but for rounds. */
export interface Times {
  /** How long a blob waits to be announced: one phase. */
  readonly inbox: number
  /** How long blobs outlive their study. */
  readonly ended: number
  /** How many finalised rounds a running study keeps. */
  readonly rounds: number
  /** How often what is over is looked for. */
  readonly tidy: number
}

export const defaultQuotas: Quotas = {
  inbox: 256 * 1024 * 1024,
  peer: 2 * 1024 ** 3,
  total: 32 * 1024 ** 3,
  blob: 64 * 1024 * 1024,
  pushes: 64,
}
export const defaultTimes: Times = { inbox: 15 * 60_000, ended: 24 * 3_600_000, rounds: 3, tidy: 10_000 }

export interface RelayOptions {
  /** Peer key, blocks, pins and what was read of the chain. One relay at a time. */
  readonly dataDir: string
  /** Multiaddrs, e.g. /ip4/127.0.0.1/tcp/9470/ws. */
  readonly listen: readonly string[]
  /** Where tabs reach it, if that differs: behind a TLS proxy, e.g. /dns4/relay.example.org/tcp/443/wss. */
  readonly announce?: readonly string[]
  /** The chain. Without one, only operators may push. */
  readonly announcements?: Announcements
  /** Peer ids that may push without being enrolled. */
  readonly operators?: readonly string[]
  readonly quotas?: Partial<Quotas>
  readonly times?: Partial<Times>
  /** Carries members' duties to the chain. Without one, who asks is told that this relay does not. */
  readonly carrier?: CarrierChain
  readonly carrierLimits?: Partial<CarrierLimits>
  /** false: takes blobs and introduces tabs to each other, but serves no blocks. */
  readonly bitswap?: boolean
  readonly log?: Log
}

export interface Relay {
  readonly peerId: string
  /** Where tabs reach it, with /p2p/ and its id. */
  readonly addresses: readonly string[]
  readonly node: Node
  readonly shelf: Shelf
  /** Stops taking pushes, lets those under way end, and closes the stores. */
  close(): Promise<void>
}

/**
 * Starts a relay: a Helia node that keeps what the contracts announce and hands it out by bitswap. It holds ciphertext and
 * public manifests only, and needs no account but for carrying duties. Restarted on the same folder it goes on where it was.
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const quotas = { ...defaultQuotas, ...options.quotas }
  const times = { ...defaultTimes, ...options.times }
  const log = options.log ?? (() => {})
  await mkdir(options.dataDir, { recursive: true })
  const datastore = new LevelDatastore(join(options.dataDir, 'data'))
  await datastore.open()
  const blocks = new FsBlockstore(join(options.dataDir, 'blocks'))
  await blocks.open()
  await removeHalfWritten(blocks.path)
  const key = await loadOrCreateKey(datastore)
  const index = await BlobIndex.open<Shelved>(datastore, blocks)
  const store = await LedgerStore.open(datastore, { endedFor: times.ended, rounds: times.rounds })
  const { ledger } = store
  const enrolled = (peer: { toMultihash(): { bytes: Uint8Array } }) =>
    ledger.mayPush(keyOf(peer.toMultihash().bytes), Date.now())
  const node = await createNode<ServiceMap>({
    blocks,
    datastore,
    ...(options.bitswap === undefined ? {} : { bitswap: options.bitswap }),
    libp2p: {
      privateKey: key,
      addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
      transports: [webSockets()],
      connectionGater: {
        denyDialMultiaddr: () => true,
        // Strangers may fetch (it is ciphertext), but the relay connects only the hospitals of its studies to each other.
        denyOutboundRelayedConnection: (source, destination) => !enrolled(source) || !enrolled(destination),
      },
      connectionManager: { inboundConnectionThreshold: 50, maxIncomingPendingConnections: 100, maxConnections: 500 },
      services: {
        // Relayed connections keep the default limits (128 KiB, two minutes): enough for tabs to find each other, and bitswap
        // does not run over limited connections, so that blocks go over WebRTC or by way of this relay's shelf, never both.
        circuitRelay: circuitRelayServer({ reservations: { maxReservations: 256 } }),
      },
    },
  })
  const shelf = new Shelf({ index, blocks, node, ledger }, times.inbox, log)
  await shelf.repair()
  const operators = new Set((options.operators ?? []).map(id => keyOf(peerIdFromString(id).toMultihash().bytes)))
  const inbox = await serveInbox({ libp2p: node.libp2p, shelf, ledger, key, operators, quotas, log })
  const limits = { ...defaultCarrierLimits, ...options.carrierLimits }
  const carrier = await serveCarrier({ libp2p: node.libp2p, ledger, operators, chain: options.carrier, limits, log })

  const closing = new AbortController()
  const watching = follow(options.announcements, store, shelf, closing.signal, log)
  const tidying = setInterval(() => {
    shelf.tidy().catch(error => log('tidying failed', { error: String(error) }))
  }, times.tidy)

  let closed: Promise<void> | undefined
  const close = async () => {
    clearInterval(tidying)
    closing.abort()
    await watching
    await inbox.close()
    await carrier.close()
    await shelf.tidy()
    await node.helia.stop()
    await datastore.close()
    await blocks.close()
  }
  return {
    peerId: node.libp2p.peerId.toString(),
    addresses: node.libp2p.getMultiaddrs().map(address => address.toString()),
    node,
    shelf,
    close() {
      closed ??= close()
      return closed
    },
  }
}

/** Blocks are written beside their place and moved there; a relay that was killed in between leaves the former. */
async function removeHalfWritten(folder: string): Promise<void> {
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith('.tmp')) await rm(join(folder, file), { force: true })
  }
}

async function follow(
  announcements: Announcements | undefined,
  store: LedgerStore,
  shelf: Shelf,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  if (announcements === undefined) return
  for await (const batch of announcements.watch(store.resume(), signal)) {
    if (signal.aborted) return
    const changed = await store.record(batch)
    if (batch.rollbackTo !== undefined) log('the chain turned', { rollbackTo: batch.rollbackTo })
    if (changed) {
      await shelf.tidy().catch(error => log('tidying failed', { error: String(error) }))
    }
  }
}
