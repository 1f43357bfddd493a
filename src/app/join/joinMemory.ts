import type { IDBPDatabase } from 'idb'
import type { Address, Hex } from '../../study/types.ts'
import type { ColumnMapping, DeviceCheck } from '../../training/screen.ts'
import { withDatabase } from '../smallDatabase.ts'

/** Where the patients came from. Of a file: its name and how its columns were matched, never a row. */
export type PatientSource =
  | { readonly kind: 'shipped'; readonly index: number }
  | {
      readonly kind: 'csv'
      readonly file: string
      readonly mapping: ColumnMapping
      readonly leaveOutBadRows: boolean
    }

/** What is kept of the way in, for one hospital in one study. */
export interface JoinRecord {
  /** Null until somebody said that these are the patients. */
  readonly source: PatientSource | null
  /** Random, made once: without it the digest below would be the same wherever the same patients are. */
  readonly salt: Hex
  /** Salted digest of the patients; null before any were loaded. */
  readonly patients: Hex | null
  readonly device: DeviceCheck | null
}

export interface JoinMemory {
  load(): Promise<JoinRecord>
  save(change: Partial<JoinRecord>): Promise<void>
}

/** IndexedDB's name of all ways in, of all hospitals in this browser. */
export const JOIN_DATABASE = 'wardround-join'

/**
 * Forgets the ways into a study, of all hospitals in this browser.
 * @throws AppError journal.failed where the browser refuses
 */
export function forgetJoins(study: Address): Promise<void> {
  return run(async db => {
    const transaction = db.transaction('records', 'readwrite')
    for (const key of await transaction.store.getAllKeys()) {
      if (String(key).includes(study.toLowerCase())) await transaction.store.delete(key)
    }
    await transaction.done
  })
}

/** Forgets with the process: for tests. */
export function memoryJoinMemory(): JoinMemory {
  let record = fresh()
  return {
    load: async () => record,
    save: async change => {
      record = { ...record, ...change }
    },
  }
}

/**
 * Kept in this browser's IndexedDB.
 * @param namespace unique per deployment, study and hospital
 * @throws AppError journal.failed where the browser refuses to store
 */
export function indexedDbJoinMemory(namespace: string): JoinMemory {
  const load = () =>
    run(async db => {
      const known = (await db.get('records', namespace)) as JoinRecord | undefined
      if (known !== undefined) return known
      const record = fresh()
      await db.put('records', record, namespace)
      return record
    })
  return {
    load,
    async save(change) {
      const record = { ...(await load()), ...change }
      await run(db => db.put('records', record, namespace))
    },
  }
}

function fresh(): JoinRecord {
  const salt = crypto.getRandomValues(new Uint8Array(32))
  const hex = [...salt].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return { source: null, salt: `0x${hex}`, patients: null, device: null }
}

function run<T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  return withDatabase(JOIN_DATABASE, 'records', work)
}
