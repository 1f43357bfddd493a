import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { AppError } from '../errors/AppError.ts'
import type { Address } from '../study/types.ts'
import type { Deployment } from './deployment.ts'

// What is known of this browser's account without its key. Apart from browserAccount.ts, so that a page can say whether there
// is one before it fetches what signs.

/** The address of this browser's account, and when it was backed up; null where there is none. @throws AppError journal.failed */
export async function keptAccount(
  deployment: Pick<Deployment, 'deploymentId'>,
): Promise<{ readonly address: Address; readonly backedUpAt: number | null } | null> {
  const kept = await guarded(async () => (await openAccounts(deployment)).get('accounts', SELF))
  return kept === undefined ? null : { address: kept.address, backedUpAt: kept.backedUpAt }
}

/** Whether the person ticked that updates of this study are signed without being shown. @throws AppError journal.failed */
export async function isQuiet(deployment: Pick<Deployment, 'deploymentId'>, study: Address): Promise<boolean> {
  const kept = await guarded(async () => (await openAccounts(deployment)).get('quietStudies', study.toLowerCase()))
  return kept === true
}

/** Keeps, or takes back, that updates of this study are signed without being shown. @throws AppError journal.failed */
export async function setQuiet(
  deployment: Pick<Deployment, 'deploymentId'>,
  study: Address,
  quiet: boolean,
): Promise<void> {
  await guarded(async () => {
    const db = await openAccounts(deployment)
    if (quiet) await db.put('quietStudies', true, study.toLowerCase())
    else await db.delete('quietStudies', study.toLowerCase())
  })
}

/** One account a deployment and browser. */
export const SELF = 'self'

interface KeptAccount {
  readonly address: Address
  /** Non-extractable: opens `sealed` in this browser alone. */
  readonly key: CryptoKey
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
  readonly backedUpAt: number | null
}

interface AccountDatabase extends DBSchema {
  accounts: { key: string; value: KeptAccount }
  quietStudies: { key: string; value: boolean }
}

const databases = new Map<string, Promise<IDBPDatabase<AccountDatabase>>>()

/** The database of the account; shared by what reads it without the key and what signs with it. */
export function openAccounts({
  deploymentId,
}: Pick<Deployment, 'deploymentId'>): Promise<IDBPDatabase<AccountDatabase>> {
  const name = `wardround-account-${deploymentId.toLowerCase()}`
  const known = databases.get(name)
  if (known !== undefined) return known
  const database = openDB<AccountDatabase>(name, 1, {
    upgrade(db) {
      db.createObjectStore('accounts')
      db.createObjectStore('quietStudies')
    },
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
  return database
}

/** @throws AppError journal.failed where the browser refuses to store */
export async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
  }
}
