import { type IDBPDatabase, openDB } from 'idb'
import type { KeyOwner } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'

/** One entry of a hospital in a study. */
export interface SealedEntry {
  /** In the clear, and authenticated. */
  readonly round: number
  readonly plain: Uint8Array<ArrayBuffer>
}

/** Where one secret of a hospital in a study lives between sessions. */
export interface SealedStore {
  /** What was saved last; undefined where nothing was, or where it cannot be opened. @throws AppError journal.failed */
  load(owner: KeyOwner): Promise<SealedEntry | undefined>
  /** Replaces what was saved. @throws AppError journal.failed where the browser refuses to store */
  save(owner: KeyOwner, entry: SealedEntry): Promise<void>
  /** Bytes that are stored. @throws AppError journal.failed */
  bytes(owner: KeyOwner): Promise<number>
  /** Deletes it, and the key it is encrypted with. @throws AppError journal.failed */
  remove(owner: KeyOwner): Promise<void>
}

interface Stored {
  readonly round: number
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

/**
 * Entries in IndexedDB, encrypted at rest (AES-256-GCM, a fresh random iv each time) under a key that cannot be taken out of
 * this browser; deployment, study, hospital and round are authenticated. A database for each hospital and study, opened for each
 * use: a connection that is kept would stand in the way of wiping this browser.
 * @param kind what the entries are, in the databases' names
 */
export function indexedDbSealedStore(kind: string): SealedStore {
  const withDatabase = async <T>(owner: KeyOwner, work: (db: IDBPDatabase) => Promise<T>): Promise<T> => {
    try {
      const db = await openDB(`wardround-${kind}-${nameOf(owner)}`, 1, {
        upgrade(fresh) {
          fresh.createObjectStore(kind)
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
  const read = (db: IDBPDatabase) => db.get(kind, ONLY) as Promise<Stored | undefined>
  return {
    load: owner =>
      withDatabase(owner, async db => {
        const stored = await read(db)
        const key = (await db.get('keys', ONLY)) as CryptoKey | undefined
        if (stored === undefined || key === undefined) return undefined
        const { round, iv, sealed } = stored
        const plain = await crypto.subtle.decrypt(params(owner, round, iv), key, sealed).catch(() => null)
        return plain === null ? undefined : { round, plain: new Uint8Array(plain) }
      }),
    save: (owner, { round, plain }) =>
      withDatabase(owner, async db => {
        const key = await atRestKey(db)
        const iv = crypto.getRandomValues(new Uint8Array(12))
        const sealed = await crypto.subtle.encrypt(params(owner, round, iv), key, plain)
        await db.put(kind, { round, iv, sealed } satisfies Stored, ONLY)
      }),
    bytes: owner => withDatabase(owner, async db => (await read(db))?.sealed.byteLength ?? 0),
    remove: owner =>
      withDatabase(owner, async db => {
        await Promise.all([db.clear(kind), db.clear('keys')])
      }),
  }
}

/** By what a hospital in a study is known in stores. */
export function nameOf({ deployment, study, address }: KeyOwner): string {
  return [deployment, study, address].join('-').toLowerCase()
}

/** Each store has one entry. */
const ONLY = 'only'

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
