import { type Extension, embed, isExtension } from '../../field/extension.ts'
import { isElement } from '../../field/goldilocks.ts'
import type { Air, OracleShape } from './air.ts'
import { valuesOf } from './constraints.ts'

/** Base columns by name: one element for each active row. */
export type Columns = Readonly<Record<string, BigUint64Array>>

/** Auxiliary columns by name: one extension element for each active row. */
export type ExtensionColumns = Readonly<Record<string, readonly Extension[]>>

/** Something in a trace that cannot be proved: which row and column, or which row and constraint. */
export class TraceError extends RangeError {
  override readonly name = 'TraceError'
}

/**
 * An oracle's columns in the order in which they are committed to.
 * @throws TraceError where one is missing, too short or long, one too many, or holds what is no element
 */
export function orderedColumns<T extends bigint | Extension>(
  { name: airName, activeRows }: Pick<Air, 'name' | 'activeRows'>,
  { columns }: Pick<OracleShape, 'columns'>,
  given: Readonly<Record<string, ArrayLike<T>>>,
): ArrayLike<T>[] {
  const extra = Object.keys(given).find(name => !columns.includes(name))
  if (extra !== undefined) throw new TraceError(`${airName}: there is no column ${extra}`)
  return columns.map(name => {
    const column = given[name]
    if (column === undefined) throw new TraceError(`${airName}: the column ${name} is missing`)
    if (column.length !== activeRows) {
      throw new TraceError(
        `${airName}: the column ${name} has ${column.length} rows; there are ${activeRows} active ones`,
      )
    }
    for (let row = 0; row < activeRows; row++) {
      const value = column[row]!
      if (!(typeof value === 'bigint' ? isElement(value) : isExtension(value))) {
        throw new TraceError(`${airName}: row ${row}, column ${name}: ${value} is no element of the field`)
      }
    }
    return column
  })
}

/**
 * Looks for the first row in which a constraint does not hold. Slow: for when a proof has failed, and for tests.
 * @param columns of every oracle, in its order, over the active rows
 * @throws TraceError naming the constraint, the row, and the columns that it reads there
 */
export function checkTrace(
  air: Air,
  columns: readonly (readonly ArrayLike<bigint | Extension>[])[],
  inputs: readonly bigint[],
  challenges: readonly Extension[],
): void {
  const read = (row: number, isNext: boolean) =>
    air.oracles.flatMap(({ shifted }, i) =>
      columns[i]!.slice(0, isNext ? shifted : undefined).map(column => {
        const value = column[row]!
        return typeof value === 'bigint' ? embed(value) : value
      }),
    )
  for (let row = 0; row < air.activeRows; row++) {
    const isLast = row === air.activeRows - 1
    const next = read(isLast ? row : row + 1, true)
    const periodics = air.periodics.map(({ values }) => embed(values[row % values.length]!))
    const values = valuesOf(air, [...read(row, false), ...next], { inputs, challenges, periodics })
    for (const { name, value, place } of air.constraints) {
      const holdsHere = place === 'every' || (place === 'transition' ? !isLast : place.row === row)
      const [re, im] = values[value]!
      if (holdsHere && (re !== 0n || im !== 0n)) {
        const names = columnsOf(air, value)
        const what = names.map(({ label, index }) => `${label} = ${shown(values[index]!)}`).join(', ')
        throw new TraceError(`${air.name}: row ${row}: "${name}" does not hold: ${what}`)
      }
    }
  }
}

/** The columns that a value is computed from, by name and place in the list of values. */
function columnsOf(air: Air, value: number): { label: string; index: number }[] {
  const labels = [
    ...air.oracles.flatMap(({ columns }) => columns),
    ...air.oracles.flatMap(({ columns, shifted }) => columns.slice(0, shifted).map(name => `next ${name}`)),
  ]
  const first = labels.length + air.periodics.length + air.inputs.length + air.challenges.length + air.constants.length
  const found = new Set<number>()
  const visit = (index: number) => {
    if (found.has(index)) return
    found.add(index)
    if (index < first) return
    const { a, b } = air.instructions[index - first]!
    visit(a)
    visit(b)
  }
  visit(value)
  return [...found]
    .filter(index => index < labels.length)
    .sort((a, b) => a - b)
    .map(index => ({ label: labels[index]!, index }))
}

function shown([re, im]: Extension): string {
  return im === 0n ? String(re) : `${re} + ${im}φ`
}
