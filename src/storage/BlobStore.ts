import type { Hex, Publishable } from '../study/types.ts'

/** 32-byte sha-256 digest. Names a block: CIDv1, dag-cbor for headers, raw for chunks. */
export type Digest = Uint8Array

/**
 * What is stored: one dag-cbor header block that links to raw chunks of at most 1 MiB each.
 * The header's digest names the blob; it is what contracts hold.
 */
export interface Blob {
  /**
   * dag-cbor bytes; the header's `chunks` field lists the chunks' CIDs in order. A model's may have a second body under
   * `change`: what is new since the model whose hash is `base`, with chunks of its own.
   */
  readonly header: Uint8Array
  /** Those of the whole, then those of the change. What `get` returns has one body's. */
  readonly chunks: readonly Uint8Array[]
  /** Set by `get` where the chunks are those of the change alone. */
  readonly part?: 'change'
}

/** What blobs are for. */
export const blobKinds = [
  'statistics',
  'update',
  'model',
  'rewraps',
  'masks',
  'shares',
  'products',
  'manifest',
  'initial',
] as const
export type BlobKind = (typeof blobKinds)[number]

export interface TransferOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** What the blob is for: its bytes are counted under this word, and it tells what may be freed later. */
  readonly kind?: BlobKind
  /** The study's round that the blob belongs to, so that old rounds can be freed. */
  readonly round?: number
}

export interface GetOptions extends TransferOptions {
  /** Hash of the model that is there already: where the blob has a change from that one, only the change is fetched. */
  readonly since?: Hex | undefined
}

/** Bytes that left or reached this node. */
export interface Flow {
  readonly sent: number
  readonly received: number
}

export interface Traffic extends Flow {
  /** `sent` and `received` are bytes of blob content; these are the same by kind. */
  readonly byKind: Readonly<
    Record<BlobKind, Flow> & {
      /**
       * Everything else on the connections to relays, which is not part of the two totals unless it is content without a kind:
       * handshakes, encryption, frames, asking for blocks, duties given to relays to carry.
       */
      other: Flow
    }
  >
}

/** Nothing sent, nothing received: what a node's traffic begins with. */
export const noTraffic: Traffic = countTraffic().read()

/** Counts content by kind. */
export interface TrafficCounter {
  /** @param kind undefined counts as other */
  count(way: 'sent' | 'received', kind: BlobKind | undefined, bytes: number): void
  /** @param wire all bytes that went over the connections, where that is measured: what is more than content of a kind is other */
  read(wire?: Flow): Traffic
}

/** A counter that begins with nothing. */
export function countTraffic(): TrafficCounter {
  const total = { sent: 0, received: 0 }
  const kinds = new Map(blobKinds.map(kind => [kind, { sent: 0, received: 0 }]))
  return {
    count(way, kind, bytes) {
      total[way] += bytes
      const flow = kind === undefined ? undefined : kinds.get(kind)
      if (flow !== undefined) flow[way] += bytes
    },
    read(wire = total) {
      const named = { sent: 0, received: 0 }
      const byKind: Partial<Record<BlobKind | 'other', Flow>> = {}
      for (const [kind, { sent, received }] of kinds) {
        byKind[kind] = { sent, received }
        named.sent += sent
        named.received += received
      }
      // Over WebRTC the wire is not measured: content may be more than what was.
      const rest = (way: 'sent' | 'received') => Math.max(0, Math.max(wire[way], total[way]) - named[way])
      byKind.other = { sent: rest('sent'), received: rest('received') }
      return { ...total, byKind: byKind as Traffic['byKind'] }
    },
  }
}

/** Where blobs live. Adapters: Helia in the tab, memory in tests and simulations. */
export interface BlobStore {
  /**
   * Keeps the blob here and pushes it to every relay; resolves once at least one relay gave a receipt
   * (or at once where none is configured), so that the blob survives this tab.
   * @returns the header's digest
   * @throws AppError storage.noRelay, storage.refused, storage.quota
   */
  put(blob: Publishable<Blob>, options?: TransferOptions): Promise<Digest>
  /**
   * Fetches one body of a blob from here, the relays or other hospitals: the change where `since` says so, else the whole.
   * Every block is checked against its name. Retries until the signal aborts.
   * @throws AppError storage.notFound, storage.malformed, storage.tooLarge, storage.tampered, storage.quota,
   * storage.closed
   */
  get(digest: Digest, options?: GetOptions): Promise<Blob>
  /**
   * Keeps here the whole of a blob whose change was fetched and turned into it, as if it had been fetched; sends nothing.
   * Does nothing where the blob is not here at all.
   * @throws AppError storage.tampered, storage.malformed, storage.tooLarge, storage.quota, storage.closed
   */
  complete(whole: Blob): Promise<void>
  /** Forgets a blob here. */
  delete(digest: Digest): Promise<void>
  traffic(): Traffic
  close(): Promise<void>
}
