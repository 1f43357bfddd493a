/** What a study announces blobs as: see its events. */
export type AnnouncedKind = 'update' | 'model' | 'rewraps' | 'masks' | 'products' | 'shares'

/** What a relay needs to know of the chain. Addresses in lower case; digests and peer ids in hexadecimal without 0x. */
export type Fact =
  | { readonly type: 'study'; readonly study: string }
  /** The study's description: a public block, which anybody may bring. */
  | { readonly type: 'manifest'; readonly study: string; readonly digest: string }
  | { readonly type: 'enrolled'; readonly study: string; readonly hospital: string; readonly peer: string }
  | { readonly type: 'suspended' | 'reinstated'; readonly hospital: string }
  | {
      readonly type: 'blob'
      readonly study: string
      readonly round: number
      readonly kind: AnnouncedKind
      readonly digest: string
    }
  | { readonly type: 'finalised'; readonly study: string; readonly round: number }
  | { readonly type: 'ended'; readonly study: string }

export interface RecordedFact {
  readonly block: number
  readonly index: number
  /** Unix milliseconds by the relay's clock when it first learned this: retention runs on it, not on chain time. */
  readonly seen: number
  readonly fact: Fact
}

/** A block that was the chain's at some time; a hash that changed since means a reorganisation (or a new chain). */
export interface Checkpoint {
  readonly block: number
  readonly hash: string
}

export interface Batch {
  /** Facts of later blocks no longer hold. */
  readonly rollbackTo?: number
  readonly facts: readonly RecordedFact[]
  /** Facts up to here are known. */
  readonly checkpoint?: Checkpoint
}

/** What a source must know to go on after a restart. */
export interface Resume {
  /** In ascending order. */
  readonly checkpoints: readonly Checkpoint[]
  /** Address of each known study, with the block that made it. */
  readonly studies: ReadonlyMap<string, number>
}

/** Where facts come from: a chain, or a test. */
export interface Announcements {
  /** Yields what is new, in the chain's order, until the signal aborts. Failures of the source are its own to retry. */
  watch(resume: Resume, signal: AbortSignal): AsyncIterable<Batch>
}
