import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { type Ledger, openLedger, readLedger, writeLedger } from '../../privacy/ledger.ts'
import type { Address, Hex } from '../../study/types.ts'
import { withDatabase } from '../smallDatabase.ts'

/** What a hospital allows to be known of each of its patients, in all studies together, until it decides otherwise. */
export const DEFAULT_BUDGET = { epsilon: 10, delta: 1e-5 } as const

/** A hospital's ledger, and how far the chain was read to complete it. */
export interface LedgerRecord {
  readonly ledger: Ledger
  /** Studies that were found to have no differential privacy: they are not looked at again. */
  readonly withoutPrivacy: readonly Address[]
  /** The next block to read, decimal; null: from the deployment's first. */
  readonly nextBlock: string | null
}

export interface LedgerStore {
  load(): Promise<LedgerRecord>
  /**
   * Changes the record, one change at a time in this browser; stored before it resolves. What throws changes nothing.
   * @returns the new record
   */
  change(next: (record: LedgerRecord) => Promise<LedgerRecord>): Promise<LedgerRecord>
}

/** IndexedDB's name of all hospitals' ledgers in this browser. */
const DATABASE = 'wardround-privacy'
const STORE = 'ledgers'

interface StoredRecord extends Omit<LedgerRecord, 'ledger'> {
  readonly ledger: string
}

/**
 * A hospital's ledger in this browser's IndexedDB: one an account, for all of its studies on all deployments. On the dev chain,
 * where the accounts are everybody's and the patients public, one a deployment.
 * @throws AppError journal.failed where the browser refuses to store; privacy.badLedger where it was changed
 */
export function indexedDbLedgerStore(owner: { deployment: Hex; address: Address; chainId: number }): LedgerStore {
  const account = owner.address.toLowerCase()
  const key = owner.chainId === DEV_CHAIN_ID ? `${owner.deployment.toLowerCase()}/${account}` : account
  const load = async (): Promise<LedgerRecord> => {
    const stored = (await withDatabase(DATABASE, STORE, db => db.get(STORE, key))) as StoredRecord | undefined
    return stored === undefined ? fresh(key) : { ...stored, ledger: await readLedger(stored.ledger) }
  }
  return {
    load,
    change: next =>
      navigator.locks.request(`${DATABASE}/${key}`, async () => {
        const changed = await next(await load())
        const stored: StoredRecord = { ...changed, ledger: await writeLedger(changed.ledger) }
        await withDatabase(DATABASE, STORE, async db => {
          // Strict: on disk before a patient is looked at.
          const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' })
          await Promise.all([transaction.store.put(stored, key), transaction.done])
        })
        return changed
      }),
  }
}

/** A ledger that ends with the process: for simulations and tests. */
export function memoryLedgerStore(
  owner: string,
  budget: { epsilon: number; delta: number } = DEFAULT_BUDGET,
): LedgerStore {
  let record: LedgerRecord = { ...fresh(owner), ledger: openLedger(owner, budget) }
  let last: Promise<unknown> = Promise.resolve()
  return {
    load: async () => record,
    change(next) {
      const changed = last.then(async () => {
        record = await next(record)
        return record
      })
      last = changed.catch(() => undefined)
      return changed
    },
  }
}

function fresh(owner: string): LedgerRecord {
  return { ledger: openLedger(owner, DEFAULT_BUDGET), withoutPrivacy: [], nextBlock: null }
}
