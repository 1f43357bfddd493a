import { withdraw } from '../../chain/hospital.ts'
import { createHospitalEvents } from '../../chain/hospitalEvents.ts'
import { balanceOf, creditsOf } from '../../chain/reads.ts'
import { bytesToHex } from '../../crypto/bytes.ts'
import { indexedDbKeyStore, publicKeys } from '../../crypto/keys.ts'
import { AppError, isAppError } from '../../errors/AppError.ts'
import { memberIndex } from '../../rounds/duties.ts'
import type { MemberKeys } from '../../rounds/ports.ts'
import type { HospitalContext } from '../context.ts'
import { historyOf } from '../keeping/history.ts'
import { createDeskLock, type DeskLock } from '../keeping/lock.ts'
import { isStakeFree, unfinished } from '../keeping/stake.ts'
import { wipeHospital } from '../keeping/wipe.ts'
import { addLog } from '../store.ts'
import type { KeepingView, KeysView } from './keepingView.ts'

/** What is this hospital's own: credits, keys, storage, lock. */
export interface KeepingDesk {
  /** Takes out what the study owes. @returns smallest units of credit @throws AppError of sendCall */
  withdraw(): Promise<bigint>
  /** Keeps the keeping view up to date until what it returns is called. */
  watch(): () => void
  /**
   * Deletes this study's keys. What was sealed to them can never be opened from here again, and what this hospital still owes
   * it can no longer sign. The page has to be loaded anew.
   * @throws AppError journal.failed
   */
  destroyKeys(): Promise<void>
  /** Deletes blobs of older rounds. @returns bytes freed @throws AppError storage.closed */
  free(): Promise<number>
  /**
   * Deletes what this study keeps to prove rounds of training. A round that was submitted and has not been proven cannot be any more.
   * @throws AppError journal.failed
   */
  clearProofs(): Promise<void>
  /** Whether a submission, a duty or an upload would be lost if this browser forgot the hospital now. */
  hasUnfinished(): boolean
  /**
   * Has this browser forget the hospital, in all studies: databases, keys, activity. The page has to be left.
   * @param close lets go of the session first
   * @throws AppError app.secondTab, journal.failed
   */
  wipe(close: () => Promise<void>): Promise<void>
  /** Covers the page at a shared desk. */
  readonly lock: DeskLock
}

/** Rounds whose blobs stay: the running one, and the one that a reorg may bring back. */
const KEPT_ROUNDS = 2

export function createKeepingDesk(context: HospitalContext): KeepingDesk {
  const { access, namespace, options, owner, parts, store } = context
  const study = options.study.address
  const keyStore = indexedDbKeyStore()
  const events = createHospitalEvents(access, study)
  const change = (keeping: Partial<KeepingView>) =>
    store.setState(({ keeping: known }) => ({ keeping: { ...known, ...keeping } }))
  const snapshotNow = () => store.getState().round?.snapshot ?? store.getState().joining.snapshot
  let isRefreshing = false
  let isStale = false

  /** One look at a time; what changes meanwhile is seen by one more. */
  async function refresh(): Promise<void> {
    isStale = true
    if (isRefreshing) return
    isRefreshing = true
    try {
      while (isStale && !context.signal.aborted) {
        isStale = false
        await look()
      }
    } finally {
      isRefreshing = false
    }
  }

  async function look(): Promise<void> {
    try {
      const snapshot = snapshotNow()
      const isMember = snapshot !== null && memberIndex(snapshot, { self: owner.address }) !== null
      const [credits, gas, balance, history, usage, proofBytes] = await Promise.all([
        creditsOf(access, owner.address),
        access.publicClient.getBalance({ address: owner.address }),
        isMember ? balanceOf(access, study, owner.address) : null,
        events.read().then(logs => historyOf(logs, owner.address)),
        parts.get('blobs')?.usage() ?? null,
        proofBytesNow(),
      ])
      change({
        wallet: { credits, gas },
        balance,
        history,
        usage,
        proofBytes,
        isStakeFree: isStakeFree(snapshotNow(), owner.address, history.left !== null),
        keys: await lookAtKeys(history.joined, isMember),
        error: null,
      })
    } catch (error) {
      if (!isAppError(error)) console.error(error)
      const reason = error instanceof Error ? error.message : String(error)
      change({ error: isAppError(error) ? error.toData() : new AppError('app.bug', { reason }, error).toData() })
    }
  }

  async function proofBytesNow(): Promise<number | null> {
    if (parts.get('manifest')?.proving === undefined) return null
    return (await parts.get('training')?.proofStorage())?.bytes ?? null
  }

  async function lookAtKeys(joined: bigint | null, isMember: boolean): Promise<KeysView> {
    const here = await keyStore.load(owner)
    const chain = parts.get('chain')
    const registered = isMember && chain ? (await chain.members([owner.address]))[0] : undefined
    const registeredAt = joined === null ? null : await events.timeOf(joined)
    return {
      isHere: here !== undefined,
      isRegistered: chain === undefined ? null : registered !== undefined,
      isSame: here && registered ? sameKeys(await publicKeys(here), registered.keys) : null,
      registeredAt,
    }
  }

  return {
    async withdraw() {
      const amount = await withdraw(access, study)
      void refresh()
      return amount
    },
    watch() {
      void refresh()
      let [round, phase] = [snapshotNow()?.round, snapshotNow()?.phase]
      const stopRounds = store.subscribe(() => {
        const now = snapshotNow()
        if (now?.round === round && now?.phase === phase) return
        ;[round, phase] = [now?.round, now?.phase]
        void refresh()
      })
      return stopRounds
    },
    async destroyKeys() {
      parts.get('runner')?.pause()
      await keyStore.remove(owner)
      addLog(store, 'The keys of this study were destroyed in this browser.', 'warning')
      void refresh()
    },
    async free() {
      const freed = (await parts.get('blobs')?.free({ keepRounds: KEPT_ROUNDS })) ?? 0
      void refresh()
      return freed
    },
    async clearProofs() {
      await parts.get('training')?.clearProofs()
      addLog(store, 'What was kept to prove rounds of training was deleted.', 'warning')
      void refresh()
    },
    hasUnfinished() {
      const { round, live } = store.getState()
      return unfinished(round, live.storage?.pending ?? 0, live.asking)
    },
    async wipe(close) {
      await close()
      await wipeHospital(owner.address, [localStorage, sessionStorage])
    },
    lock: createDeskLock(sessionStorage, namespace),
  }
}

function sameKeys(a: MemberKeys, b: MemberKeys): boolean {
  const isDuty = a.duty.x.toLowerCase() === b.duty.x.toLowerCase() && a.duty.y.toLowerCase() === b.duty.y.toLowerCase()
  return isDuty && bytesToHex(a.encryption) === bytesToHex(b.encryption)
}
