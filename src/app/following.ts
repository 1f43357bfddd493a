import { peerIdsOf } from '../chain/reads.ts'
import { hexToBytes } from '../crypto/bytes.ts'
import { isAppError } from '../errors/AppError.ts'
import type { Runner } from '../rounds/runner.ts'
import type { Task } from '../rounds/state.ts'
import type { HeliaStore } from '../storage/heliaStore.ts'
import { peerIdText } from '../storage/peerKey.ts'
import type { Manifest } from '../study/manifest.ts'
import type { HospitalContext } from './context.ts'
import { attemptTexts, doneText } from './logTexts.ts'
import { shownRound } from './phases.ts'
import { addLog, type HospitalStore } from './store.ts'

/** How often the traffic shown is brought up to date, in milliseconds. */
const TRAFFIC_MS = 1000

/** Connects this tab to the other members' as they join. Only nodes that the registry names for this study may connect. */
export function meetMembers(
  { access, options }: HospitalContext,
  runner: Runner,
  blobs: HeliaStore,
  peers: Set<string>,
): () => void {
  let known = 0
  return runner.store.subscribe(({ snapshot }) => {
    const members = snapshot?.members ?? []
    if (members.length <= known) return
    known = members.length
    peerIdsOf(access, options.study.address, members)
      .then(ids => {
        for (const id of ids) peers.add(peerIdText(hexToBytes(id)))
        blobs.meet([...peers])
      })
      // The relays carry everything all the same; the next member that joins brings another try.
      .catch(error => console.warn('members cannot be met directly', error))
  })
}

/** Keeps the traffic that is shown up to date. @returns what ends that */
export function watchTraffic(store: HospitalStore, blobs: HeliaStore): () => void {
  const timer = setInterval(() => {
    const traffic = blobs.traffic()
    const shown = store.getState().traffic
    if (traffic.sent !== shown.sent || traffic.received !== shown.received) store.setState({ traffic })
  }, TRAFFIC_MS)
  return () => clearInterval(timer)
}

/** Writes what becomes of each task into the log. */
export function logTask(
  store: HospitalStore,
  manifest: Manifest,
  task: Task,
  what: 'began' | 'done' | 'failed' | 'stopped',
  error: unknown,
): void {
  const reason = isAppError(error) ? error.message : error instanceof Error ? error.message : String(error)
  const shown = shownRound(task.round, manifest)
  const round = shown === 0 ? 'Before the first round' : `Round ${shown}`
  if (what === 'failed') addLog(store, `${round}, ${attemptTexts[task.type]}: ${reason}`, 'warning')
  // Stopped is the usual end of what others have done meanwhile: nothing to tell.
  else if (what === 'done') addLog(store, `${round}: ${doneText(task.type, manifest.masking !== undefined)}`)
}
