import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Rules } from '../chain/reads.ts'
import { AppError } from '../errors/AppError.ts'
import type { Blob } from '../storage/BlobStore.ts'
import type { SuggestedAudits } from '../study/studies/StudyPlan.ts'
import type { Address, Hex } from '../study/types.ts'
import type { SponsorForm } from './sponsorForm.ts'
import type { CreationProgress } from './sponsorSteps.ts'

/** What is signed for, fixed from the first signature on. */
export interface SealedPlan {
  /** The manifest's dag-cbor block. */
  readonly header: Uint8Array
  readonly modelURI: string
  readonly rules: Rules
  /** How hospitals are audited; what is proven follows from the manifest. Null where nothing is. */
  readonly audits: SuggestedAudits | null
  /** Smallest unit of credit. */
  readonly deposit: bigint
  readonly gasWei: bigint
  /** The sponsor's own initial weights; null where they are drawn from the seed. */
  readonly initial: Blob | null
  /** How many studies the factory had made before: the one that comes of it is looked for from there on. */
  readonly studiesBefore: number
  /** Head of the chain when it was sealed: its events begin after it. */
  readonly fromBlock: bigint
}

/** A study that is being thought of, made, or was made from this browser. */
export interface Draft {
  readonly id: string
  /** Lower case. */
  readonly account: Address
  readonly createdAt: number
  /** Milliseconds since 1970. */
  readonly changedAt: number
  readonly form: SponsorForm
  /** null until the first signature is asked for. */
  readonly plan: SealedPlan | null
  readonly progress: CreationProgress
}

/** Where drafts live between visits. */
export interface DraftStore {
  /** An account's drafts, the one changed last first. */
  list(account: Address): Promise<readonly Draft[]>
  /** Resolves once the draft would survive the tab's end. */
  put(draft: Draft): Promise<void>
  remove(id: string): Promise<void>
}

interface DraftDatabase extends DBSchema {
  drafts: { key: string; value: Draft; indexes: { account: string } }
}

/**
 * Drafts in this browser's IndexedDB, one database a deployment.
 * @throws AppError journal.failed from every method where the browser refuses to store
 */
export function indexedDbDraftStore(deploymentId: Hex): DraftStore {
  let database: Promise<IDBPDatabase<DraftDatabase>> | undefined

  function open(): Promise<IDBPDatabase<DraftDatabase>> {
    database ??= openDB<DraftDatabase>(`wardround-sponsor-${deploymentId.toLowerCase()}`, 1, {
      upgrade(db) {
        db.createObjectStore('drafts', { keyPath: 'id' }).createIndex('account', 'account')
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

  async function guarded<T>(run: (db: IDBPDatabase<DraftDatabase>) => Promise<T>): Promise<T> {
    try {
      return await run(await open())
    } catch (cause) {
      throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
    }
  }

  return {
    list: account =>
      guarded(async db => {
        const drafts = await db.getAllFromIndex('drafts', 'account', account.toLowerCase())
        // Of before there was differential privacy.
        const all = drafts.map(draft => ({ ...draft, form: { ...draft.form, privacy: draft.form.privacy ?? null } }))
        return all.sort((a, b) => b.changedAt - a.changedAt)
      }),
    put: draft =>
      guarded(async db => {
        // Strict: on disk before a transaction leaves that it must remember.
        const transaction = db.transaction('drafts', 'readwrite', { durability: 'strict' })
        await Promise.all([transaction.store.put(draft), transaction.done])
      }),
    remove: id => guarded(db => db.delete('drafts', id)),
  }
}
