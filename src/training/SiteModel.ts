import type { Encoded } from '../data/encode.ts'
import { mixSeeds } from '../data/seed.ts'
import { noisyOnGrid } from '../privacy/noise/grid.ts'
import type { Work } from '../rounds/ports.ts'
import { withShared } from '../study/layout.ts'
import type { ModelSpec, PrivacySpec } from '../study/manifest.ts'
import { adaptiveClip, clipGroups } from './clipGroups.ts'
import type { Engine } from './engine.ts'
import { addressSeed, report, type Study } from './hospitalStudy.ts'
import { fitIntercept } from './intercept.ts'
import type { PrivateTrainingResult } from './privateTraining.ts'

/** What a private training ended with. Noised answers led to it, so that starting from it costs nothing more. */
type Noised = Pick<PrivateTrainingResult, 'parameters' | 'clips'>

/** The model at this hospital: the shared part that is given, and the site's own, kept from round to round. */
export class SiteModel {
  readonly #study: Study
  readonly #startEngine: () => Promise<Engine>
  /** All parameters after the last training: its site-local part is kept. */
  #own: Float32Array | undefined
  /** What private trainings came to: before the round that was trained last, and after it. */
  #noised: { readonly round: number; readonly before: Noised | undefined; readonly after: Noised } | undefined

  constructor(study: Study, startEngine: () => Promise<Engine>) {
    this.#study = study
    this.#startEngine = startEngine
  }

  /**
   * One round's training from a shared part, with the site's own fitted first.
   * @returns all parameters @throws AppError training.diverged, training.cancelled
   */
  async train(round: number, shared: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const { manifest, self } = this.#study
    if (manifest.privacy) return this.#trainPrivately(round, manifest.privacy, shared, rows, work)
    const engine = await this.#startEngine()
    const start = await this.withOwnPart(shared, rows, work)
    const { parameters } = await engine.train({
      model: manifest.model,
      training: manifest.training,
      parameters: start,
      examples: rows,
      seed: mixSeeds(manifest.seed, round, addressSeed(self)),
      anchor: start,
      ...(work.signal && { signal: work.signal }),
      onProgress: (done, total, loss) =>
        report(work, { stage: 'train', done, total, ...(loss !== undefined && { loss }) }),
    })
    this.#own = parameters
    return parameters
  }

  /** The site's own part is noised like the rest: see trainPrivately. */
  async #trainPrivately(
    round: number,
    privacy: PrivacySpec,
    shared: Float32Array,
    rows: Encoded,
    work: Work,
  ): Promise<Float32Array> {
    const { layout, manifest, initial } = this.#study
    const engine = await this.#startEngine()
    const before = this.#noisedBefore(round)
    const start = withShared(layout, before?.parameters ?? initial, shared)
    const after = await engine.trainPrivately({
      model: manifest.model,
      training: manifest.training,
      parameters: start,
      anchor: start,
      examples: rows,
      steps: privacy.steps,
      sampleRate: privacy.sampleRate,
      groups: clipGroups(layout, privacy, before?.clips),
      adaptive: adaptiveClip(layout, privacy),
      noise: noisyOnGrid,
      ...(work.signal && { signal: work.signal }),
      onProgress: (done, total) => report(work, { stage: 'train', done, total }),
    })
    this.#own = after.parameters
    this.#noised = { round, before, after }
    return after.parameters
  }

  /**
   * Where a round starts but for the shared part: the site's own parameters and adaptive clips, as the last round left them. A round
   * that is trained again starts where it did before, as it is paid for once. After a reload the study's own are taken again.
   */
  #noisedBefore(round: number): Noised | undefined {
    return this.#noised && (this.#noised.round < round ? this.#noised.after : this.#noised.before)
  }

  /** All parameters: the shared ones given, the site's own kept from the last training and fitted to these rows. */
  async withOwnPart(shared: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const { layout, manifest, initial } = this.#study
    const parameters = withShared(layout, this.#own ?? initial, shared)
    const { siteLocal } = manifest.model
    if (siteLocal !== 'head') return siteLocal === 'bias' ? this.withFittedBias(parameters, rows, work) : parameters
    // With differential privacy a head that was fitted here without noise must never be trained on.
    if (this.#own !== undefined || manifest.privacy) return parameters
    // A head that never trained here, as in the first round or after a reload, would spoil the shared layers' first steps.
    const engine = await this.#startEngine()
    const fitted = await engine.train({
      model: manifest.model,
      training: manifest.training,
      parameters,
      examples: rows,
      seed: mixSeeds(manifest.seed, -2),
      trainOnly: 'local',
      ...(work.signal && { signal: work.signal }),
    })
    this.#own = fitted.parameters
    return fitted.parameters
  }

  /**
   * All parameters for predicting and scoring: what a round would start from, its last bias fitted to these rows where the study
   * is calibrated. Nothing is trained from them.
   */
  async forUse(shared: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const parameters = await this.withOwnPart(shared, rows, work)
    return this.#study.manifest.model.calibrated ? this.withFittedBias(parameters, rows, work) : parameters
  }

  /** Where the last bias is fitted at each site, sets it to what fits these rows best; else returns the parameters. */
  async withFittedBias(parameters: Float32Array, rows: Encoded, work: Work): Promise<Float32Array> {
    const { layout, manifest } = this.#study
    const bias = layout.tensors.at(-1)
    if (!fitsBias(manifest.model) || bias?.kind !== 'bias') return parameters
    const fitted = new Float32Array(parameters)
    fitted.fill(0, bias.offset, bias.offset + bias.size)
    fitted.set(fitIntercept(await this.predict(fitted, rows, work), rows.labels, layout.outputs), bias.offset)
    return fitted
  }

  /** Probabilities, row after row. @throws AppError training.cancelled */
  async predict(
    parameters: Float32Array,
    rows: Pick<Encoded, 'inputs' | 'count'>,
    work: Work = {},
  ): Promise<Float32Array> {
    const engine = await this.#startEngine()
    return engine.predict(this.#study.manifest.model, parameters, rows.inputs, rows.count, work.signal)
  }
}

/** Whether each hospital fits the last bias to its own patients, as a part that it keeps or only for its use. */
export function fitsBias({ siteLocal, calibrated }: ModelSpec): boolean {
  return siteLocal === 'bias' || calibrated === true
}
