import { nextTask } from '../../errors/nextTask.ts'

/** Milliseconds of work after which others get a turn: a cancel arrives as a message. */
const TURN = 40

/** Told how far a proof is. */
export type OnProgress = (done: number, total: number) => void

export interface PaceOptions {
  readonly signal?: AbortSignal | undefined
  /** In units of work that only compare with each other. */
  readonly onProgress?: OnProgress | undefined
}

/** Counts work, and lets others have their turn between its pieces. */
export class Pace {
  readonly #options: PaceOptions
  readonly #total: number
  #done = 0
  #since = performance.now()

  constructor(options: PaceOptions, total: number) {
    this.#options = options
    this.#total = total
    options.signal?.throwIfAborted()
  }

  /** After a piece of so many units. @throws the signal's reason */
  async did(units: number): Promise<void> {
    this.#done = Math.min(this.#total, this.#done + units)
    const { signal, onProgress } = this.#options
    signal?.throwIfAborted()
    if (performance.now() - this.#since < TURN) return
    onProgress?.(this.#done, this.#total)
    await nextTask()
    signal?.throwIfAborted()
    this.#since = performance.now()
  }
}
