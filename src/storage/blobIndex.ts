import { decode, encode } from '@ipld/dag-cbor'
import type { Blockstore } from 'interface-blockstore'
import { type Datastore, Key } from 'interface-datastore'
import { chunkCid } from '../crypto/cid.ts'
import { digestFromKey, keyOf } from './blocks.ts'

const PREFIX = '/wardround/blob/'

/** A blob that a node holds with all chunks of at least one of its bodies. Digests are hexadecimal keys. */
export interface IndexEntry<Note> {
  readonly digest: string
  /** Those that are held. */
  readonly chunks: readonly string[]
  /** Bytes of the header and these chunks. */
  readonly size: number
  readonly note: Note
}

/**
 * Which blobs a node holds, and which blocks of each. Written after the blocks, removed before them, so that a
 * crash leaves at most blocks that no entry names; opening the index sweeps those. Blobs may share chunks (the seats of a
 * round seal identical ciphertext under different headers): a block goes with the last blob that needs it.
 */
export class BlobIndex<Note> {
  readonly #entries = new Map<string, IndexEntry<Note>>()
  readonly #uses = new Map<string, number>()
  readonly #deleting = new Map<string, Promise<void>>()
  readonly #datastore: Datastore
  readonly #blocks: Blockstore

  private constructor(datastore: Datastore, blocks: Blockstore) {
    this.#datastore = datastore
    this.#blocks = blocks
  }

  /** Loads the index and deletes blocks that nothing names. */
  static async open<Note>(datastore: Datastore, blocks: Blockstore): Promise<BlobIndex<Note>> {
    const index = new BlobIndex<Note>(datastore, blocks)
    for await (const { value } of datastore.query({ prefix: PREFIX })) {
      const entry = decode<IndexEntry<Note>>(value)
      index.#entries.set(entry.digest, entry)
      index.#use(entry, 1)
    }
    const orphans: string[] = []
    for await (const { cid } of blocks.getAll()) {
      const key = keyOf(cid.multihash.digest)
      if (!index.#uses.has(key)) orphans.push(key)
    }
    for (const key of orphans) await blocks.delete(chunkCid(digestFromKey(key)))
    return index
  }

  get size(): number {
    return this.#entries.size
  }

  get(digest: string): IndexEntry<Note> | undefined {
    return this.#entries.get(digest)
  }

  values(): IndexEntry<Note>[] {
    return [...this.#entries.values()]
  }

  /**
   * Keeps blocks from being deleted with other blobs while a transfer that needs them runs. Deletions under way are over
   * when this resolves, so what the store then has stays. Call the result when done.
   */
  async hold(digest: string, chunks: readonly string[]): Promise<() => void> {
    const held = { digest, chunks }
    this.#use(held, 1)
    await Promise.all([digest, ...chunks].map(key => this.#deleting.get(key)))
    let released = false
    return () => {
      if (released) return
      released = true
      this.#use(held, -1)
    }
  }

  /** Records a blob whose blocks are stored, or replaces what was recorded of it; deletes no block. */
  async put(entry: IndexEntry<Note>): Promise<void> {
    const known = this.#entries.get(entry.digest)
    this.#entries.set(entry.digest, entry)
    this.#use(entry, 1)
    if (known !== undefined) this.#use(known, -1)
    await this.#datastore.put(new Key(PREFIX + entry.digest), encode(entry))
  }

  /** Forgets a blob and deletes the blocks that no other blob needs. */
  async remove(digest: string): Promise<void> {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return
    this.#entries.delete(digest)
    await this.#datastore.delete(new Key(PREFIX + digest))
    this.#use(entry, -1)
    await this.discard([entry.digest, ...entry.chunks])
  }

  /** Deletes those of these blocks that no blob and no running transfer needs. */
  async discard(keys: readonly string[]): Promise<void> {
    for (const key of new Set(keys)) {
      if (this.#uses.has(key)) continue
      const deletion = Promise.resolve(this.#blocks.delete(chunkCid(digestFromKey(key))))
      const over = deletion.catch(() => undefined).then(() => void this.#deleting.delete(key))
      this.#deleting.set(key, over)
      await deletion
    }
  }

  #use(entry: { digest: string; chunks: readonly string[] }, by: 1 | -1): void {
    for (const key of [entry.digest, ...entry.chunks]) {
      const uses = (this.#uses.get(key) ?? 0) + by
      if (uses > 0) this.#uses.set(key, uses)
      else this.#uses.delete(key)
    }
  }
}
