import { type IDBPDatabase, openDB } from 'idb'
import { AppError } from '../errors/AppError.ts'

/**
 * A database of one store, opened for each use: a connection that is kept would stand in the way of wiping this browser.
 * @throws AppError journal.failed where the browser refuses
 */
export async function withDatabase<T>(name: string, store: string, work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  try {
    const db = await openDB(name, 1, { upgrade: fresh => void fresh.createObjectStore(store) })
    try {
      return await work(db)
    } finally {
      db.close()
    }
  } catch (cause) {
    throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
  }
}
