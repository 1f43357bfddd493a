import type { Kiosk, KioskView } from './kiosk.ts'

/** What the wall tells a program that watches it: plain data, to be read and never written. */
export interface KioskAutomation {
  readonly version: 1
  readonly stage: KioskView['stage']
  /** Studies completed and given up, and frames restarted, since the page opened. */
  readonly completed: number
  readonly abandoned: number
  readonly reloads: number
  readonly study: string | null
  readonly error: string | null
}

declare global {
  interface Window {
    /** Read-only; absent but on the kiosk's page. */
    readonly wardroundKiosk?: KioskAutomation
  }
}

/** Shows the wall's state as window.wardroundKiosk, computed when it is read. */
export function publishKiosk({ store }: Kiosk): void {
  const value = {
    version: 1,
    get stage() {
      return store.getState().stage
    },
    get completed() {
      return store.getState().completed
    },
    get abandoned() {
      return store.getState().abandoned
    },
    get reloads() {
      return store.getState().reloads
    },
    get study() {
      return store.getState().study?.address ?? null
    },
    get error() {
      return store.getState().error?.code ?? null
    },
  } as const satisfies KioskAutomation
  Object.defineProperty(window, 'wardroundKiosk', { value: Object.freeze(value), configurable: true, enumerable: true })
}
