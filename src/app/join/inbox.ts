import { unlessAborted } from '../until.ts'

/** What a person asked for, one thing after the other, until somebody takes it. */
export interface Inbox<T> {
  post(item: T): void
  /** The next thing asked for, in order. @throws the signal's reason */
  next(signal: AbortSignal): Promise<T>
  /** Forgets what nobody took: a button pressed twice must not answer the next question. */
  clear(): void
}

export function createInbox<T>(): Inbox<T> {
  let waiting: T[] = []
  let wake: (() => void) | null = null
  return {
    post(item) {
      waiting.push(item)
      wake?.()
    },
    async next(signal) {
      while (waiting.length === 0) {
        const posted = new Promise<void>(resolve => {
          wake = resolve
        })
        await unlessAborted(posted, signal)
      }
      return waiting.shift() as T
    },
    clear() {
      waiting = []
    },
  }
}
