import type { Row } from '../data/dataset.ts'
import type { Feature, Manifest } from '../study/manifest.ts'

/** Fewest patients behind a figure that is shown. */
export const smallestGroup = 20

/** A group of patients, by their places among the rows. */
export interface Group {
  /** In words, e.g. "Age 50 to 64 years". */
  readonly name: string
  readonly patients: readonly number[]
}

/**
 * The groups that a study shows apart: a column's values, or bands of a number between borders. Groups without any patient
 * are there too. A column that the study does not have gives none.
 * @param rows cells in the order of the schema's features
 */
export function groupsOf(manifest: Pick<Manifest, 'schema' | 'subgroups'>, rows: readonly Row[]): readonly Group[] {
  const { schema, subgroups = [] } = manifest
  if (schema.kind !== 'table') return []
  return subgroups.flatMap(({ column, borders }) => {
    const place = schema.features.findIndex(feature => feature.name === column)
    const feature = schema.features[place]
    if (feature === undefined) return []
    const parts = partsOf(
      feature,
      borders ?? [],
      rows.map(row => row.cells[place]),
    )
    return parts.map(({ name, has }) => ({
      name,
      patients: rows.flatMap((row, index) => (has(row.cells[place]) ? [index] : [])),
    }))
  })
}

interface Part {
  readonly name: string
  readonly has: (cell: unknown) => boolean
}

function partsOf(feature: Feature, borders: readonly number[], cells: readonly unknown[]): readonly Part[] {
  const title = feature.label ?? feature.name
  switch (feature.type) {
    case 'binary':
      return [
        { name: `${title}: yes`, has: cell => cell === 1 },
        { name: `${title}: no`, has: cell => cell === 0 },
      ]
    case 'category':
      return feature.levels.map(level => ({ name: `${title}: ${level}`, has: cell => String(cell) === level }))
    case 'number': {
      if (borders.length === 0) return []
      const sorted = [...borders].sort((a, b) => a - b)
      const unit = feature.unit === undefined ? '' : ` ${feature.unit}`
      // Whole numbers read better as "50 to 64" than as "50 to below 65".
      const isWhole = [...cells, ...sorted].every(Number.isInteger)
      return [...sorted, Number.POSITIVE_INFINITY].map((to, index) => {
        const from = sorted[index - 1]
        const range =
          from === undefined
            ? `below ${to}`
            : to === Number.POSITIVE_INFINITY
              ? `${from}${unit} and above`
              : isWhole
                ? `${from} to ${to - 1}`
                : `${from} to below ${to}`
        const isLast = from !== undefined && to === Number.POSITIVE_INFINITY
        return {
          name: `${title} ${range}${isLast ? '' : unit}`,
          has: cell => typeof cell === 'number' && cell >= (from ?? Number.NEGATIVE_INFINITY) && cell < to,
        }
      })
    }
  }
}
