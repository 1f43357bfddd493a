import { type Extension, embed, minus, plus, reciprocal, scaled, valueAt, ZERO } from '../../field/extension.ts'
import { type AirBuilder, type Column, type Expression, joined } from './air.ts'
import { TraceError } from './trace.ts'

export interface LookupOptions {
  /** Begins the names of what is added: columns `<name>.count`, `<name>.sum` and others, challenges. */
  readonly name: string
  /** What is looked up in every active row, each a tuple as long as the table's. */
  readonly looked: readonly (readonly Expression[])[]
  /** The table's tuples, a power of two of them and no more than there are active rows. Repeat one to fill it up. */
  readonly table: readonly (readonly bigint[])[]
}

/** A lookup of an AIR, and what makes its columns. */
export interface Lookup {
  readonly name: string
  readonly looked: number
  readonly table: readonly (readonly bigint[])[]
}

/**
 * Adds a lookup: in every active row every looked-up tuple is one of the table's. By logarithmic derivatives (Haböck, ePrint
 * 2022/1530): Σ 1/(β − looked) = Σ count/(β − table) as sums of random rational functions, the tuples joined by powers of
 * a second challenge.
 *
 * Two looked-up tuples share a column of partial sums, so the degree stays at three for columns as they are.
 */
export function addLookup(air: AirBuilder, { name, looked, table }: LookupOptions): Lookup {
  if (table.length > air.lastRow + 1) {
    throw new RangeError(`${name}: a table of ${table.length} needs as many active rows; there are ${air.lastRow + 1}`)
  }
  const beta = air.challenge(`${name}.beta`)
  const delta = air.challenge(`${name}.delta`)
  const width = table[0]!.length
  const columns = Array.from({ length: width }, (_, i) =>
    air.periodic(
      `${name}.table${i}`,
      table.map(tuple => tuple[i]!),
    ),
  )
  const count = air.column(`${name}.count`)
  let step: Expression | undefined
  for (let i = 0; i < looked.length; i += 2) {
    const denominators = looked.slice(i, i + 2).map(tuple => beta.minus(joined(tuple, delta)))
    const part = air.auxiliary(`${name}.part${i / 2}`).here
    const [first, second] = denominators
    const product = second === undefined ? first! : first!.times(second)
    const numerator = second === undefined ? air.constant(1) : first!.plus(second)
    air.every(
      `${name}: looked up ${i}${second === undefined ? '' : ` and ${i + 1}`}`,
      part.times(product).minus(numerator),
    )
    step = step === undefined ? part : step.plus(part)
  }
  const held = air.auxiliary(`${name}.held`).here
  air.every(`${name}: in the table`, held.times(beta.minus(joined(columns, delta))).minus(count.here))
  addSum(air, `${name}.sum`, step!.minus(held), air.constant(0))
  return { name, looked: looked.length, table }
}

/** Adds an auxiliary column that sums a value over all active rows, and requires what it comes to. */
export function addSum(air: AirBuilder, name: string, value: Expression, total: Expression): Column {
  const sum = air.auxiliary(name)
  air.at(0, `${name} begins at zero`, sum.here)
  air.transition(`${name} goes on`, sum.next.minus(sum.here).minus(value))
  air.at(air.lastRow, `${name} comes to the total`, sum.here.plus(value).minus(total))
  return sum
}

/** How often each row's table entry is looked up: the column `<name>.count`. @throws TraceError where something is not in the table */
export function lookupCounts(
  { name, table }: Lookup,
  looked: readonly (readonly ArrayLike<bigint>[])[],
  activeRows: number,
): BigUint64Array {
  const rowOf = new Map(table.map((tuple, row) => [keyOf(tuple), row] as const).reverse())
  const counts = new BigUint64Array(activeRows)
  for (const [i, tuple] of looked.entries()) {
    for (let row = 0; row < activeRows; row++) {
      const values = tuple.map(column => column[row]!)
      const at = rowOf.get(keyOf(values))
      if (at === undefined) throw new TraceError(`${name}: row ${row}: lookup ${i}: ${values} is not in the table`)
      counts[at]! += 1n
    }
  }
  return counts
}

/** The lookup's auxiliary columns. */
export function lookupColumns(
  { name, table }: Lookup,
  looked: readonly (readonly ArrayLike<bigint>[])[],
  counts: BigUint64Array,
  challenge: (name: string) => Extension,
): Record<string, Extension[]> {
  const beta = challenge(`${name}.beta`)
  const delta = challenge(`${name}.delta`)
  const inverse = inverses(beta, delta)
  const columns: Record<string, Extension[]> = {}
  const steps: Extension[] = Array.from(counts, () => ZERO)
  for (let i = 0; i < looked.length; i += 2) {
    columns[`${name}.part${i / 2}`] = steps.map((_, row) => {
      const part = looked
        .slice(i, i + 2)
        .map(tuple => inverse(tuple.map(column => column[row]!)))
        .reduce(plus)
      steps[row] = plus(steps[row]!, part)
      return part
    })
  }
  columns[`${name}.held`] = Array.from(counts, (count, row) => scaled(inverse(table[row % table.length]!), count))
  columns[`${name}.sum`] = sumColumn(steps.map((step, row) => minus(step, columns[`${name}.held`]![row]!)))
  return columns
}

/** An auxiliary column of addSum: the sum of a value over the rows before. */
export function sumColumn(values: readonly Extension[]): Extension[] {
  let sum = ZERO
  return values.map(value => {
    const before = sum
    sum = plus(sum, value)
    return before
  })
}

/** 1 / (β − tuple) with each tuple's computed once: inverses are dear, and tables small. */
function inverses(beta: Extension, delta: Extension): (tuple: readonly bigint[]) => Extension {
  const known = new Map<bigint | string, Extension>()
  return tuple => {
    const key = keyOf(tuple)
    const found = known.get(key)
    if (found !== undefined) return found
    const made = reciprocal(minus(beta, valueAt(tuple.map(embed), delta)))
    known.set(key, made)
    return made
  }
}

/** Stands for a tuple in a map. Making strings of single elements would take longer than all else. */
function keyOf(tuple: readonly bigint[]): bigint | string {
  return tuple.length === 1 ? tuple[0]! : tuple.join()
}
