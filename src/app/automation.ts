import { AppError, type AppErrorData } from '../errors/AppError.ts'
import { type PhaseName, phaseName } from './phases.ts'
import type { HospitalResult, HospitalStore, Stage } from './store.ts'

/**
 * What a page tells a program that drives it: plain data, to be read and never written.
 *
 * @example const { status, round } = await page.evaluate(() => ({ ...window.wardround }))
 */
export interface Automation {
  readonly version: 1
  readonly status: Stage
  /** null before the first look at the chain. */
  readonly phase: PhaseName | null
  /** Running round, void ones counted. */
  readonly round: number
  /** Model rounds finalised, and of the study. */
  readonly completed: number
  readonly rounds: number
  /** What this hospital does now; null while it waits for others. */
  readonly task: string | null
  readonly backend: string | null
  readonly error: (AppErrorData & { readonly message: string }) | null
  readonly result: HospitalResult | null
}

declare global {
  interface Window {
    /** Read-only; absent until a hospital is open in this tab. */
    readonly wardround?: Automation
  }
}

/** Shows the store's state as window.wardround. Its properties are computed when they are read. */
export function publishAutomation(store: HospitalStore): void {
  const api = Object.freeze(
    readOnly<Automation>({
      version: () => 1,
      status: () => store.getState().stage,
      phase: () => {
        const snapshot = store.getState().round?.snapshot
        return snapshot ? phaseName(snapshot.phase) : null
      },
      round: () => store.getState().round?.snapshot?.round ?? 0,
      completed: () => store.getState().round?.snapshot?.completed ?? 0,
      rounds: () => store.getState().study?.rounds ?? 0,
      task: () => store.getState().round?.task?.type ?? null,
      backend: () => store.getState().backend,
      error: () => {
        const state = store.getState()
        const error = state.error ?? state.joining.error
        return error && { ...error, message: AppError.fromData(error).message }
      },
      result: () => store.getState().result,
    }),
  )
  Object.defineProperty(window, 'wardround', { value: api, configurable: true, enumerable: true })
}

function readOnly<T extends object>(getters: { readonly [K in keyof T]: () => T[K] }): T {
  const target = {}
  for (const [name, get] of Object.entries(getters))
    Object.defineProperty(target, name, { get: get as () => unknown, enumerable: true })
  return target as T
}
