import { type Extension, embed, times, valueAt } from '../../../field/extension.ts'
import { add, multiply } from '../../../field/goldilocks.ts'
import { type Air, defineAir, joined } from '../air.ts'
import { addSum, sumColumn } from '../lookup.ts'
import type { Parameters } from '../parameters.ts'
import type { Witness } from '../prove.ts'

/** Rows by columns. */
export type Matrix = readonly (readonly bigint[])[]

export interface ProductShape {
  readonly log2Rows: number
  /** Rows of the left matrix, and columns of the right one. */
  readonly left: number
  readonly right: number
}

/**
 * Z = XW for a public Z, as Freivalds checks it: row k of the trace holds X's column k and W's row k, and once they are committed to,
 * random r and s give rᵀZs = Σ_k (Σ_b X_bk r^b)(Σ_j W_kj s^j). Costs |X| + |W| cells where the product takes |X| · right
 * multiplications; a wrong Z passes with a probability below 2^−115.
 */
export function matrixProductAir({ log2Rows, left, right }: ProductShape, parameters: Parameters): Air {
  return defineAir({ name: 'matrix product', log2Rows, parameters }, air => {
    const r = air.challenge('r')
    const s = air.challenge('s')
    const x = Array.from({ length: left }, (_, b) => air.column(`x${b}`).here)
    const w = Array.from({ length: right }, (_, j) => air.column(`w${j}`).here)
    const z = x.map((_, b) => w.map((_, j) => air.input(`z${b},${j}`)))
    const product = joined(
      z.map(row => joined(row, s)),
      r,
    )
    addSum(air, 'sum', joined(x, r).times(joined(w, s)), product)
  })
}

/** @throws RangeError where the matrices have more inner columns than there are active rows */
export function matrixProductWitness(
  { activeRows }: Air,
  x: Matrix,
  w: Matrix,
): { witness: Witness; inputs: bigint[] } {
  if (w.length > activeRows) throw new RangeError(`${w.length} inner columns, ${activeRows} rows`)
  const column = (values: (k: number) => bigint) =>
    BigUint64Array.from({ length: activeRows }, (_, k) => (k < w.length ? values(k) : 0n))
  const left = x.map(row => column(k => row[k]!))
  const right = w[0]!.map((_, j) => column(k => w[k]![j]!))
  const inputs = left.flatMap(a => right.map(b => a.reduce((sum, value, k) => add(sum, multiply(value, b[k]!)), 0n)))
  const weighted = (columns: readonly BigUint64Array[], k: number, base: Extension) =>
    valueAt(
      columns.map(values => embed(values[k]!)),
      base,
    )
  const witness: Witness = {
    main: Object.fromEntries([
      ...left.map((values, b) => [`x${b}`, values] as const),
      ...right.map((values, j) => [`w${j}`, values] as const),
    ]),
    auxiliary: challenge => {
      const [r, s] = [challenge('r'), challenge('s')]
      const terms = Array.from({ length: activeRows }, (_, k) => times(weighted(left, k, r), weighted(right, k, s)))
      return { sum: sumColumn(terms) }
    },
  }
  return { witness, inputs }
}
