import type { Publishable } from '../study/types.ts'

/** 32-byte sha-256 digest. Names a block: CIDv1, dag-cbor for headers, raw for chunks. */
export type Digest = Uint8Array

/**
 * What is stored: one dag-cbor header block that links to raw chunks of at most 1 MiB each.
 * The header's digest names the blob; it is what contracts hold.
 */
export interface Blob {
  /** dag-cbor bytes; the header's `chunks` field lists the chunks' CIDs in order. */
  readonly header: Uint8Array
  readonly chunks: readonly Uint8Array[]
}

export interface TransferOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface Traffic {
  /** Bytes of blob content that left or reached this node. */
  readonly sent: number
  readonly received: number
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
  /** Fetches from here, the relays or other hospitals; every block is checked against its name. Retries until the signal aborts. */
  get(digest: Digest, options?: TransferOptions): Promise<Blob>
  /** Forgets a blob here. */
  delete(digest: Digest): Promise<void>
  traffic(): Traffic
  close(): Promise<void>
}
