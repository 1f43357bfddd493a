import type { Encoded } from '../data/encode.ts'
import { mixSeeds } from '../data/seed.ts'
import { isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Work } from '../rounds/ports.ts'
import type { Engine } from './engine.ts'
import { addressSeed, report, type Study } from './hospitalStudy.ts'

/** A round of it that takes longer is left for the end, so that no study waits for its comparison. */
const LIVE_ROUND_MS = 1500
/** Longest that one live evaluation catches up, as after a reload. */
const LIVE_TOTAL_MS = 3000

interface State {
  /** Rounds' worth of epochs behind it. */
  readonly trained: number
  readonly parameters: Float32Array
  readonly velocity: Float32Array | undefined
}

/**
 * The model that this hospital would have had alone: the same rows, the same start, as many epochs as the study took. It
 * goes on from where it was, and its batches are those of one long training, so that step by step and all at once end in
 * the same model.
 */
export class AloneBaseline {
  readonly #study: Study
  readonly #startEngine: () => Promise<Engine>
  #state: State | undefined
  #roundMs: number | undefined

  constructor(study: Study, startEngine: () => Promise<Engine>) {
    this.#study = study
    this.#startEngine = startEngine
  }

  /** What a round of this hospital's own training took: as long as a round of this would. In milliseconds. */
  expect(roundMs: number): void {
    this.#roundMs = roundMs
  }

  /**
   * Trained for as many rounds' epochs, however long that takes.
   * @throws AppError training.diverged, training.cancelled
   */
  async final(rounds: number, rows: Encoded, work: Work): Promise<Float32Array> {
    const wanted = Math.max(1, rounds)
    const state = this.#from(wanted)
    if (state.trained === wanted) return state.parameters
    const next = await this.#train(state, wanted - state.trained, rows, work)
    // A model that is compared with an older version must not lose what a later round goes on from.
    if (this.#state === undefined || this.#state.trained <= wanted) this.#state = next
    return next.parameters
  }

  /**
   * The same, where a round of it takes a moment; null where it would take longer.
   * @throws AppError training.diverged, training.cancelled
   */
  async live(rounds: number, rows: Encoded, work: Work): Promise<Float32Array | null> {
    const wanted = Math.max(1, rounds)
    const since = performance.now()
    let state = this.#from(wanted)
    while (state.trained < wanted) {
      const left = LIVE_TOTAL_MS - (performance.now() - since)
      if (this.#roundMs !== undefined && (this.#roundMs >= LIVE_ROUND_MS || this.#roundMs > left)) return null
      const began = performance.now()
      const limit = timeLimit(LIVE_ROUND_MS)
      try {
        const signal = work.signal ? AbortSignal.any([work.signal, limit]) : limit
        // Without progress: for the person the round is over, and no second training begins.
        state = await this.#train(state, 1, rows, { signal })
      } catch (error) {
        if (!isAppError(error, 'training.cancelled') || work.signal?.aborted) throw error
        this.#roundMs = performance.now() - began
        return null
      }
      this.#roundMs = performance.now() - began
      if (this.#state === undefined || this.#state.trained <= state.trained) this.#state = state
    }
    return state.parameters
  }

  /** What is known already, unless that is ahead, as after a reorg; else the start. */
  #from(wanted: number): State {
    const known = this.#state
    if (known !== undefined && known.trained <= wanted) return known
    return { trained: 0, parameters: this.#study.initial, velocity: undefined }
  }

  async #train(state: State, rounds: number, rows: Encoded, work: Work): Promise<State> {
    const { manifest, self } = this.#study
    const engine = await this.#startEngine()
    const { parameters, velocity } = await engine.train({
      model: manifest.model,
      training: { ...manifest.training, proximal: 0 },
      parameters: state.parameters,
      examples: rows,
      epochs: manifest.training.epochs * rounds,
      resume: { epochs: manifest.training.epochs * state.trained, velocity: state.velocity },
      seed: mixSeeds(manifest.seed, -1, addressSeed(self)),
      ...(work.signal && { signal: work.signal }),
      onProgress: (done, total, loss) =>
        report(work, { stage: 'train', done, total, ...(loss !== undefined && { loss }) }),
    })
    return { trained: state.trained + rounds, parameters, velocity }
  }
}
