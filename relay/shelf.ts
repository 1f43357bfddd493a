import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { chunkCid, headerCid } from '../src/crypto/cid.ts'
import { isAppError } from '../src/errors/AppError.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import type { BlobIndex, IndexEntry } from '../src/storage/blobIndex.ts'
import { digestFromKey } from '../src/storage/blocks.ts'
import { collect } from '../src/storage/collect.ts'
import type { Node } from '../src/storage/heliaNode.ts'
import { decodeManifest } from '../src/study/manifest.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './relay.ts'

/** What the relay keeps of each blob. */
export interface Shelved {
  /** Hexadecimal multihash of the peer that pushed it. */
  readonly owner: string
  /** Unix milliseconds; the inbox counts from here. */
  readonly at: number
  readonly pinned: boolean
}

/**
 * The blobs a relay holds. A blob comes in unpinned, is pinned once the chain names it, and goes when the chain's interest
 * has lapsed, or when nobody announced it in time.
 */
export class Shelf {
  readonly index: BlobIndex<Shelved>
  readonly blocks: Blockstore
  readonly #node: Node
  readonly #ledger: Ledger
  readonly #inboxFor: number
  readonly #log: Log
  /** Tidying runs one at a time; a request during one makes it run again. */
  #tidying: Promise<void> | undefined
  #again = false

  constructor(
    parts: { index: BlobIndex<Shelved>; blocks: Blockstore; node: Node; ledger: Ledger },
    inboxFor: number,
    log: Log,
  ) {
    this.index = parts.index
    this.blocks = parts.blocks
    this.#node = parts.node
    this.#ledger = parts.ledger
    this.#inboxFor = inboxFor
    this.#log = log
  }

  /** Records a blob whose blocks are stored, pins it if the chain already names it, and tells peers that wait for it. */
  async add(entry: IndexEntry<Shelved>): Promise<void> {
    await this.index.put(entry)
    for (const key of entry.chunks) await this.#node.announce(chunkCid(digestFromKey(key)))
    await this.#node.announce(headerCid(digestFromKey(entry.digest)))
    await this.tidy()
  }

  /** Brings pins in line with the chain and deletes what is over. */
  tidy(): Promise<void> {
    if (this.#tidying !== undefined) {
      this.#again = true
      return this.#tidying
    }
    this.#tidying = this.#tidyAll()
    return this.#tidying
  }

  async #tidyAll(): Promise<void> {
    // Lets the caller note that this runs before it may end.
    await Promise.resolve()
    do {
      this.#again = false
      for (const { digest } of this.index.values()) {
        // Read again: pushes go on meanwhile.
        const entry = this.index.get(digest)
        try {
          if (entry !== undefined) await this.#settle(entry)
        } catch (error) {
          // One blob's trouble must not keep the others from being pinned; the next round tries again.
          this.#log('a blob could not be settled', { digest, error: String(error) })
        }
      }
    } while (this.#again)
    // In the same step as the last look at #again, so that no request falls in between.
    this.#tidying = undefined
  }

  async #settle(entry: IndexEntry<Shelved>): Promise<void> {
    const now = Date.now()
    const standing = this.#ledger.standing(entry.digest, now)
    const { pinned, at } = entry.note
    if (standing === 'kept') {
      if (!pinned) await this.#pin(entry)
      return
    }
    if (pinned) await this.#unpin(entry)
    if (standing === 'lapsed') {
      if (pinned || now >= at + this.#inboxFor) await this.#remove(entry, 'lapsed')
    } else if (pinned) {
      // Its announcement went with a reorganisation and mostly comes back: it waits as long as a new one.
      await this.index.put({ ...entry, note: { ...entry.note, pinned: false, at: now } })
    } else if (now >= at + this.#inboxFor) {
      await this.#remove(entry, 'expired')
    }
  }

  async #pin(entry: IndexEntry<Shelved>): Promise<void> {
    await this.#readManifest(entry)
    await this.#pinBlocks(headerCid(digestFromKey(entry.digest)))
    const now = this.index.get(entry.digest) ?? entry
    await this.index.put({ ...now, note: { ...now.note, pinned: true } })
    this.#log('pinned', { digest: entry.digest, size: entry.size })
  }

  async #pinBlocks(cid: CID): Promise<void> {
    // Every block is here, so the walk stays here; the signal makes sure of it.
    await drain(this.#node.helia.pins.add(cid, { signal: timeLimit(60_000) }), 'AlreadyPinnedError')
  }

  /** A study's description may name its initial weights: another public block, which the sponsor brings next. */
  async #readManifest({ digest }: IndexEntry<Shelved>): Promise<void> {
    if (!this.#ledger.isManifest(digest)) return
    try {
      const { initial } = decodeManifest(await collect(this.blocks.get(headerCid(digestFromKey(digest)))))
      if (initial !== undefined) this.#ledger.name(digest, initial.digest.slice(2))
    } catch (error) {
      // Anybody may create a study that names anything; what is no description names nothing.
      if (!isAppError(error, 'study.badManifest')) throw error
    }
  }

  async #unpin(entry: IndexEntry<Shelved>): Promise<void> {
    // While all blocks are still held: Helia walks the links to unpin and would ask the network for a missing one.
    const cid = headerCid(digestFromKey(entry.digest))
    await drain(this.#node.helia.pins.rm(cid, { signal: timeLimit(60_000) }), 'NotFoundError')
  }

  async #remove(entry: IndexEntry<Shelved>, why: string): Promise<void> {
    await this.index.remove(entry.digest)
    this.#log('deleted', { digest: entry.digest, size: entry.size, why })
  }

  /** After a start: pins that a crash left half made are made whole. */
  async repair(): Promise<void> {
    const pinned = new Set<string>()
    for await (const { cid } of this.#node.helia.pins.ls()) pinned.add(cid.toString())
    for (const { digest, note } of this.index.values()) {
      const cid = headerCid(digestFromKey(digest))
      if (note.pinned && !pinned.has(cid.toString())) await this.#pinBlocks(cid)
    }
    // Which blocks they name is remembered nowhere else.
    for (const entry of this.index.values()) if (entry.note.pinned) await this.#readManifest(entry)
    await this.tidy()
  }
}

/** Runs a walk over pins to its end; the named error says that there is nothing to do. */
async function drain(walk: AsyncIterable<CID>, harmless: string): Promise<void> {
  try {
    for await (const _ of walk) {
      // The walk is the work.
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== harmless) throw error
  }
}
