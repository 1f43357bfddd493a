import { AppError } from '../../errors/AppError.ts'
import type { Address } from '../../study/types.ts'

/** Another tab that holds a database open keeps it from being deleted; nobody waits longer for it. */
const PATIENCE_MS = 5_000

/**
 * Deletes everything that this browser keeps of one hospital, in all studies: databases of its own, its entries in those
 * that hospitals share, and what the page's storages hold under its address. Whoever calls it has closed the session.
 *
 * @throws AppError app.secondTab where another tab holds on to a database
 */
export async function wipeHospital(
  address: Address,
  storages: readonly Pick<Storage, 'length' | 'key' | 'removeItem'>[],
): Promise<void> {
  const account = address.toLowerCase()
  const databases = await indexedDB.databases()
  const names = databases.map(({ name }) => name).filter(name => name?.startsWith('wardround') === true)
  for (const name of names as string[]) {
    if (name.toLowerCase().includes(account)) await deleteDatabase(name)
    else await deleteEntries(name, account)
  }
  for (const storage of storages) {
    const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? '')
    for (const key of keys) if (key.toLowerCase().includes(account)) storage.removeItem(key)
  }
}

function deleteDatabase(name: string): Promise<void> {
  return inTime(
    new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name)
      request.onsuccess = () => resolve()
      request.onerror = () => reject(failed(request.error))
    }),
  )
}

/** Removes the entries whose key or whose account is this hospital's. */
async function deleteEntries(name: string, account: string): Promise<void> {
  const database = await inTime(asked(indexedDB.open(name)))
  try {
    for (const store of database.objectStoreNames) {
      const transaction = database.transaction(store, 'readwrite')
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve()
        transaction.onerror = () => reject(failed(transaction.error))
        const request = transaction.objectStore(store).openCursor()
        request.onsuccess = () => {
          const cursor = request.result
          if (cursor === null) return
          if (isOf(account, cursor.key, cursor.value)) cursor.delete()
          cursor.continue()
        }
      })
    }
  } finally {
    database.close()
  }
}

function isOf(account: string, key: IDBValidKey, value: unknown): boolean {
  if (JSON.stringify(key).toLowerCase().includes(account)) return true
  if (typeof value !== 'object' || value === null || !('account' in value)) return false
  return String(value.account).toLowerCase() === account
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(failed(request.error))
  })
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new AppError('app.secondTab')), PATIENCE_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function failed(error: DOMException | null): AppError {
  return new AppError('journal.failed', { reason: error?.message ?? 'the database is closed' }, error)
}
