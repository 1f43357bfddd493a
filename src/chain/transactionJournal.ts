import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { AppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'

/** A transaction that was asked for and is not known to be mined. */
export interface Intent {
  /** Account, receiver and calldata: asking for the same call again finds it. */
  readonly id: string
  readonly account: Address
  readonly to: Address
  readonly data: Hex
  /** Wei sent along, decimal; absent: none. */
  readonly value?: string
  readonly nonce: number
  /** Head of the chain when it was stored; it cannot be mined before. */
  readonly block: string
  /** Known once the wallet or RPC has answered. */
  readonly hash?: Hex
  /** What the call's steps are told under, see TransactionStep.id. */
  readonly step?: string
}

/** Where intents live between sessions. */
export interface TransactionJournal {
  get(id: string): Promise<Intent | undefined>
  /** Resolves once the intent would survive the tab's end. */
  put(intent: Intent): Promise<void>
  remove(id: string): Promise<void>
}

/** A journal that outlives its page. */
export interface KeptTransactionJournal extends TransactionJournal {
  /**
   * Forgets all that any account asked of a contract, or told another about it. For a study that is over: whoever waited for
   * a transaction when it ended has no more reason to, and nobody asks for the same call again.
   */
  forget(contract: Address): Promise<void>
}

interface IntentDatabase extends DBSchema {
  intents: { key: string; value: Intent }
}

/**
 * Intents in this browser's IndexedDB, one database a deployment. Works in a window and in a worker.
 * @throws AppError journal.failed from every method where the browser refuses to store
 */
export function indexedDbTransactionJournal(deploymentId: Hex): KeptTransactionJournal {
  let database: Promise<IDBPDatabase<IntentDatabase>> | undefined

  function open(): Promise<IDBPDatabase<IntentDatabase>> {
    database ??= openDB<IntentDatabase>(`wardround-transactions-${deploymentId.toLowerCase()}`, 1, {
      upgrade(db) {
        db.createObjectStore('intents', { keyPath: 'id' })
      },
      blocking(_current, _blocked, event) {
        database = undefined
        ;(event.target as IDBDatabase).close()
      },
      terminated() {
        database = undefined
      },
    })
    database.catch(() => {
      database = undefined
    })
    return database
  }

  async function guarded<T>(run: (db: IDBPDatabase<IntentDatabase>) => Promise<T>): Promise<T> {
    try {
      return await run(await open())
    } catch (cause) {
      throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
    }
  }

  return {
    get: id => guarded(db => db.get('intents', id)),
    put: intent =>
      guarded(async db => {
        // Strict: on disk before the transaction leaves.
        const transaction = db.transaction('intents', 'readwrite', { durability: 'strict' })
        await Promise.all([transaction.store.put(intent), transaction.done])
      }),
    remove: id => guarded(db => db.delete('intents', id)),
    forget: contract =>
      guarded(async db => {
        const transaction = db.transaction('intents', 'readwrite')
        for (const { id, to, data } of await transaction.store.getAll()) {
          const isAbout = `${to}${data}`.toLowerCase().includes(contract.slice(2).toLowerCase())
          if (isAbout) await transaction.store.delete(id)
        }
        await transaction.done
      }),
  }
}

/** Intents that live as long as this object: for simulations, scripts and tests. */
export function memoryTransactionJournal(): TransactionJournal {
  const intents = new Map<string, Intent>()
  return {
    get: async id => intents.get(id),
    async put(intent) {
      intents.set(intent.id, intent)
    },
    async remove(id) {
      intents.delete(id)
    },
  }
}
