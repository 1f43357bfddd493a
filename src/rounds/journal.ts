import { decode, encode } from '@ipld/dag-cbor'
import { type IDBPDatabase, openDB } from 'idb'
import { AppError } from '../errors/AppError.ts'
import type { Journal, JournalEntry } from './ports.ts'

/** A journal that ends with the process: for simulations and tests. */
export function createMemoryJournal(): Journal {
  const entries = new Map<string, { round: number; value: unknown }>()
  return {
    get: async (round, key) => entries.get(`${round}:${key}`)?.value as never,
    put: async (round, key, value) => {
      entries.set(`${round}:${key}`, { round, value })
    },
    forget: async beforeRound => {
      for (const [name, { round }] of entries) if (round < beforeRound) entries.delete(name)
    },
  }
}

interface StoredEntry {
  readonly round: number
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

/**
 * The journal in IndexedDB, encrypted at rest under a key that cannot be taken out of this browser.
 *
 * @param name - unique per deployment, study and hospital
 * @throws AppError journal.failed when the browser refuses to store
 */
export async function openJournal(name: string): Promise<Journal & { close(): void }> {
  const db = await openDB(`wardround-journal-${name}`, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('entries')
      fresh.createObjectStore('keys')
    },
  }).catch(error => {
    throw failed(error)
  })
  const key = await atRestKey(db)
  return {
    async get<K extends keyof JournalEntry>(round: number, entry: K) {
      const stored = (await db.get('entries', `${round}:${entry}`)) as StoredEntry | undefined
      if (stored === undefined) return undefined
      const plain = await crypto.subtle.decrypt(params(stored.iv, round, entry), key, stored.sealed)
      return fromStored(entry, decode(new Uint8Array(plain)))
    },
    async put(round, entry, value) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      try {
        const sealed = await crypto.subtle.encrypt(params(iv, round, entry), key, plainBytes(value))
        await db.put('entries', { round, iv, sealed } satisfies StoredEntry, `${round}:${entry}`)
      } catch (error) {
        throw failed(error)
      }
    },
    async forget(beforeRound) {
      for (const name of await db.getAllKeys('entries')) {
        if (Number.parseInt(String(name), 10) < beforeRound) await db.delete('entries', name)
      }
    },
    close: () => db.close(),
  }
}

async function atRestKey(db: IDBPDatabase): Promise<CryptoKey> {
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  // One transaction, so that two openings at once agree on the key.
  const transaction = db.transaction('keys', 'readwrite')
  const known = (await transaction.store.get('at-rest')) as CryptoKey | undefined
  if (known === undefined) await transaction.store.put(fresh, 'at-rest')
  await transaction.done
  return known ?? fresh
}

/** The entry's name is authenticated, so that nothing can be moved to another round. */
function params(iv: Uint8Array<ArrayBuffer>, round: number, entry: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${round}:${entry}`) }
}

function plainBytes(value: JournalEntry[keyof JournalEntry]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode('opened' in value ? { ...value, opened: value.opened.toString() } : value))
}

function fromStored<K extends keyof JournalEntry>(entry: K, stored: unknown): JournalEntry[K] {
  if (entry === 'proof') return proofOf(stored as JournalEntry['proof']) as JournalEntry[K]
  if (entry !== 'scores') return stored as JournalEntry[K]
  const { scores, salt, opened } = stored as { scores: number[]; salt: `0x${string}`; opened: string }
  const record: JournalEntry['scores'] = { scores, salt, opened: BigInt(opened) }
  return record as JournalEntry[K]
}

/** CBOR does not tell a small bigint from a number. */
function proofOf({ answer, ...rest }: JournalEntry['proof']): JournalEntry['proof'] {
  const [pin, phi] = [answer.pin, answer.phi].map(([first, second]) => [BigInt(first), BigInt(second)] as const)
  const lists = { start: answer.start.map(BigInt), products: answer.products.map(BigInt) }
  return { ...rest, answer: { ...answer, pin: pin!, phi: phi!, ...lists } }
}

function failed(error: unknown): AppError {
  return new AppError('journal.failed', { reason: error instanceof Error ? error.message : String(error) }, error)
}
