import { createStore, type StoreApi } from 'zustand/vanilla'
import { AppError, type AppErrorData, isAppError } from '../../errors/AppError.ts'
import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { Address } from '../../study/types.ts'
import type { Automation } from '../automation.ts'
import { canStart } from '../phases.ts'
import { presets } from './presets.ts'
import { defaultKioskSettings, type KioskSettings, type PresetName } from './settings.ts'

/** A study on the wall. */
export interface KioskStudy {
  readonly address: Address
  readonly manifest: Manifest
  readonly rounds: number
  /** In the order of the frames; the first is demo account 1. */
  readonly hospitals: readonly { readonly name: string; readonly address: Address; readonly url: string }[]
}

/** What the wall does to the world: chain, storage, this browser's databases. */
export interface KioskPorts {
  /** Creates, funds and opens a study. @throws AppError chain.*, storage.* */
  open(preset: PresetName, seed: number, signal: AbortSignal): Promise<KioskStudy>
  read(study: Address): Promise<StudySnapshot>
  /** Starts the first round. */
  start(study: Address): Promise<void>
  /** Ends the study if it still runs, and takes stakes, rewards and the unspent deposit home. */
  settle(study: Pick<KioskStudy, 'address' | 'hospitals'>): Promise<void>
  /** Deletes what the study left in this browser. */
  wipe(study: Pick<KioskStudy, 'address' | 'hospitals'>): Promise<void>
  /** The study that was on the wall when this page last closed. */
  remembered(): Pick<KioskStudy, 'address' | 'hospitals'> | null
  remember(study: Pick<KioskStudy, 'address' | 'hospitals'> | null): void
}

/** The hospitals' pages: frames of the wall, or tabs. */
export interface KioskFrames {
  show(urls: readonly string[]): void
  /** What each page says of itself; null where it cannot be asked (loading, crashed). */
  states(): readonly (Automation | null)[]
  reload(index: number): void
  /** Closes all; resolves once they have let go of their databases. */
  clear(): Promise<void>
}

export type KioskStage =
  /** Nothing runs; visitors are invited. */
  | 'idle'
  /** The study is being made. */
  | 'preparing'
  /** The hospitals join. */
  | 'joining'
  | 'running'
  /** The result stands for a while. */
  | 'finished'
  /** Something failed: it is tried again by itself. */
  | 'recovering'

export interface KioskView {
  readonly stage: KioskStage
  readonly preset: PresetName
  readonly study: KioskStudy | null
  readonly snapshot: StudySnapshot | null
  readonly frames: readonly (Automation | null)[]
  /** Studies that ended complete, and that were given up, since the page opened. */
  readonly completed: number
  readonly abandoned: number
  /** Frames that had to be reloaded, all studies together. */
  readonly reloads: number
  /** When the next thing happens by itself, milliseconds since 1970; null where it waits for a visitor. */
  readonly until: number | null
  readonly error: AppErrorData | null
}

export interface Kiosk {
  readonly store: StoreApi<KioskView>
  /** A visitor's touch: begins a study now, of this preset. Nothing to do while one runs. */
  begin(preset?: PresetName): void
  /** Ends what runs, clears the wall and waits for the next visitor. */
  reset(): Promise<void>
  /** Also takes effect on what waits already. */
  configure(settings: KioskSettings): void
  close(): Promise<void>
}

/** Milliseconds between looks at frames and chain. */
const lookEvery = 500
/** A page that says nothing for so long has crashed or hangs. */
const silentAfter = 25_000
/** A page that does nothing for so long while the study waits for it is started again. */
const stuckAfter = 50_000
const reloadsPerFrame = 4
/** After the study's end hospitals fetch and evaluate the last model. */
const lastEvaluation = 20_000
const firstRetry = 3_000
const lastRetry = 60_000

/**
 * Runs studies on the wall, one after another, without anybody's help: whatever fails is cleared away and tried again, later
 * and later up to a minute.
 *
 * @param clock milliseconds since 1970
 */
export function createKiosk(
  ports: KioskPorts,
  frames: KioskFrames,
  settings: KioskSettings = defaultKioskSettings,
  clock: () => number = Date.now,
): Kiosk {
  const store = createStore<KioskView>(() => ({
    stage: 'idle',
    preset: settings.preset,
    study: null,
    snapshot: null,
    frames: [],
    completed: 0,
    abandoned: 0,
    reloads: 0,
    until: null,
    error: null,
  }))
  let current = settings
  let wanted: PresetName | null = null
  let wake: () => void = () => {}
  let running = new AbortController()
  const closing = new AbortController()

  async function live(): Promise<void> {
    let retry = firstRetry
    await clearAway(ports.remembered())
    while (!closing.signal.aborted) {
      try {
        const preset = await nextVisitor()
        if (preset === null) return
        running = new AbortController()
        const isComplete = await runStudy(preset, AbortSignal.any([running.signal, closing.signal]))
        store.setState(state => (isComplete ? { completed: state.completed + 1 } : { abandoned: state.abandoned + 1 }))
        retry = firstRetry
        await showResult()
      } catch (error) {
        if (closing.signal.aborted) return
        const wasReset = running.signal.aborted
        if (!wasReset) {
          await recover(error, retry)
          retry = Math.min(2 * retry, lastRetry)
          // Nobody need touch it again: what was wanted is still wanted.
          if (!closing.signal.aborted && !running.signal.aborted) wanted ??= store.getState().preset
        }
      } finally {
        await clearAway(store.getState().study)
        store.setState({ stage: 'idle', study: null, snapshot: null, frames: [], until: null })
      }
    }
  }

  /** Waits for a touch, or until nobody has come for a while. */
  async function nextVisitor(): Promise<PresetName | null> {
    const since = clock()
    for (;;) {
      if (closing.signal.aborted) return null
      if (wanted !== null) {
        const preset = wanted
        wanted = null
        return preset
      }
      const until = current.idleSeconds === null ? null : since + current.idleSeconds * 1000
      store.setState({ stage: 'idle', until, preset: current.preset })
      if (until !== null && clock() >= until) return current.preset
      await pause(until === null ? 60_000 : Math.max(0, until - clock()))
    }
  }

  async function runStudy(preset: PresetName, signal: AbortSignal): Promise<boolean> {
    const { limitSeconds } = presets[preset]
    store.setState({ stage: 'preparing', preset, error: null, until: null, snapshot: null, study: null })
    const startedAt = clock()
    const study = await ports.open(preset, seedFrom(startedAt), signal)
    ports.remember(study)
    store.setState({ study, stage: 'joining' })
    signal.throwIfAborted()
    frames.show(study.hospitals.map(({ url }) => url))
    const watches = study.hospitals.map(() => createWatch(clock()))
    let isStarting = false
    let endedAt: number | null = null
    for (;;) {
      await pause(lookEvery)
      signal.throwIfAborted()
      const states = frames.states()
      const snapshot = await ports.read(study.address)
      store.setState({ frames: states, snapshot })
      if (snapshot.phase === Phase.Open && canStart(snapshot, study.hospitals.length) && !isStarting) {
        isStarting = true
        await ports.start(study.address)
      }
      if (snapshot.phase > Phase.Open && store.getState().stage === 'joining') store.setState({ stage: 'running' })
      const ended = snapshot.phase === Phase.Ended
      if (ended) {
        endedAt ??= clock()
        const done = states.filter(state => state?.status === 'done').length
        if (done === study.hospitals.length || clock() - endedAt > lastEvaluation) {
          return snapshot.completed === study.rounds
        }
      }
      states.forEach((state, index) => {
        if (!watches[index]?.isLost(state, clock())) return
        store.setState(view => ({ reloads: view.reloads + 1 }))
        frames.reload(index)
      })
      if (clock() - startedAt > limitSeconds * 1000 && !ended) {
        throw new AppError('kiosk.tooLong', { seconds: limitSeconds })
      }
    }
  }

  async function showResult(): Promise<void> {
    const until = clock() + current.resultSeconds * 1000
    store.setState({ stage: 'finished', until })
    while (clock() < until && wanted === null && !running.signal.aborted && !closing.signal.aborted) {
      await pause(until - clock())
    }
  }

  async function recover(error: unknown, wait: number): Promise<void> {
    if (!isAppError(error)) console.error(error)
    const reason = isAppError(error)
      ? error
      : new AppError('app.bug', { reason: error instanceof Error ? error.message : String(error) }, error)
    const until = clock() + wait
    store.setState(state => ({
      stage: 'recovering',
      error: reason.toData(),
      until,
      abandoned: state.abandoned + (state.study === null ? 0 : 1),
    }))
    while (clock() < until && !closing.signal.aborted && !running.signal.aborted) await pause(until - clock())
  }

  /** Whatever of it fails is left: the next study is another one. */
  async function clearAway(study: Pick<KioskStudy, 'address' | 'hospitals'> | null): Promise<void> {
    await frames.clear()
    if (study === null) return
    for (const step of [ports.settle, ports.wipe]) {
      await step(study).catch(error => console.warn('the wall could not be cleared of a study', error))
    }
    ports.remember(null)
  }

  async function pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  const alive = live()
  return {
    store,
    begin(preset) {
      const { stage } = store.getState()
      if (stage !== 'idle' && stage !== 'finished' && stage !== 'recovering') return
      wanted = preset ?? current.preset
      wake()
    },
    async reset() {
      wanted = null
      running.abort(new DOMException('reset', 'AbortError'))
      wake()
      await new Promise<void>(resolve => {
        const look = () => (store.getState().stage === 'idle' ? resolve() : setTimeout(look, 50))
        look()
      })
    },
    configure(next) {
      current = next
      wake()
    },
    async close() {
      closing.abort(new DOMException('the page was closed', 'AbortError'))
      wake()
      await alive
    },
  }
}

interface Watch {
  /** Whether the page must be started again. */
  isLost(state: Automation | null, now: number): boolean
}

function createWatch(now: number): Watch {
  let last = ''
  let changed = now
  let reloads = 0
  return {
    isLost(state, time) {
      const seen =
        state === null
          ? 'silent'
          : JSON.stringify([state.status, state.phase, state.round, state.task, state.completed])
      if (seen !== last) {
        last = seen
        changed = time
      }
      if (state?.status === 'done' || reloads === reloadsPerFrame) return false
      const quiet = time - changed
      const isLost = state === null ? quiet > silentAfter : state.status === 'failed' || quiet > stuckAfter
      if (!isLost) return false
      reloads += 1
      changed = time
      last = 'reloaded'
      return true
    },
  }
}

/** Of 32 bits, as a manifest's seed. */
function seedFrom(milliseconds: number): number {
  return milliseconds % 0x1_0000_0000
}
