import { residualAfter, startOf } from '../aggregation/compression/errorFeedback.ts'
import { planRandomK, type SparsePlan, select } from '../aggregation/compression/randomK.ts'
import { concatBytes, sameBytes, sha256 } from '../crypto/bytes.ts'
import type { KeyOwner } from '../crypto/keys.ts'
import type { Encoded } from '../data/encode.ts'
import { coordinatesSent } from '../study/upload.ts'
import type { Base, Study } from './hospitalStudy.ts'
import type { ResidualRecord, ResidualStore } from './residualStore.ts'

type Model = Pick<Base, 'round' | 'trained' | 'shared'>

/**
 * Which numbers of its update a hospital sends in a round, and what it owes afterwards: random-k with error feedback
 * (randomK.ts, errorFeedback.ts, docs/decisions/0009). Where a study does not compress, everything is sent and nothing is ever
 * owed.
 *
 * Which coordinates follows from the study's public seed and the number of training rounds behind the base model, so every
 * hospital and seat has the same without a word. A void round does not count: its coordinates are sent again in the next.
 *
 * @example
 * const start = await sparsifier.startFrom(base, rows)
 * const owed = owedAfter(base.shared, await train(start))
 * const sent = sparsifier.selected(base, owed)
 * await sparsifier.keep(round, base, rows, owed, sent) // before any of it leaves
 */
export class Sparsifier {
  readonly #study: Study
  readonly #residuals: ResidualStore
  readonly #owner: KeyOwner
  #plan: { readonly trained: number; readonly plan: SparsePlan } | undefined
  #patients: Promise<Uint8Array> | undefined

  constructor(study: Study, residuals: ResidualStore) {
    this.#study = study
    this.#residuals = residuals
    this.#owner = { deployment: study.ref.deployment, study: study.ref.study, address: study.self }
  }

  /** How many numbers an update of this study has. */
  get length(): number {
    return coordinatesSent(this.#study.manifest, this.#study.layout.sharedSize)
  }

  /**
   * The shared parameters that a round trains from: the base and what is still owed.
   * @param rows the training patients; with other ones, nothing is owed any more
   * @throws AppError journal.failed
   */
  async startFrom(base: Model, rows: Encoded): Promise<Float32Array> {
    const residual = await this.#residual(base, rows)
    return residual === null ? base.shared : startOf(base.shared, residual)
  }

  /** The coordinates of a round that trains from this base, of any vector as long as the shared parameters. */
  selected(base: Model, vector: Float32Array): Float32Array {
    return this.#compresses() ? select(vector, this.#planAfter(base)) : vector
  }

  /** The base's shared parameters with other values at the round's coordinates. @throws RangeError for another number of them */
  replaced(base: Model, values: Float32Array): Float32Array {
    if (values.length !== this.length) throw new RangeError('not as many values as the round has coordinates')
    if (!this.#compresses()) return values
    const shared = new Float32Array(base.shared)
    this.#planAfter(base).coordinates.forEach((coordinate, i) => {
      shared[coordinate] = values[i] as number
    })
    return shared
  }

  /**
   * Keeps what is owed after a round, and what was before it. Call it before the first byte of what was sent leaves: whatever happens
   * then, the next round starts from the right one of the two.
   * @param sent as the seats will read it: rounded and clamped where it is
   * @throws AppError journal.failed
   */
  async keep(round: number, base: Model, rows: Encoded, owed: Float32Array, sent: Float32Array): Promise<void> {
    if (!this.#compresses()) return
    await this.#residuals.save(this.#owner, {
      round,
      patients: await this.#patientsOf(rows),
      before: await this.#residual(base, rows),
      after: residualAfter(owed, this.#planAfter(base), sent),
    })
  }

  /**
   * A base older than the last round that was trained says that the round is not completed: void, taken back by a reorg, or
   * trained again. Then what that round sent was added to nothing, its update is dropped as a void round's always is, and all
   * that was owed before is owed again. Who stayed away while others completed a round after a void one has lost what it sent
   * there, k numbers of one update: the next training makes up for it.
   */
  async #residual(base: Model, rows: Encoded): Promise<Float32Array | null> {
    if (!this.#compresses()) return null
    const record = await this.#residuals.load(this.#owner)
    if (record === undefined || !(await this.#isOfThese(record, rows))) return null
    return base.round < record.round ? record.before : record.after
  }

  async #isOfThese({ patients, after }: ResidualRecord, rows: Encoded): Promise<boolean> {
    return after.length === this.#study.layout.sharedSize && sameBytes(patients, await this.#patientsOf(rows))
  }

  /** A trainer's patients never change. */
  #patientsOf({ inputs, labels }: Encoded): Promise<Uint8Array> {
    this.#patients ??= Promise.all([sha256(bytesOf(inputs)), sha256(bytesOf(labels))]).then(parts =>
      sha256(concatBytes(...parts)),
    )
    return this.#patients
  }

  #planAfter({ trained }: Model): SparsePlan {
    const { manifest, layout } = this.#study
    if (this.#plan?.trained !== trained) {
      const k = this.length
      const plan = planRandomK({ seed: manifest.seed, sent: trained * k, size: layout.sharedSize, k })
      this.#plan = { trained, plan }
    }
    return this.#plan.plan
  }

  #compresses(): boolean {
    return this.#study.manifest.compression !== undefined
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
