import { isPreemptible, nextTask, taskKey } from './duties.ts'
import type { Effect, HospitalEvent, HospitalState, Task, Transition } from './state.ts'

const MAX_BACKOFF_SECONDS = 10

/**
 * One hospital's round as a pure function: what was known and what happened give what is known and what to do.
 * It never sends or trains by itself; the runner performs the effects.
 */
export function transition(state: HospitalState, event: HospitalEvent): Transition {
  switch (event.type) {
    case 'snapshot': {
      const newRound = state.snapshot !== null && event.snapshot.round > state.snapshot.round
      const next = {
        ...state,
        snapshot: event.snapshot,
        sent: newRound ? {} : state.sent,
        // The person declined a round's prompt: another round is another question.
        paused: state.paused && !(newRound && state.lastError !== null),
      }
      const result = proceed(next)
      if (!newRound) return result
      // One round is kept behind: a reorg may bring it back.
      return { ...result, effects: [{ type: 'forget', beforeRound: event.snapshot.round - 1 }, ...result.effects] }
    }
    case 'progress':
      return { state: { ...state, progress: event.progress }, effects: [] }
    case 'done': {
      if (!isCurrent(state, event.task)) return { state, effects: [] }
      const idle = { ...state, task: null, progress: null, failures: 0, retryAt: 0, lastError: null }
      return proceed(applyResult(idle, event))
    }
    case 'failed': {
      if (!isCurrent(state, event.task)) return { state, effects: [] }
      const again = state.lastError !== null && taskKey(state.lastError.task) === taskKey(event.task)
      const failures = again ? state.failures + 1 : 1
      const backoff = Math.min(2 ** (failures - 1), MAX_BACKOFF_SECONDS)
      const idle = {
        ...state,
        task: null,
        progress: null,
        failures,
        retryAt: (state.snapshot?.time ?? 0) + backoff,
        lastError: { task: event.task, error: event.error },
        paused: state.paused || event.declined,
        givenUp: event.isFinal ? taskKey(event.task) : state.givenUp,
      }
      return proceed(idle)
    }
    case 'pause':
      return stopTask({ ...state, paused: true })
    case 'resume':
      return proceed({ ...state, paused: false, failures: 0, retryAt: 0, lastError: null, givenUp: null })
  }
}

/** Starts what is due, drops what no longer is. */
function proceed(state: HospitalState): Transition {
  const due = nextTask(state)
  if (state.task === null) return due === null ? idle(state) : start(state, due)
  if (due !== null && taskKey(due) === taskKey(state.task) && sameFinality(due, state.task)) return idle(state)
  if (isStillWanted(state, state.task, due)) return idle(state)
  const effects: Effect[] = [{ type: 'cancel', task: state.task }]
  const stopped = { ...state, task: null, progress: null }
  if (due === null) return { state: stopped, effects }
  const started = start(stopped, due)
  return { state: started.state, effects: [...effects, ...started.effects] }
}

/** A task goes on as long as it is owed, and an evaluation until something with a deadline comes. */
function isStillWanted(state: HospitalState, task: Task, due: Task | null): boolean {
  if (state.paused) return false
  if (isPreemptible(task)) return due === null
  // A transaction that was just mined: the snapshot may be one poll behind the task's own end.
  return task.type === 'advance'
}

function start(state: HospitalState, task: Task): Transition {
  const { snapshot, lastError } = state
  if (snapshot === null) return idle(state)
  const isRetry = lastError !== null && taskKey(lastError.task) === taskKey(task)
  if (isRetry && snapshot.time < state.retryAt) return idle(state)
  return { state: { ...state, task, progress: null }, effects: [{ type: 'start', task, snapshot }] }
}

function stopTask(state: HospitalState): Transition {
  if (state.task === null) return idle(state)
  return { state: { ...state, task: null, progress: null }, effects: [{ type: 'cancel', task: state.task }] }
}

function applyResult(state: HospitalState, { task, result }: Extract<HospitalEvent, { type: 'done' }>): HospitalState {
  if (result === undefined) return state
  if ('installed' in result) return { ...state, installed: result.installed }
  if ('sent' in result) return { ...state, sent: { ...state.sent, [taskKey(task)]: state.snapshot?.time ?? 0 } }
  if ('abstained' in result) return { ...state, abstained: result.abstained }
  const { evaluation } = result
  return {
    ...state,
    evaluated: Math.max(state.evaluated, evaluation.round),
    finished: state.finished || (task.type === 'evaluate' && task.final),
    evaluations: [...state.evaluations.filter(other => other.round !== evaluation.round), evaluation],
  }
}

function isCurrent(state: HospitalState, task: Task): boolean {
  return state.task !== null && taskKey(state.task) === taskKey(task) && sameFinality(state.task, task)
}

function sameFinality(a: Task, b: Task): boolean {
  return a.type !== 'evaluate' || (b.type === 'evaluate' && a.final === b.final)
}

function idle(state: HospitalState): Transition {
  return { state, effects: [] }
}
