import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { sameBytes, sha256 } from '../src/crypto/bytes.ts'
import { chunkCid, headerCid } from '../src/crypto/cid.ts'
import { isAppError } from '../src/errors/AppError.ts'
import { blobLimits, chunkDigests, keyOf } from '../src/storage/blocks.ts'
import {
  InboxStream,
  inboxProtocol,
  type Offer,
  type Refusal,
  type SignedReceipt,
  signReceipt,
} from '../src/storage/inbox.ts'
import type { Ledger } from './ledger.ts'
import type { Log, Quotas } from './relay.ts'
import type { Shelf } from './shelf.ts'

export interface InboxServer {
  /** Bytes promised to pushes under way. */
  readonly reserved: number
  close(): Promise<void>
}

interface InboxParts {
  readonly libp2p: Libp2p
  readonly shelf: Shelf
  readonly ledger: Ledger
  readonly key: PrivateKey
  /** Peer ids, as hexadecimal multihashes, that may push without being enrolled. */
  readonly operators: ReadonlySet<string>
  readonly quotas: Quotas
  readonly log: Log
}

/**
 * Takes blobs from those the chain knows. A push is accepted when
 * - the peer's id is enrolled by an accredited, unsuspended hospital in a study of the factory, or
 * - the chain names the blob's digest (a manifest, or a blob lost elsewhere: content the chain asks for may come from
 *   anybody, since its name proves it; where it is here already, as with two studies of one manifest, nothing is sent), or
 * - the peer is one of the operators of this relay.
 */
export async function serveInbox(parts: InboxParts): Promise<InboxServer> {
  const running = new Set<Promise<void>>()
  const closing = new AbortController()
  const reservations = new Map<string, number>()

  function refusalOf(owner: string, digest: string, size: number): Refusal | undefined {
    const { ledger, shelf, quotas } = parts
    const held = shelf.index.get(digest)
    const wanted = ledger.standing(digest, Date.now()) === 'kept'
    if (!wanted && !ledger.mayPush(owner, Date.now()) && !parts.operators.has(owner)) return 'notEnrolled'
    if (size > Math.min(quotas.blob, blobLimits.total)) return 'tooLarge'
    if (held !== undefined) return undefined
    if (running.size > quotas.pushes) return 'busy'
    let total = 0
    let own = 0
    let waiting = 0
    for (const { note, size: bytes } of shelf.index.values()) {
      total += bytes
      if (note.owner !== owner) continue
      own += bytes
      if (!note.pinned) waiting += bytes
    }
    const reserved = reservations.get(owner) ?? 0
    for (const bytes of reservations.values()) total += bytes
    const full =
      total + size > quotas.total || own + reserved + size > quotas.peer || waiting + reserved + size > quotas.inbox
    return full ? 'quota' : undefined
  }

  async function receive(stream: Stream, connection: Connection): Promise<void> {
    const inbox = new InboxStream(stream, closing.signal)
    const peer = connection.remotePeer.toMultihash().bytes
    const owner = keyOf(peer)
    const offer = await inbox.readOffer()
    const digest = await sha256(offer.header)
    const key = keyOf(digest)
    const content = contentOf(offer)
    if (typeof content === 'string') return refuse(inbox, content, owner, key)
    const { size, chunks } = content
    const refusal = refusalOf(owner, key, size)
    if (refusal !== undefined) return refuse(inbox, refusal, owner, key)
    reservations.set(owner, (reservations.get(owner) ?? 0) + size)
    const chunkKeys = chunks.map(keyOf)
    const release = await parts.shelf.index.hold(key, chunkKeys)
    try {
      const missing = await missingOf(chunks)
      await inbox.writeAnswer({ missing })
      for (const i of missing) {
        const chunk = await inbox.readBlock()
        const name = chunks[i] as Uint8Array
        if (chunk.byteLength !== offer.sizes[i] || !sameBytes(await sha256(chunk), name)) {
          throw new Error('a chunk is not what the header names')
        }
        await parts.shelf.blocks.put(chunkCid(name), chunk)
        await inbox.writeAcknowledgement(i)
      }
      await parts.shelf.blocks.put(headerCid(digest), offer.header)
      const known = parts.shelf.index.get(key)
      const note = known === undefined ? { owner, at: Date.now(), pinned: false } : { ...known.note, at: Date.now() }
      await parts.shelf.add({ digest: key, chunks: chunkKeys, size, note })
      parts.log('received', { digest: key, size, sent: missing.length, peer: connection.remotePeer.toString() })
      await inbox.writeReceipt(await receipt(digest, peer, size))
    } finally {
      release()
      if (parts.shelf.index.get(key) === undefined) await parts.shelf.index.discard([key, ...chunkKeys])
      const left = (reservations.get(owner) ?? 0) - size
      if (left > 0) reservations.set(owner, left)
      else reservations.delete(owner)
    }
    await stream.close()
  }

  async function refuse(inbox: InboxStream, refused: Refusal, owner: string, digest: string): Promise<void> {
    parts.log('refused', { refused, owner, digest })
    await inbox.writeAnswer({ refused })
  }

  async function missingOf(chunks: readonly Uint8Array[]): Promise<number[]> {
    const missing: number[] = []
    const seen = new Set<string>()
    for (const [i, chunk] of chunks.entries()) {
      const key = keyOf(chunk)
      if (!seen.has(key) && !(await parts.shelf.blocks.has(chunkCid(chunk)))) missing.push(i)
      seen.add(key)
    }
    return missing
  }

  function receipt(digest: Uint8Array, peer: Uint8Array, size: number): Promise<SignedReceipt> {
    return signReceipt(parts.key, { digest, peer, size, time: Date.now() })
  }

  await parts.libp2p.handle(
    inboxProtocol,
    (stream, connection) => {
      const push = receive(stream, connection)
        .catch(error => {
          parts.log('push failed', { peer: connection.remotePeer.toString(), error: String(error) })
          stream.abort(error instanceof Error ? error : new Error(String(error)))
        })
        .finally(() => running.delete(push))
      running.add(push)
    },
    { maxInboundStreams: 8 },
  )

  return {
    get reserved() {
      return [...reservations.values()].reduce((sum, bytes) => sum + bytes, 0)
    },
    async close() {
      closing.abort(new Error('the relay stops'))
      await parts.libp2p.unhandle(inboxProtocol)
      await Promise.all(running)
    },
  }
}

/** What an offer promises, or why it cannot be taken. */
function contentOf(offer: Offer): { size: number; chunks: Uint8Array[] } | Refusal {
  try {
    const chunks = chunkDigests(offer.header)
    if (chunks.length !== offer.sizes.length) return 'malformed'
    if (offer.sizes.some(size => size > blobLimits.chunk)) return 'tooLarge'
    return { chunks, size: offer.sizes.reduce((sum, size) => sum + size, offer.header.byteLength) }
  } catch (error) {
    return isAppError(error, 'storage.tooLarge') ? 'tooLarge' : 'malformed'
  }
}
