import { decode, encode } from '@ipld/dag-cbor'
import type { KeyOwner } from '../crypto/keys.ts'
import { indexedDbSealedStore, nameOf } from './sealedStore.ts'

/**
 * What a hospital still owes the global model around the last round in which it trained. As much a secret as its update, so it
 * is kept in the training worker alone.
 */
export interface ResidualRecord {
  /** The round that was trained. */
  readonly round: number
  /** sha-256 of the patients it was learned from: with other patients, one of them withdrawn, it is not used any more. */
  readonly patients: Uint8Array
  /** Owed before that round: what holds where the round is trained again, or is void. Null: nothing. */
  readonly before: Float32Array | null
  /** Owed once the round is completed. */
  readonly after: Float32Array
}

/** Where a hospital's residual of a study lives between sessions. */
export interface ResidualStore {
  /** What was saved last; undefined where nothing was, or where it cannot be opened: what is lost costs part of a round. */
  load(owner: KeyOwner): Promise<ResidualRecord | undefined>
  /** Replaces what was saved. @throws AppError journal.failed where the browser refuses to store */
  save(owner: KeyOwner, record: ResidualRecord): Promise<void>
  /** Deletes it, and the key it is encrypted with. @throws AppError journal.failed */
  remove(owner: KeyOwner): Promise<void>
}

/** Residuals that live as long as this object: for simulations and tests. */
export function memoryResidualStore(): ResidualStore {
  const records = new Map<string, ResidualRecord>()
  return {
    load: async owner => records.get(nameOf(owner)),
    save: async (owner, record) => void records.set(nameOf(owner), record),
    remove: async owner => void records.delete(nameOf(owner)),
  }
}

/** Residuals in IndexedDB, encrypted at rest: see indexedDbSealedStore. */
export function indexedDbResidualStore(): ResidualStore {
  const entries = indexedDbSealedStore('residual')
  return {
    async load(owner) {
      const entry = await entries.load(owner)
      return entry && decoded(entry.round, entry.plain)
    },
    save: (owner, record) => entries.save(owner, { round: record.round, plain: encoded(record) }),
    remove: owner => entries.remove(owner),
  }
}

/** The bytes stay in this browser, so its own byte order does. */
function encoded({ patients, before, after }: ResidualRecord): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode({ patients, before: before && bytesOf(before), after: bytesOf(after) }))
}

function decoded(round: number, plain: Uint8Array): ResidualRecord {
  const { patients, before, after } = decode(plain) as {
    patients: Uint8Array
    before: Uint8Array | null
    after: Uint8Array
  }
  return { round, patients, before: before && floatsOf(before), after: floatsOf(after) }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** Copied: a view into the decoded bytes need not start at a multiple of four. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer)
}
