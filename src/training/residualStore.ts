import { decode, encode } from '@ipld/dag-cbor'
import { type IDBPDatabase, openDB } from 'idb'
import type { KeyOwner } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'

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

interface Stored {
  readonly round: number
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

/**
 * Residuals in IndexedDB, encrypted at rest (AES-256-GCM, a fresh random iv each time) under a key that cannot be taken out of
 * this browser; deployment, study, hospital and round are authenticated. A database for each hospital and study, opened for each
 * use: a connection that is kept would stand in the way of wiping this browser.
 */
export function indexedDbResidualStore(): ResidualStore {
  return {
    load: owner =>
      withDatabase(owner, async db => {
        const stored = (await db.get('residual', ONLY)) as Stored | undefined
        const key = (await db.get('keys', ONLY)) as CryptoKey | undefined
        if (stored === undefined || key === undefined) return undefined
        const { round, iv, sealed } = stored
        const plain = await crypto.subtle.decrypt(params(owner, round, iv), key, sealed).catch(() => null)
        return plain === null ? undefined : decoded(round, new Uint8Array(plain))
      }),
    save: (owner, record) =>
      withDatabase(owner, async db => {
        const key = await atRestKey(db)
        const iv = crypto.getRandomValues(new Uint8Array(12))
        const sealed = await crypto.subtle.encrypt(params(owner, record.round, iv), key, encoded(record))
        await db.put('residual', { round: record.round, iv, sealed } satisfies Stored, ONLY)
      }),
    remove: owner =>
      withDatabase(owner, async db => {
        await Promise.all([db.clear('residual'), db.clear('keys')])
      }),
  }
}

/** Each store has one entry. */
const ONLY = 'only'

async function withDatabase<T>(owner: KeyOwner, work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  try {
    const db = await openDB(`wardround-residual-${nameOf(owner)}`, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('residual')
        fresh.createObjectStore('keys')
      },
    })
    try {
      return await work(db)
    } finally {
      db.close()
    }
  } catch (cause) {
    throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
  }
}

async function atRestKey(db: IDBPDatabase): Promise<CryptoKey> {
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  // One transaction, so that two openings at once agree on the key.
  const transaction = db.transaction('keys', 'readwrite')
  const known = (await transaction.store.get(ONLY)) as CryptoKey | undefined
  if (known === undefined) await transaction.store.put(fresh, ONLY)
  await transaction.done
  return known ?? fresh
}

function params(owner: KeyOwner, round: number, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${nameOf(owner)}:${round}`) }
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

function nameOf({ deployment, study, address }: KeyOwner): string {
  return [deployment, study, address].join('-').toLowerCase()
}
