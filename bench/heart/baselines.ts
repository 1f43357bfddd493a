import type { Row, TableDataset } from '../../src/data/dataset.ts'
import { encodedWidth, encodeRows, standardise } from '../../src/data/encode.ts'
import { mergeStatistics, standardisationOf, statisticsOf } from '../../src/data/statistics.ts'
import { initialParameters } from '../../src/study/layout.ts'
import type { Manifest, TableSchema } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { fitIntercept } from '../../src/training/intercept.ts'

interface Rows {
  readonly inputs: Float32Array
  readonly labels: Int32Array
  readonly count: number
}

interface HospitalRows {
  readonly train: Rows
  /** Everything that is not held out. */
  readonly known: Rows
  readonly test: Rows
}

/** The hospitals' rows under the same federated standardisation that the study agrees on in round zero. */
export function prepare(datasets: readonly TableDataset[], schema: TableSchema): readonly HospitalRows[] {
  const columns = schema.features.map(feature => feature.name)
  const width = encodedWidth(schema)
  const matrix = (rows: readonly Row[]) => encodeRows(schema, rows, columns, 'bench')
  const by = standardisationOf(mergeStatistics(datasets.map(({ train }) => statisticsOf(matrix(train), width))))
  const rowsOf = (rows: readonly Row[]): Rows => ({
    inputs: standardise(matrix(rows), width, by),
    labels: Int32Array.from(rows, row => row.label),
    count: rows.length,
  })
  return datasets.map(({ train, validation, test }) => ({
    train: rowsOf(train),
    known: rowsOf([...train, ...validation]),
    test: rowsOf(test),
  }))
}

/** Probabilities of one model on all hospitals' training rows together; one intercept for all. */
export async function pooled(
  hospitals: readonly HospitalRows[],
  manifest: Manifest,
  rounds: number,
  engine: Engine,
): Promise<readonly Float32Array[]> {
  const parameters = await trainOn(concat(hospitals.map(({ train }) => train)), manifest, rounds, engine)
  return Promise.all(hospitals.map(({ test }) => engine.predict(manifest.model, parameters, test.inputs, test.count)))
}

/** The same with an intercept for each hospital: an indicator column each, and the last step that the study takes. */
export async function pooledWithIntercepts(
  hospitals: readonly HospitalRows[],
  manifest: Manifest,
  rounds: number,
  engine: Engine,
): Promise<readonly Float32Array[]> {
  const marked = hospitals.map(({ train }, i) => withIndicator(train, i, hospitals.length))
  const width = (manifest.model.input[0] as number) + hospitals.length
  const wide: Manifest = { ...manifest, model: { ...manifest.model, input: [width] } }
  const parameters = await trainOn(concat(marked), wide, rounds, engine)
  const weights = parameters.slice(0, manifest.model.input[0])
  return Promise.all(hospitals.map(hospital => predictWithIntercept(weights, hospital, manifest, engine)))
}

/** Each hospital alone on everything that is not held out: what it could do with no federation to score for. */
export async function aloneOnAllKnown(
  hospitals: readonly HospitalRows[],
  manifest: Manifest,
  rounds: number,
  engine: Engine,
): Promise<readonly Float32Array[]> {
  const results: Float32Array[] = []
  for (const hospital of hospitals) {
    const parameters = await trainOn(hospital.known, manifest, rounds, engine)
    results.push(await predictWithIntercept(parameters.slice(0, -1), hospital, manifest, engine))
  }
  return results
}

async function trainOn(examples: Rows, manifest: Manifest, rounds: number, engine: Engine): Promise<Float32Array> {
  const { model, training, seed } = manifest
  const parameters = initialParameters(model, seed)
  const epochs = training.epochs * rounds
  return (await engine.train({ model, training, parameters, examples, epochs, seed: seed + 0x9001 })).parameters
}

async function predictWithIntercept(
  weights: Float32Array,
  { known, test }: HospitalRows,
  { model }: Manifest,
  engine: Engine,
): Promise<Float32Array> {
  const parameters = Float32Array.of(...weights, 0)
  const before = await engine.predict(model, parameters, known.inputs, known.count)
  parameters.set(fitIntercept(before, known.labels, 1), weights.length)
  return engine.predict(model, parameters, test.inputs, test.count)
}

function withIndicator(rows: Rows, hospital: number, hospitals: number): Rows {
  const width = rows.inputs.length / rows.count
  const inputs = new Float32Array(rows.count * (width + hospitals))
  for (let r = 0; r < rows.count; r++) {
    inputs.set(rows.inputs.subarray(r * width, (r + 1) * width), r * (width + hospitals))
    inputs[r * (width + hospitals) + width + hospital] = 1
  }
  return { ...rows, inputs }
}

function concat(parts: readonly Rows[]): Rows {
  return {
    inputs: Float32Array.from(parts.flatMap(part => [...part.inputs])),
    labels: Int32Array.from(parts.flatMap(part => [...part.labels])),
    count: parts.reduce((sum, part) => sum + part.count, 0),
  }
}
