import type { BadCell } from '../data/csv.ts'
import { type RowReader, readLoosely, rowReader } from '../data/csvCheck.ts'
import { readText, scanCsv, writeCsv } from '../data/csvFile.ts'
import { type Cell, type Dataset, isTable } from '../data/dataset.ts'
import { type Encoded, encodedNames, encodeWithMissing, listed, standardise } from '../data/encode.ts'
import { type ColumnMapping, checkMapping, guessMapping } from '../data/mapping.ts'
import { mixSeeds } from '../data/seed.ts'
import { statisticsOf } from '../data/statistics.ts'
import { AppError } from '../errors/AppError.ts'
import type { WithLocal, Work } from '../rounds/ports.ts'
import type { Feature, TableSchema } from '../study/manifest.ts'
import type { LocalOnly } from '../study/types.ts'
import type { AloneBaseline } from './AloneBaseline.ts'
import { addressSeed, type Base, joined, type Parts, report, type Study, stopIfAborted } from './hospitalStudy.ts'
import { writeLayersModel } from './layersModel.ts'
import { evaluation, yesProbabilities } from './metrics.ts'
import type { NamedFile } from './modelUse.ts'
import { classesOf, resultDetails, youdenThreshold } from './results.ts'
import type { SiteModel } from './SiteModel.ts'
import type { FilePredictions, LayersModelFile, PatientInput, Prediction, ResultDetails } from './screen.ts'
import { groupsOf } from './subgroups.ts'

/** Predictions on this hospital's held-out patients. For this screen only. */
export interface HeldOut {
  readonly labels: Int32Array
  readonly outputs: number
  readonly federated: Float32Array
  readonly local: Float32Array | null
}

/** How far from the mean a value may lie, in deviations, before it is called unusual. */
const usualDeviations = 4
/** Rows of a file that are predicted at once. */
const rowsAtOnce = 2000

interface Ready {
  /** All of them, the site's own part fitted on everybody who is not held out. */
  readonly parameters: Float32Array
  /** Chosen on the same patients; null for more than two classes. */
  readonly threshold: number | null
}

/** What a hospital sees and does with models of its study, on its own patients. Changes nothing that is trained from. */
export class LocalUse {
  readonly #study: Study
  readonly #dataset: Dataset
  readonly #site: SiteModel
  readonly #alone: AloneBaseline
  readonly #parts: () => Parts<Encoded>
  #ready = new WeakMap<Base, Promise<Ready>>()

  constructor(given: {
    readonly study: Study
    readonly dataset: Dataset
    readonly site: SiteModel
    readonly alone: AloneBaseline
    /** @throws AppError training.noModel before the study's standardisation is known */
    readonly parts: () => Parts<Encoded>
  }) {
    this.#study = given.study
    this.#dataset = given.dataset
    this.#site = given.site
    this.#alone = given.alone
    this.#parts = given.parts
  }

  /** The site's own part has moved: what was fitted with it is fitted again. */
  trained(): void {
    this.#ready = new WeakMap()
  }

  /**
   * Both models on the held-out patients. They get the same last step: the site-local part is fitted on all patients that
   * are not held out.
   * @throws AppError training.noModel, training.cancelled
   */
  async heldOut(base: Base, withLocal: WithLocal, work: Work): Promise<HeldOut> {
    const { test } = this.#parts()
    const total = withLocal === false ? 1 : 2
    const federated = await this.#site.predict(await this.#federated(base, work), test, work)
    report(work, { stage: 'evaluate', done: 1, total })
    const alone = await this.#local(base, withLocal, work)
    const local = alone && (await this.#site.predict(alone, test, work))
    if (withLocal !== false) report(work, { stage: 'evaluate', done: 2, total })
    return { labels: test.labels, outputs: this.#study.layout.outputs, federated, local }
  }

  /** @throws AppError training.noModel, training.cancelled */
  async details(base: Base, withLocal: WithLocal, work: Work): Promise<LocalOnly<ResultDetails>> {
    const { manifest, layout, self } = this.#study
    const { train, validation, test } = this.#parts()
    const classes = classesOf(manifest.schema)
    const fit = joined(train, validation)
    const predictions = async (parameters: Float32Array) => ({
      test: await this.#site.predict(parameters, test, work),
      // For a threshold, which more than two classes have none of.
      fit: classes.length === 2 ? await this.#site.predict(parameters, fit, work) : new Float32Array(),
    })
    const federated = await predictions(await this.#federated(base, work))
    report(work, { stage: 'evaluate', done: 1, total: 3 })
    const alone = await this.#local(base, withLocal, work)
    const local = alone && (await predictions(alone))
    report(work, { stage: 'evaluate', done: 2, total: 3 })
    stopIfAborted(work)
    const details = resultDetails({
      classes,
      outputs: layout.outputs,
      labels: { test: test.labels, fit: fit.labels },
      federated,
      local,
      groups: isTable(this.#dataset) ? groupsOf(manifest, this.#dataset.test) : [],
      seed: mixSeeds(manifest.seed, -3, addressSeed(self)),
    })
    report(work, { stage: 'evaluate', done: 3, total: 3 })
    return { localOnly: details }
  }

  /** @throws AppError training.noModel, data.badInput */
  async predict(base: Base, input: PatientInput): Promise<LocalOnly<Prediction>> {
    const { manifest, layout } = this.#study
    const { schema } = manifest
    const row = schema.kind === 'table' ? this.#rowOf(schema, base, input) : imageOf(this.#study.width, input)
    const { parameters, threshold } = await this.#use(base)
    const answer = await this.#site.predict(parameters, { inputs: row.inputs, count: 1 })
    const probabilities = layout.outputs === 1 ? [1 - (answer[0] as number), answer[0] as number] : [...answer]
    const { filledIn, unusual } = row
    return { localOnly: { probabilities, classes: classesOf(schema), threshold, filledIn, unusual } }
  }

  /** @throws AppError training.noModel, training.cancelled, data.* */
  async predictCsv(
    base: Base,
    file: NamedFile,
    given: ColumnMapping | null,
    work: Work,
  ): Promise<LocalOnly<FilePredictions>> {
    const { schema } = this.#study.manifest
    if (schema.kind !== 'table') {
      throw new AppError('data.unreadable', { file: file.name, reason: 'this study’s patients are images' })
    }
    const loose = withoutLimits(schema)
    const ready = await this.#use(base)
    const means = this.#means(base)
    const text = await readText(file.name, file.blob)
    let columns: readonly string[] = []
    let mapping: ColumnMapping = {}
    let reader: RowReader | undefined
    const cells: (readonly string[])[] = []
    const encoded: (Float64Array | null)[] = []
    const filled: string[] = []
    const notes: string[] = []
    const problems: BadCell[] = []
    scanCsv(text, file.name, {
      header(names, decimalComma) {
        columns = names
        mapping = guessMapping(names, schema, given)
        checkMapping(mapping, file.name)
        if (schema.features.every(feature => mapping[feature.name] === null)) {
          const missing = listed(schema.features.map(feature => feature.name))
          throw new AppError('data.columnsDiffer', { file: file.name, missing, unknown: listed(names.slice(0, 20)) })
        }
        // Whatever the file says of the outcome is not asked.
        reader = rowReader(names, loose, { ...mapping, [schema.outcome.name]: null }, decimalComma)
      },
      row(row) {
        const { values, bad } = (reader as RowReader)(row)
        const known = values.map((value, f) => (mapping[schema.features[f]?.name ?? ''] === null ? null : value))
        const isGuess = known.every(value => value === null)
        const nothing = {
          row: row.number,
          column: 'whole row',
          value: '',
          expected: 'a patient of whom something is known',
        }
        const wrong = bad.length > 0 ? bad : isGuess ? [nothing] : []
        problems.push(...wrong)
        cells.push(columns.map((_, i) => row.cells[i] ?? ''))
        encoded.push(wrong.length > 0 ? null : encodeWithMissing(schema, known, means))
        notes.push(wrong.map(cell => `${cell.column}: not ${cell.expected}`).join('; '))
        filled.push(
          wrong.length > 0
            ? ''
            : schema.features.flatMap((feature, f) => (known[f] === null ? [feature.name] : [])).join(' '),
        )
      },
    })
    const answers = await this.#predictRows(base, ready.parameters, encoded, work)
    const outcome = schema.outcome.label ?? schema.outcome.name
    const threshold = ready.threshold ?? 0.5
    const added = [
      `${outcome}: probability (research use)`,
      `${outcome}: yes from ${threshold.toFixed(2)}`,
      'Mean stood in for',
      'Not predicted because',
    ]
    const rows = cells.map((row, i) => {
      const answer = answers[i] ?? null
      const said = answer === null ? ['', ''] : [answer.toFixed(4), answer >= threshold ? 'yes' : 'no']
      return [...row, ...said, filled[i] as string, notes[i] as string]
    })
    return {
      localOnly: {
        csv: writeCsv([...columns, ...added], rows),
        rows: rows.length,
        filledIn: filled.filter(names => names !== '').length,
        mapping,
        unmapped: schema.features.flatMap(({ name }) => (mapping[name] === null ? [name] : [])),
        problems,
      },
    }
  }

  /** @throws AppError training.noModel */
  async exportModel(base: Base): Promise<LocalOnly<LayersModelFile>> {
    const { model, name, schema } = this.#study.manifest
    const { parameters } = await this.#use(base)
    const inputs = schema.kind === 'table' ? encodedNames(schema) : []
    const notes = { name, inputs, classes: classesOf(schema) }
    return { localOnly: writeLayersModel(model, parameters, base.standardisation, notes) }
  }

  #federated(base: Base, work: Work): Promise<Float32Array> {
    return this.#site.forUse(base.shared, this.#fitted(), work)
  }

  async #local(base: Base, withLocal: WithLocal, work: Work): Promise<Float32Array | null> {
    if (withLocal === false) return null
    const { train } = this.#parts()
    const alone =
      withLocal === 'final'
        ? await this.#alone.final(base.trained, train, work)
        : await this.#alone.live(base.trained, train, work)
    return alone && this.#site.withFittedBias(alone, this.#fitted(), work)
  }

  /** Whom the site's own part, or its calibration, is fitted on. */
  #fitted(): Encoded {
    const { train, validation } = this.#parts()
    const { model } = this.#study.manifest
    return model.siteLocal === 'none' && !model.calibrated ? train : joined(train, validation)
  }

  /** Once for each model, since a person predicts one patient after the other. */
  #use(base: Base): Promise<Ready> {
    const known = this.#ready.get(base)
    if (known !== undefined) return known
    const ready = this.#prepare(base)
    this.#ready.set(base, ready)
    ready.catch(() => this.#ready.delete(base))
    return ready
  }

  async #prepare(base: Base): Promise<Ready> {
    const { train, validation } = this.#parts()
    const { outputs } = this.#study.layout
    const parameters = await this.#federated(base, {})
    if (outputs > 2) return { parameters, threshold: null }
    const rows = joined(train, validation)
    const yes = yesProbabilities(await this.#site.predict(parameters, rows), outputs)
    return { parameters, threshold: youdenThreshold(yes, rows.labels) }
  }

  async #predictRows(
    base: Base,
    parameters: Float32Array,
    rows: readonly (Float64Array | null)[],
    work: Work,
  ): Promise<readonly (number | null)[]> {
    const { width, layout } = this.#study
    const answers: (number | null)[] = []
    for (let from = 0; from < rows.length; from += rowsAtOnce) {
      const some = rows.slice(from, from + rowsAtOnce)
      const known = some.filter(row => row !== null)
      const matrix = new Float64Array(known.length * width)
      known.forEach((row, i) => {
        matrix.set(row, i * width)
      })
      const yes =
        known.length === 0
          ? new Float32Array()
          : yesProbabilities(
              await this.#site.predict(
                parameters,
                { inputs: standardise(matrix, width, base.standardisation), count: known.length },
                work,
              ),
              layout.outputs,
            )
      let at = 0
      for (const row of some) answers.push(row === null ? null : (yes[at++] as number))
      stopIfAborted(work)
      report(work, { stage: 'evaluate', done: answers.length, total: rows.length })
    }
    return answers
  }

  /** What stands in for missing values: of all hospitals' patients where the study standardises, else of this one's. */
  #means(base: Base): ArrayLike<number> {
    if (base.standardisation !== null) return base.standardisation.mean
    const { tables, width } = this.#study
    if (tables === null) throw new AppError('training.noData')
    const { sums, count } = statisticsOf(tables.train.matrix, width)
    return sums.map(sum => sum / count)
  }

  #rowOf(schema: TableSchema, base: Base, input: PatientInput) {
    const filledIn: string[] = []
    const unusual: { column: string; value: number; range: string }[] = []
    let at = 0
    const values = withoutLimits(schema).features.map((loose, f): Cell | null => {
      const feature = schema.features[f] as Feature
      const place = at
      at += feature.type === 'category' ? feature.levels.length - 1 : 1
      const given = (input as Readonly<Record<string, unknown>>)[feature.name]
      const text = given === null || given === undefined ? '' : String(given).trim()
      if (text === '') {
        filledIn.push(feature.name)
        return null
      }
      // Typed, not read from a file: no separator could be meant by a comma.
      const cell = readLoosely(loose, text, true)
      if (cell.value === undefined) {
        throw new AppError('data.badInput', {
          column: feature.label ?? feature.name,
          value: text,
          expected: cell.expected,
        })
      }
      if (feature.type === 'number') {
        const range = unusualFor(feature, cell.value as number, base, place)
        if (range !== null) unusual.push({ column: feature.name, value: cell.value as number, range })
      }
      return cell.value
    })
    const encoded = encodeWithMissing(schema, values, this.#means(base))
    return { inputs: standardise(encoded, this.#study.width, base.standardisation), filledIn, unusual }
  }
}

/** Held-out predictions as the figures that a study shows of them. */
export function evaluationsOf({ labels, outputs, federated, local }: HeldOut) {
  return { federated: evaluation(federated, labels, outputs), local: local && evaluation(local, labels, outputs) }
}

/** A patient outside of the study's limits can be asked about; whoever asks is told. */
function withoutLimits(schema: TableSchema): TableSchema {
  const features = schema.features.map(
    (feature): Feature => (feature.type === 'number' ? { type: 'number', name: feature.name } : feature),
  )
  return { ...schema, features }
}

/** The range that a value is outside of, in words; null where it is not. */
function unusualFor(
  { min, max, unit }: Extract<Feature, { type: 'number' }>,
  value: number,
  { standardisation }: Base,
  place: number,
): string | null {
  const words = (low: number, high: number) =>
    `${rounded(low)} to ${rounded(high)}${unit === undefined ? '' : ` ${unit}`}`
  const [mean, deviation] = [standardisation?.mean[place], standardisation?.deviation[place]]
  const spread = (deviation ?? Number.POSITIVE_INFINITY) * usualDeviations
  const low = Math.max(min ?? Number.NEGATIVE_INFINITY, (mean ?? 0) - spread)
  const high = Math.min(max ?? Number.POSITIVE_INFINITY, (mean ?? 0) + spread)
  if (value >= low && value <= high) return null
  if (low === Number.NEGATIVE_INFINITY) return `up to ${rounded(high)}`
  if (high === Number.POSITIVE_INFINITY) return `from ${rounded(low)}`
  return words(low, high)
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function imageOf(width: number, input: PatientInput) {
  const { pixels } = input as { readonly pixels?: unknown }
  if (!(pixels instanceof Uint8Array) || pixels.length !== width) {
    const value = pixels instanceof Uint8Array ? `${pixels.length} pixels` : 'no image'
    throw new AppError('data.badInput', { column: 'image', value, expected: `an image of ${width} pixels` })
  }
  return { inputs: Float32Array.from(pixels, pixel => pixel / 255), filledIn: [], unusual: [] }
}
