import { AppError } from '../errors/AppError.ts'
import { type DataSchema, type Feature, rangeOf, type TableSchema } from '../study/manifest.ts'
import type { Cell, Images, Row } from './dataset.ts'

/** Examples as a model reads them: `count` rows of `inputs.length / count` numbers. */
export interface Encoded {
  readonly inputs: Float32Array
  readonly labels: Int32Array
  readonly count: number
}

/** Mean and deviation per encoded column. */
export interface Standardisation {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** How many numbers one example becomes: a category with k levels becomes k − 1, every other column one. */
export function encodedWidth(schema: DataSchema): number {
  if (schema.kind === 'images') return schema.height * schema.width * schema.channels
  return schema.features.reduce(
    (width, feature) => width + (feature.type === 'category' ? feature.levels.length - 1 : 1),
    0,
  )
}

/** The encoded columns' names, e.g. `cp = 2`. */
export function encodedNames(schema: TableSchema): string[] {
  return schema.features.flatMap(feature =>
    feature.type === 'category' ? feature.levels.slice(1).map(level => `${feature.name} = ${level}`) : [feature.name],
  )
}

/**
 * Rows as a float64 matrix, before standardisation. Categories are one-hot with the first level dropped.
 * `columns` names the cells of a row; they may be in another order than the schema's features.
 * @throws AppError data.columnsDiffer, data.badCell (row counted from 1 among these rows)
 */
export function encodeRows(
  schema: TableSchema,
  rows: readonly Row[],
  columns: readonly string[],
  file: string,
): Float64Array {
  const places = schema.features.map(feature => columns.indexOf(feature.name))
  const names = schema.features.map(feature => feature.name)
  if (places.includes(-1) || columns.length !== names.length) {
    throw new AppError('data.columnsDiffer', {
      file,
      missing: listed(names.filter(name => !columns.includes(name))),
      unknown: listed(columns.filter(name => !names.includes(name))),
    })
  }
  const width = encodedWidth(schema)
  const matrix = new Float64Array(rows.length * width)
  rows.forEach((row, r) => {
    let at = r * width
    schema.features.forEach((feature, f) => {
      const cell = row.cells[places[f] as number] as Cell
      const refuse = (expected: string) =>
        new AppError('data.badCell', { file, row: r + 1, column: feature.name, value: cell, expected })
      if (feature.type === 'category') {
        const level = findLevel(feature, cell)
        if (level < 0) throw refuse(`one of ${listed(feature.levels)}`)
        if (level > 0) matrix[at + level - 1] = 1
        at += feature.levels.length - 1
      } else {
        if (typeof cell !== 'number' || !Number.isFinite(cell)) throw refuse('a number')
        matrix[at++] = cell
      }
    })
  })
  return matrix
}

/**
 * One row as encodeRows would have it, with a stand-in for what is missing.
 * @param values in the order of the schema's features; null where one is missing
 * @param means per encoded column: what stands in
 * @throws AppError data.badCell
 */
export function encodeWithMissing(
  schema: TableSchema,
  values: readonly (Cell | null)[],
  means: ArrayLike<number>,
): Float64Array {
  const cells = schema.features.map((feature, f): Cell => {
    const value = values[f] ?? null
    return value ?? (feature.type === 'category' ? (feature.levels[0] as string) : 0)
  })
  const names = schema.features.map(feature => feature.name)
  const encoded = encodeRows(schema, [{ cells, label: 0 }], names, 'The patient')
  let at = 0
  schema.features.forEach((feature, f) => {
    const width = feature.type === 'category' ? feature.levels.length - 1 : 1
    if ((values[f] ?? null) === null) for (let i = at; i < at + width; i++) encoded[i] = means[i] as number
    at += width
  })
  return encoded
}

/** The index of a cell's level, comparing numbers as numbers ("1.0" is level "1"); −1 where there is none. */
export function findLevel(feature: Extract<Feature, { type: 'category' }>, cell: Cell): number {
  const text = String(cell)
  const exact = feature.levels.indexOf(text)
  if (exact >= 0 || text.trim() === '') return exact
  const value = Number(text)
  return Number.isFinite(value) ? feature.levels.findIndex(level => level.trim() !== '' && Number(level) === value) : -1
}

/**
 * Means and deviations as public ranges suggest them: a range's middle, and a quarter of it, as where nineteen in twenty lie
 * within two deviations. Yes and no become 1 and −1; a level of k has the spread of one in k.
 * @throws RangeError where a number has no range: see parseManifest
 */
export function scaleOfRanges(schema: TableSchema): Standardisation {
  const columns = schema.features.flatMap(scaleOfFeature)
  return {
    mean: Float64Array.from(columns, ({ mean }) => mean),
    deviation: Float64Array.from(columns, ({ deviation }) => deviation),
  }
}

function scaleOfFeature(feature: Feature): { readonly mean: number; readonly deviation: number }[] {
  switch (feature.type) {
    case 'number': {
      const range = rangeOf(feature)
      if (range === null) throw new RangeError(`${feature.name} has no range`)
      const [low, high] = range
      return [{ mean: (low + high) / 2, deviation: (high - low) / 4 }]
    }
    case 'binary':
      return [{ mean: 0.5, deviation: 0.5 }]
    case 'category': {
      const share = 1 / feature.levels.length
      return feature.levels.slice(1).map(() => ({ mean: share, deviation: Math.sqrt(share * (1 - share)) }))
    }
  }
}

/** (x − mean) / deviation in float64, rounded once to float32; without a standardisation only rounded. */
export function standardise(matrix: Float64Array, width: number, by: Standardisation | null): Float32Array {
  const result = new Float32Array(matrix.length)
  for (let i = 0; i < matrix.length; i++) {
    const column = i % width
    const value = matrix[i] as number
    result[i] = by ? (value - (by.mean[column] as number)) / (by.deviation[column] as number) : value
  }
  return result
}

/** Images as numbers from 0 to 1. */
export function encodeImages(images: Images): Encoded {
  const inputs = new Float32Array(images.pixels.length)
  for (let i = 0; i < inputs.length; i++) inputs[i] = (images.pixels[i] as number) / 255
  return { inputs, labels: Int32Array.from(images.labels), count: images.labels.length }
}

/** Names for a sentence; “none” where there are none. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
