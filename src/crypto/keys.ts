import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { AppError } from '../errors/AppError.ts'
import type { MemberKeys } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import { bytesToHex } from './bytes.ts'

/** What one hospital holds for one study. Both private keys are non-extractable: they never leave this browser. */
export interface HospitalKeys {
  /** P-256 ECDSA: signs the seat's duties and the blobs it seals. */
  readonly duty: CryptoKeyPair
  /** P-256 ECDH for HPKE: updates and models are sealed to it. */
  readonly encryption: CryptoKeyPair
}

/** Makes fresh, non-extractable keys for one hospital in one study. */
export async function createKeys(): Promise<HospitalKeys> {
  const [duty, encryption] = await Promise.all([
    crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']),
    crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']),
  ])
  return { duty, encryption }
}

/** The public halves, in the shape that the registry holds and other hospitals read. */
export async function publicKeys(keys: HospitalKeys): Promise<MemberKeys> {
  const [duty, encryption] = await Promise.all([
    crypto.subtle.exportKey('raw', keys.duty.publicKey),
    crypto.subtle.exportKey('raw', keys.encryption.publicKey),
  ])
  const point = new Uint8Array(duty)
  return {
    duty: { x: bytesToHex(point.subarray(1, 33)), y: bytesToHex(point.subarray(33, 65)) },
    encryption: new Uint8Array(encryption),
  }
}

/** Whose keys, in which study of which deployment. */
export interface KeyOwner {
  readonly deployment: Hex
  readonly study: Address
  readonly address: Address
}

/** Where a hospital's keys live between sessions. */
export interface KeyStore {
  load(owner: KeyOwner): Promise<HospitalKeys | undefined>
  /** Keeps the keys; refuses to overwrite others, because what was sealed to those could never be opened again. */
  save(owner: KeyOwner, keys: HospitalKeys): Promise<void>
  /** Deletes the keys. This is the functional erasure: nothing sealed to them can be opened again from here. */
  remove(owner: KeyOwner): Promise<void>
}

interface KeyDatabase extends DBSchema {
  keys: { key: string; value: HospitalKeys }
}

/**
 * Keys in this browser's IndexedDB, as CryptoKey objects (their bytes are never seen by the page).
 * Works in a window and in a worker; tabs of one origin share it, so a hospital's worker finds what its page saved.
 * @throws AppError journal.failed where the browser refuses to store
 */
export function indexedDbKeyStore(): KeyStore {
  const databases = new Map<string, Promise<IDBPDatabase<KeyDatabase>>>()

  function open(owner: KeyOwner): Promise<IDBPDatabase<KeyDatabase>> {
    const name = `wardround-keys-${owner.deployment.toLowerCase()}`
    let database = databases.get(name)
    if (database === undefined) {
      database = openDB<KeyDatabase>(name, 1, {
        upgrade(db) {
          db.createObjectStore('keys')
        },
        // Another tab or a test deletes or upgrades the database: let go of it and open it again on the next call.
        blocking(_current, _blocked, event) {
          databases.delete(name)
          ;(event.target as IDBDatabase).close()
        },
        terminated() {
          databases.delete(name)
        },
      })
      databases.set(name, database)
      database.catch(() => databases.delete(name))
    }
    return database
  }

  async function guarded<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (cause) {
      throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
    }
  }

  return {
    load: owner => guarded(async () => (await open(owner)).get('keys', entryOf(owner))),
    save: (owner, keys) =>
      guarded(async () => {
        await (await open(owner)).add('keys', keys, entryOf(owner))
      }),
    remove: owner => guarded(async () => (await open(owner)).delete('keys', entryOf(owner))),
  }
}

/** Keys that live as long as this object: for simulations and tests. */
export function memoryKeyStore(): KeyStore {
  const entries = new Map<string, HospitalKeys>()
  const key = (owner: KeyOwner) => `${owner.deployment.toLowerCase()}:${entryOf(owner)}`
  return {
    load: async owner => entries.get(key(owner)),
    async save(owner, keys) {
      if (entries.has(key(owner))) throw new AppError('journal.failed', { reason: 'this hospital has keys already' })
      entries.set(key(owner), keys)
    },
    async remove(owner) {
      entries.delete(key(owner))
    },
  }
}

function entryOf(owner: KeyOwner): string {
  return `${owner.study.toLowerCase()}:${owner.address.toLowerCase()}`
}
