import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { publicClientFor, Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import { type Outcome, outcomeOf } from '../chain/outcome.ts'
import type { TransactionStep } from '../chain/transactions.ts'
import type { AppErrorData } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'

/** One contract call of an account, as its list shows it. */
export interface ActivityEntry {
  readonly id: string
  /** The contract's function; texts.wallet.calls has words for each. */
  readonly name: string
  readonly to: Address
  /** Interrupted: the page was closed, or the chain lost sight of it, before the outcome was known. */
  readonly status: TransactionStep['status'] | 'interrupted'
  /** What it was expected to cost when the wallet opened. */
  readonly estimate: { readonly gas: bigint; readonly wei: bigint } | null
  readonly hash: Hex | null
  readonly gasUsed: bigint | null
  readonly feeWei: bigint | null
  readonly error: AppErrorData | null
  /** Milliseconds since 1970: when it began. */
  readonly at: number
}

export interface ActivityView {
  /** Newest first. */
  readonly entries: readonly ActivityEntry[]
  /** Whether what earlier pages kept is in already. */
  readonly isLoaded: boolean
  /** The entry of the newest step told in this page; null before the first. */
  readonly latest: string | null
}

/** What one account did on one deployment. Pages read it; recordStep writes. */
export type ActivityStore = StoreApi<ActivityView>

/** Entries kept; older ones are dropped. */
export const ACTIVITY_ENTRIES = 200

const stores = new Map<
  string,
  { readonly store: ActivityStore; readonly shelf: Shelf; readonly loaded: Promise<void> }
>()

/** Whose activity the header shows: the wallet that this page last opened access with. */
export const shownActivity: StoreApi<{ readonly activity: ActivityStore | null; readonly wallet: Wallet | null }> =
  createStore<{ readonly activity: ActivityStore | null; readonly wallet: Wallet | null }>(() => ({
    activity: null,
    wallet: null,
  }))

const offers = new Map<string, () => void>()

/**
 * Says how a declined or failed call can be asked for again, so that the toast can offer it.
 * @param name as sendCall is given it
 * @returns what takes the offer back
 */
export function offerRetry(name: string, retry: () => void): () => void {
  offers.set(name, retry)
  return () => {
    if (offers.get(name) === retry) offers.delete(name)
  }
}

/** How the page can ask for a call again; undefined where it cannot. */
export function retryOf(name: string): (() => void) | undefined {
  return offers.get(name)
}

/**
 * The activity of an account, the same object for every caller in this page; what earlier pages kept comes in soon after.
 * Kept in this browser's IndexedDB, per deployment and account. A browser that cannot keep it still shows this page's own.
 */
export function activityOf(site: Pick<Deployment, 'deploymentId'>, address: Address): ActivityStore {
  return partsOf(site, address).store
}

function partsOf(site: Pick<Deployment, 'deploymentId'>, address: Address) {
  const key = `${site.deploymentId}:${address}`.toLowerCase()
  const known = stores.get(key)
  if (known !== undefined) return known
  const store = createStore<ActivityView>(() => ({ entries: [], isLoaded: false, latest: null }))
  const shelf = openShelf(site.deploymentId, address)
  const loaded = shelf.load().then(kept => {
    const { entries } = store.getState()
    const own = new Set(entries.map(({ id }) => id))
    const earlier = kept.filter(({ id }) => !own.has(id)).map(interruptedIfAsking)
    store.setState({ entries: newestFirst([...entries, ...earlier]), isLoaded: true })
  })
  const parts = { store, shelf, loaded }
  stores.set(key, parts)
  shelves.set(store, parts)
  return parts
}

const shelves = new WeakMap<ActivityStore, { readonly shelf: Shelf; readonly loaded: Promise<void> }>()

/** Resolves once what earlier pages kept is in. */
export function whenLoaded(store: ActivityStore): Promise<void> {
  return shelves.get(store)?.loaded ?? Promise.resolve()
}

/** Enters a step. The next try of a call that was never sent takes the place of the one before. */
export function recordStep(store: ActivityStore, step: TransactionStep): void {
  const { entries } = store.getState()
  const known = entries.find(({ id }) => id === step.id)
  const superseded = known ? [] : entries.filter(entry => isUnsentTry(entry, step))
  const entry: ActivityEntry = {
    id: step.id,
    name: step.name,
    to: step.to,
    status: step.status,
    estimate: step.estimate ?? known?.estimate ?? null,
    hash: step.hash ?? known?.hash ?? null,
    gasUsed: step.gasUsed ?? null,
    feeWei: step.feeWei ?? null,
    error: step.error ?? null,
    at: known?.at ?? Date.now(),
  }
  replace(store, entry, superseded)
  store.setState({ latest: entry.id })
}

function isUnsentTry(entry: ActivityEntry, { name, to }: TransactionStep): boolean {
  const isOver = entry.status === 'failed' || entry.status === 'rejected'
  return isOver && entry.hash === null && entry.name === name && entry.to === to
}

function replace(store: ActivityStore, entry: ActivityEntry, gone: readonly ActivityEntry[] = []): void {
  const left = store.getState().entries.filter(other => other.id !== entry.id && !gone.includes(other))
  const sorted = newestFirst([entry, ...left])
  const entries = sorted.slice(0, ACTIVITY_ENTRIES)
  store.setState({ entries })
  shelves.get(store)?.shelf.write(entry, [...gone, ...sorted.slice(ACTIVITY_ENTRIES)])
}

/** How often a transaction that the chain does not know is looked for before the list says so. */
const UNKNOWN_LOOKS = 60
/** Milliseconds between looks for transactions that an earlier page sent. */
const LOOK_MS = 2000

/**
 * Looks up what an earlier page sent and nobody waits for any more, until each is mined or lost. Where the same call is taken
 * up again meanwhile, its steps win.
 * @param pause milliseconds between looks
 */
export async function followPending(
  store: ActivityStore,
  client: ReturnType<typeof publicClientFor>,
  pause = LOOK_MS,
): Promise<void> {
  await whenLoaded(store)
  const pending = store.getState().entries.filter(({ status, hash }) => status === 'pending' && hash !== null)
  await Promise.all(pending.map(entry => follow(store, client, entry, pause)))
}

async function follow(
  store: ActivityStore,
  client: ReturnType<typeof publicClientFor>,
  before: ActivityEntry,
  pause: number,
): Promise<void> {
  const isUntouched = () => store.getState().entries.includes(before)
  for (let looks = 0; looks < UNKNOWN_LOOKS && isUntouched(); await sleep(pause)) {
    let outcome: Outcome
    try {
      outcome = await outcomeOf(client, before.hash as Hex)
    } catch {
      // The chain does not answer; the next look comes anyway.
      continue
    }
    if (outcome.kind === 'unknown') looks++
    if (outcome.kind !== 'mined') continue
    const { isSuccess, gasUsed, feeWei } = outcome
    const error: AppErrorData | null = isSuccess
      ? null
      : { code: 'chain.reverted', details: { reason: 'it failed when it was mined.', error: '' } }
    if (isUntouched()) replace(store, { ...before, status: isSuccess ? 'confirmed' : 'failed', gasUsed, feeWei, error })
    return
  }
  if (isUntouched()) replace(store, { ...before, status: 'interrupted' })
}

/** A page that was closed while it checked or asked cannot have kept what came of it. */
function interruptedIfAsking(entry: ActivityEntry): ActivityEntry {
  return entry.status === 'checking' || entry.status === 'asking' ? { ...entry, status: 'interrupted' } : entry
}

function newestFirst(entries: readonly ActivityEntry[]): ActivityEntry[] {
  return [...entries].sort((a, b) => b.at - a.at)
}

/** Entries of one account between sessions. Never rejects: what cannot be kept is lost with the page, and nothing more. */
interface Shelf {
  load(): Promise<readonly ActivityEntry[]>
  write(entry: ActivityEntry, gone: readonly ActivityEntry[]): void
}

interface ActivityDatabase extends DBSchema {
  entries: { key: [string, string]; value: { readonly account: string; readonly entry: ActivityEntry } }
}

function openShelf(deploymentId: Hex, address: Address): Shelf {
  const account = address.toLowerCase()
  let database: Promise<IDBPDatabase<ActivityDatabase>> | undefined
  const open = () => {
    database ??= openDB<ActivityDatabase>(`wardround-activity-${deploymentId.toLowerCase()}`, 1, {
      upgrade: db => void db.createObjectStore('entries', { keyPath: ['account', 'entry.id'] }),
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
  // One after the other, so that the steps of one call are kept in their order.
  let last: Promise<unknown> = Promise.resolve()
  const told = (error: unknown) => console.warn('the activity list is not kept in this browser', error)
  return {
    async load() {
      try {
        const range = IDBKeyRange.bound([account], [account, []])
        return (await (await open()).getAll('entries', range)).map(({ entry }) => entry)
      } catch (error) {
        told(error)
        return []
      }
    },
    write(entry, gone) {
      last = last
        .then(async () => {
          const transaction = (await open()).transaction('entries', 'readwrite')
          await Promise.all([
            transaction.store.put({ account, entry }),
            ...gone.map(({ id }) => transaction.store.delete([account, id])),
            transaction.done,
          ])
        })
        .catch(told)
    },
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
