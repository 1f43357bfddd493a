import { leaveStudy } from '../../chain/hospital.ts'
import { createHospitalEvents } from '../../chain/hospitalEvents.ts'
import { createDutySigner } from '../../crypto/duty.ts'
import type { HospitalState } from '../../rounds/state.ts'
import { sameAddress } from '../../study/types.ts'
import { type ActivityEntry, type ActivityView, activityOf } from '../activity.ts'
import type { HospitalContext } from '../context.ts'
import { historyOf } from '../keeping/history.ts'
import { curveOf, withLoss } from '../live/curve.ts'
import { addLog } from '../store.ts'
import { keepScreenOn } from '../wakeLock.ts'
import type { ChainCalls, LiveView } from './liveView.ts'

/** What a person may do while a study runs. */
export interface RoundDesk {
  /** Nothing new begins until resume; what is missed can cost stake. */
  pause(): void
  resume(): void
  /** Leaves the study from the next round on; a running round is still owed. @throws AppError of sendCall */
  leave(): Promise<void>
  /**
   * Sits a round that has not begun out, or takes part in it after all, which can be said once.
   * @param round the contract's number
   * @throws AppError of sendCall; crypto.noKeys
   */
  veto(round: number, isVetoed: boolean): Promise<void>
  /** Keeps the screen on until the study ends, or lets it sleep again. */
  keepAwake(isWanted: boolean): void
}

export function createRoundDesk(context: HospitalContext): RoundDesk {
  const { access, options, owner, parts, store } = context
  const study = options.study.address
  const change = (live: Partial<LiveView>) => store.setState(({ live: known }) => ({ live: { ...known, ...live } }))
  const readHistory = createHistoryReader(context, change)
  let letSleep: (() => void) | null = null

  followActivity(context, change)
  // What fails here has failed the session itself, which says so.
  const untold = () => undefined
  parts.when('blobs').then(blobs => {
    change({ storage: blobs.status() })
    context.onClose(blobs.subscribe(storage => change({ storage })))
  }, untold)
  parts.when('runner').then(runner => {
    context.onClose(runner.store.subscribe((state, before) => follow(state, before)))
    follow(runner.store.getState(), null)
  }, untold)

  function follow(state: HospitalState, before: HospitalState | null): void {
    const { snapshot, evaluations, progress, task } = state
    if (snapshot !== null && snapshot !== before?.snapshot) {
      change({ clock: { time: snapshot.time, at: performance.now() } })
      // Who left and what was vetoed is in no snapshot; it can only change with a round, or by this page's own doing.
      if (snapshot.round !== before?.snapshot?.round || snapshot.phase !== before.snapshot.phase) void readHistory()
    }
    if (evaluations !== before?.evaluations) change({ curve: curveOf(evaluations) })
    if (progress?.loss !== undefined && progress !== before?.progress && task?.type === 'contribute') {
      change({ loss: withLoss(store.getState().live.loss, task.round, progress.done, progress.loss) })
    }
  }

  function keepAwake(isWanted: boolean): void {
    letSleep?.()
    letSleep = isWanted ? keepScreenOn() : null
    change({ keepsAwake: isWanted })
  }
  context.onClose(() => letSleep?.())
  context.onClose(
    store.subscribe(({ stage }, before) => {
      const isOver = stage === 'done' || stage === 'failed'
      if (isOver && stage !== before.stage) keepAwake(false)
    }),
  )

  return {
    pause: () => parts.get('runner')?.pause(),
    resume: () => parts.get('runner')?.resume(),
    async leave() {
      await leaveStudy(access, study)
      change({ hasLeft: true })
      addLog(store, 'This hospital has left: it takes part in no further round.')
    },
    async veto(round, isVetoed) {
      const [chain, keys] = await Promise.all([parts.when('chain'), parts.when('keys')])
      const signer = createDutySigner(keys.duty.privateKey)
      const duty = { hospital: owner.address, round, vetoed: isVetoed }
      const signature = await signer.veto(chain.ref, duty)
      await chain.vetoRound({ round, vetoed: isVetoed, signature }, { signal: context.signal })
      await readHistory()
    },
    keepAwake,
  }
}

/** Reads this hospital's vetoes and whether it left. One look at a time; what comes meanwhile is seen by one more. */
function createHistoryReader(
  { access, options, owner }: HospitalContext,
  change: (live: Partial<LiveView>) => void,
): () => Promise<void> {
  const events = createHospitalEvents(access, options.study.address)
  let running: Promise<void> | null = null
  let isStale = false
  async function read(): Promise<void> {
    do {
      isStale = false
      try {
        const { left, vetoes, settledVetoes } = historyOf(await events.read(), owner.address)
        change({ hasLeft: left !== null, vetoes, settledVetoes })
      } catch (error) {
        // The next round's look comes anyway; the chain's silence is told by the session.
        console.warn('vetoes could not be read', error)
      }
    } while (isStale)
  }
  return () => {
    isStale = true
    running ??= read().finally(() => {
      running = null
    })
    return running
  }
}

/** Shows what the wallet asks, and what this account's transactions of the study came to. */
function followActivity({ options, onClose, owner }: HospitalContext, change: (live: Partial<LiveView>) => void): void {
  const activity = activityOf(options.site, owner.address)
  const show = ({ entries }: ActivityView) => {
    const asking = entries.find(({ status }) => status === 'asking')
    // Joining goes through the credits, which bring it to the study.
    const isOfStudy = ({ to, name }: ActivityEntry) => sameAddress(to, options.study.address) || name === 'joinTask'
    const ofStudy = entries.filter(isOfStudy)
    const calls = ofStudy.reduce<ChainCalls>(
      (sum, { status, gasUsed, feeWei }) => ({
        confirmed: sum.confirmed + (status === 'confirmed' ? 1 : 0),
        failed: sum.failed + (status === 'failed' ? 1 : 0),
        gasUsed: sum.gasUsed + (gasUsed ?? 0n),
        feeWei: sum.feeWei + (feeWei ?? 0n),
      }),
      { confirmed: 0, failed: 0, gasUsed: 0n, feeWei: 0n },
    )
    change({ asking: asking?.name ?? null, calls })
  }
  show(activity.getState())
  onClose(activity.subscribe(show))
}
