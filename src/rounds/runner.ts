import { createStore, type StoreApi } from 'zustand/vanilla'
import { isAppError } from '../errors/AppError.ts'
import type { ErrorCode } from '../errors/messages.ts'
import type { Hex } from '../study/types.ts'
import { holdsModel, memberIndex, taskKey } from './duties.ts'
import { type HospitalPorts, perform } from './effects.ts'
import { transition } from './machine.ts'
import { Phase } from './ports.ts'
import { type Effect, type HospitalEvent, type HospitalState, initialState, type Task } from './state.ts'

/** Seconds since the start, by what they were spent on. What is left is waiting for others. */
export interface Spent {
  readonly total: number
  readonly store: number
  readonly chain: number
}

export interface Runner {
  /** The round as it stands; subscribe to show it. Only the runner writes to it. */
  readonly store: StoreApi<HospitalState>
  /** Runs until the study ended here (last model installed and evaluated) or the signal aborts. */
  run(signal: AbortSignal): Promise<HospitalState>
  pause(): void
  resume(): void
  spent(): Spent
}

/** Errors that no further try makes good. */
const FINAL: readonly ErrorCode[] = ['journal.lost', 'proving.lost', 'proving.noiseUsed']

export interface RunnerOptions {
  /** Told of every task that begins, ends or fails; for the activity list. */
  readonly onTask?: (task: Task, what: 'began' | 'done' | 'failed' | 'stopped', error?: unknown) => void
}

/**
 * Drives one hospital through a study: feeds the chain's snapshots to the machine and performs what it asks for.
 * The same code runs in a tab and, with other adapters, headless in Node.
 */
export function createRunner(allPorts: HospitalPorts, options: RunnerOptions = {}): Runner {
  const clock = createClock()
  const ports = timed(allPorts, clock)
  const store = createStore<HospitalState>(() => initialState(ports.chain.self))
  const held = new Set<Hex>()
  let running: { task: Task; controller: AbortController } | null = null
  let lastWork: Promise<void> = Promise.resolve()
  let finish = () => {}
  const finished = new Promise<void>(resolve => {
    finish = resolve
  })

  function dispatch(event: HospitalEvent): void {
    const { state, effects } = transition(store.getState(), event)
    store.setState(state, true)
    for (const effect of effects) handle(effect)
    if (isOver(state)) finish()
  }

  function handle(effect: Effect): void {
    switch (effect.type) {
      case 'start':
        startTask(effect)
        return
      case 'cancel':
        options.onTask?.(effect.task, 'stopped')
        running?.controller.abort(new DOMException('no longer wanted', 'AbortError'))
        running = null
        return
      case 'forget':
        // What is forgotten is opened again should it be wanted: a round that a reorg brings back.
        held.clear()
        void Promise.all([ports.training.forget(effect.beforeRound), ports.journal.forget(effect.beforeRound)]).catch(
          error => console.warn('old rounds could not be cleared', error),
        )
        return
    }
  }

  function startTask({ task, snapshot }: Extract<Effect, { type: 'start' }>): void {
    const controller = new AbortController()
    const current = { task, controller }
    running = current
    options.onTask?.(task, 'began')
    const context = {
      ports,
      snapshot,
      state: store.getState,
      held,
      signal: controller.signal,
      onProgress: (progress: Parameters<typeof report>[1]) => report(current, progress),
    }
    // A cancelled task must have let go of the trainer before the next one takes it.
    lastWork = lastWork.then(async () => {
      try {
        controller.signal.throwIfAborted()
        const result = await perform(task, context)
        if (running !== current) return
        running = null
        options.onTask?.(task, 'done')
        dispatch({ type: 'done', task, ...(result === undefined ? {} : { result }) })
      } catch (error) {
        if (running !== current) return
        running = null
        options.onTask?.(task, 'failed', error)
        const isFinal = isHopeless(task, error)
        dispatch({ type: 'failed', task, error, declined: isAppError(error, 'chain.rejected'), isFinal })
      }
    })
  }

  function report(current: { task: Task }, progress: NonNullable<HospitalState['progress']>): void {
    if (running !== null && taskKey(running.task) === taskKey(current.task)) dispatch({ type: 'progress', progress })
  }

  async function run(signal: AbortSignal): Promise<HospitalState> {
    const watching = new AbortController()
    const stop = () => {
      watching.abort()
      running?.controller.abort(signal.reason)
      running = null
    }
    signal.addEventListener('abort', stop, { once: true })
    const watch = async () => {
      for await (const snapshot of ports.chain.snapshots(watching.signal)) dispatch({ type: 'snapshot', snapshot })
    }
    try {
      await Promise.race([watch(), finished])
    } catch (error) {
      if (!watching.signal.aborted) throw error
    } finally {
      watching.abort()
      signal.removeEventListener('abort', stop)
    }
    return store.getState()
  }

  return {
    store,
    run,
    pause: () => dispatch({ type: 'pause' }),
    resume: () => dispatch({ type: 'resume' }),
    spent: () => clock.read(),
  }
}

/** Whether no further try can go better: what it takes is gone, or, to prepare, the hospital has left. */
function isHopeless(task: Task, error: unknown): boolean {
  if (!isAppError(error)) return false
  return FINAL.includes(error.code) || (task.type === 'prepare' && error.details.error === 'Study_NotMember')
}

/** Ended on the chain, the last model here and its final evaluation done (or neither to come). */
function isOver({ snapshot, installed, finished, task, self }: HospitalState): boolean {
  if (snapshot === null || snapshot.phase !== Phase.Ended || task !== null) return false
  if (snapshot.modelRound === 0) return true
  // Whoever the last model is not sealed to has nothing to wait for: strangers, and who joined too late for it.
  if (!holdsModel(snapshot, memberIndex(snapshot, { self }))) return true
  return installed.hash === snapshot.modelHash && finished
}

interface Clock {
  measure<T>(kind: 'store' | 'chain', work: () => Promise<T>): Promise<T>
  read(): Spent
}

/** Counts time by kind; calls of one kind that overlap count once. */
function createClock(): Clock {
  const started = performance.now()
  const spent = { store: 0, chain: 0 }
  const open = { store: { calls: 0, since: 0 }, chain: { calls: 0, since: 0 } }
  return {
    async measure(kind, work) {
      const now = open[kind]
      if (now.calls++ === 0) now.since = performance.now()
      try {
        return await work()
      } finally {
        if (--now.calls === 0) spent[kind] += performance.now() - now.since
      }
    },
    read: () => ({
      total: (performance.now() - started) / 1000,
      store: spent.store / 1000,
      chain: spent.chain / 1000,
    }),
  }
}

function timed(ports: HospitalPorts, clock: Clock): HospitalPorts {
  const { store, chain } = ports
  return {
    ...ports,
    store: {
      put: (blob, options) => clock.measure('store', () => store.put(blob, options)),
      get: (digest, options) => clock.measure('store', () => store.get(digest, options)),
      complete: whole => clock.measure('store', () => store.complete(whole)),
      delete: digest => store.delete(digest),
      traffic: () => store.traffic(),
      close: () => store.close(),
    },
    chain: {
      ref: chain.ref,
      self: chain.self,
      snapshots: signal => chain.snapshots(signal),
      members: addresses => clock.measure('chain', () => chain.members(addresses)),
      commitments: (round, members) => clock.measure('chain', () => chain.commitments(round, members)),
      traces: (round, members) => clock.measure('chain', () => chain.traces(round, members)),
      answers: round => clock.measure('chain', () => chain.answers(round)),
      rewraps: round => clock.measure('chain', () => chain.rewraps(round)),
      modelHeaders: (round, hash) => clock.measure('chain', () => chain.modelHeaders(round, hash)),
      prepare: (call, options) => clock.measure('chain', () => chain.prepare(call, options)),
      submitUpdate: (call, options) => clock.measure('chain', () => chain.submitUpdate(call, options)),
      reveal: (call, options) => clock.measure('chain', () => chain.reveal(call, options)),
      prove: (call, options) => clock.measure('chain', () => chain.prove(call, options)),
      attest: (call, options) => clock.measure('chain', () => chain.attest(call, options)),
      submitScore: (call, options) => clock.measure('chain', () => chain.submitScore(call, options)),
      signModel: (call, options) => clock.measure('chain', () => chain.signModel(call, options)),
      frozenSets: round => clock.measure('chain', () => chain.frozenSets(round)),
      postMasks: (call, options) => clock.measure('chain', () => chain.postMasks(call, options)),
      postProducts: (call, options) => clock.measure('chain', () => chain.postProducts(call, options)),
      openShares: (call, options) => clock.measure('chain', () => chain.openShares(call, options)),
      accuse: (call, options) => clock.measure('chain', () => chain.accuse(call, options)),
      vetoRound: (call, options) => clock.measure('chain', () => chain.vetoRound(call, options)),
      advance: options => clock.measure('chain', () => chain.advance(options)),
    },
  }
}
