import type { Extension } from '../../field/extension.ts'
import { add, subtract } from '../../field/goldilocks.ts'
import { checkShape } from '../engine/bounds.ts'
import { type ExactShape, HIT, ONE, WEIGHT_LIMIT } from '../engine/shape.ts'
import { type Air, type AirBuilder, defineAir, type Expression, joined } from '../stark/air.ts'
import { addLookup, type Lookup, lookupColumns, lookupCounts } from '../stark/lookup.ts'
import type { Witness } from '../stark/prove.ts'
import type { Columns } from '../stark/trace.ts'
import { cellRow, nameOf, numbered, type StepLayout, stepLayout } from './layout.ts'
import { addBit, addRowsBefore, log2RowsOf, type StepAirOptions } from './stepAir.ts'

/** What a step takes for granted of one of its commitments, as constraints over that alone. */
export interface RangeAir {
  readonly air: Air
  readonly layout: StepLayout
  readonly bytes: Lookup
}

/** Bytes of a weight + 2^36; the last is below 32, as it is looked up times 8, too. */
const WEIGHT_BYTES = 5
const WEIGHT_SPREAD = 8
/** Bytes of an input's distances from both its limits. */
const INPUT_BYTES = 2

/**
 * That all weights under a root lie in [−2^36, 2^36). Rows in which a step reads no weight are checked like the others:
 * weightColumns fills them with zeros.
 * @param options the step's, so that its commitment is opened
 * @throws RangeError for a shape that is none
 */
export function weightRangeAir(shape: ExactShape, options: StepAirOptions): RangeAir {
  return rangeAir('range of weights', shape, options, (air, layout) => {
    const weights = air.external('before', numbered('before', layout.width))
    return weights.flatMap(({ here }, j) => {
      const bytes = addBytes(air, `before${j}`, here.plus(WEIGHT_LIMIT), WEIGHT_BYTES)
      return [...bytes, bytes.at(-1)!.times(WEIGHT_SPREAD)]
    })
  })
}

/**
 * That a batch under a root is one as checkBatch has it: inputs within the shape's largest, the constant one 1 in
 * present rows and 0 in empty ones, targets 0 or 1. Rows that a step does not read are checked like the others.
 * @param options the step's
 * @throws RangeError for a shape that is none
 */
export function batchRangeAir(shape: ExactShape, options: StepAirOptions): RangeAir {
  return rangeAir('range of a batch', shape, options, (air, { sections, cells }) => {
    const given = air.external('batch', [...numbered('x', shape.batch), 'target', 'present']).map(({ here }) => here)
    const [x, target, present] = [given.slice(0, shape.batch), given[shape.batch]!, given[shape.batch + 1]!]
    air.every('a target is 0 or 1', target.times(target.minus(HIT)))
    addBit(air, 'present', present)
    const last = sections.inputs.end - 1
    const isConstant = addRowsBefore(air, 'before the end of inputs', last + 1).here.minus(
      addRowsBefore(air, 'before the constant input', last).here,
    )
    return x.flatMap((input, b) => {
      const isThere = air.column(`there${b}`)
      air.transition(`row ${b} is there or not`, isThere.next.minus(isThere.here))
      for (let c = 0; c < shape.outputs; c++) {
        const name = `row ${b} is present for output ${c} where it is there`
        air.at(cellRow(cells.outputs, b, c), name, present.minus(isThere.here))
      }
      air.at(last, `the constant input of row ${b} is 1 where it is there`, input.minus(isThere.here.times(ONE)))
      const checked = input.times(air.constant(1).minus(isConstant))
      return [
        ...addBytes(air, `x${b} above`, checked.plus(shape.largestInput), INPUT_BYTES),
        ...addBytes(air, `x${b} below`, air.constant(shape.largestInput).minus(checked), INPUT_BYTES),
      ]
    })
  })
}

/**
 * The main and auxiliary columns for weightRangeAir.
 * @param columns of the oracle before, see weightColumns
 * @throws TraceError where one is out of range
 */
export function weightRangeTrace(range: RangeAir, columns: Columns): Pick<Witness, 'main' | 'auxiliary'> {
  const main: Record<string, BigUint64Array> = {}
  const looked = numbered('before', range.layout.width).flatMap(name => {
    const bytes = bytesOf(
      columns[name]!.map(weight => add(weight, WEIGHT_LIMIT)),
      WEIGHT_BYTES,
    )
    for (const [i, column] of bytes.entries()) main[`${name} byte ${i}`] = column
    return [...bytes, bytes.at(-1)!.map(byte => byte * BigInt(WEIGHT_SPREAD))]
  })
  return lookedUp(range, main, looked)
}

/**
 * The main and auxiliary columns for batchRangeAir.
 * @param columns of the oracle batch, see batchColumns
 * @throws TraceError where an input is out of range
 */
export function batchRangeTrace(range: RangeAir, columns: Columns): Pick<Witness, 'main' | 'auxiliary'> {
  const { air, layout } = range
  const { shape, sections, cells } = layout
  const last = sections.inputs.end - 1
  const limit = BigInt(shape.largestInput)
  const filled = (end: number) => new BigUint64Array(air.activeRows).fill(1n, 0, end)
  const main: Record<string, BigUint64Array> = {
    'before the end of inputs': filled(last + 1),
    'before the constant input': filled(last),
  }
  const looked = numbered('x', shape.batch).flatMap((name, b) => {
    const isThere = columns.present![cellRow(cells.outputs, b, 0)]!
    main[`there${b}`] = new BigUint64Array(air.activeRows).fill(isThere)
    const checked = columns[name]!.with(last, 0n)
    const above = bytesOf(
      checked.map(input => add(input, limit)),
      INPUT_BYTES,
    )
    const below = bytesOf(
      checked.map(input => subtract(limit, input)),
      INPUT_BYTES,
    )
    for (const [i, column] of above.entries()) main[`${name} above byte ${i}`] = column
    for (const [i, column] of below.entries()) main[`${name} below byte ${i}`] = column
    return [...above, ...below]
  })
  return lookedUp(range, main, looked)
}

function rangeAir(
  kind: string,
  shape: ExactShape,
  options: StepAirOptions,
  write: (air: AirBuilder, layout: StepLayout) => Expression[],
): RangeAir {
  checkShape(shape)
  const layout = stepLayout(shape)
  const { parameters, openings = 2 } = options
  const name = `${kind} of ${nameOf(shape)}`
  const table = Array.from({ length: 256 }, (_, byte) => [BigInt(byte)])
  let bytes: Lookup | undefined
  const air = defineAir({ name, log2Rows: log2RowsOf(layout, options), parameters, openings }, builder => {
    const looked = write(builder, layout).map(byte => [byte])
    bytes = addLookup(builder, { name: 'byte', looked, table })
  })
  return { air, layout, bytes: bytes! }
}

/** Columns whose bytes, the lowest first, make up a value. @returns what is to be looked up */
function addBytes(air: AirBuilder, name: string, value: Expression, count: number): Expression[] {
  const bytes = numbered(`${name} byte `, count).map(byte => air.column(byte).here)
  air.every(`${name} is its bytes`, value.minus(joined(bytes, 256)))
  return bytes
}

/** The last is whatever is left, so that a value of more bytes is found not to be in the table. */
function bytesOf(values: BigUint64Array, count: number): BigUint64Array[] {
  return Array.from({ length: count }, (_, i) =>
    values.map(value => (i === count - 1 ? value >> BigInt(8 * i) : (value >> BigInt(8 * i)) & 255n)),
  )
}

function lookedUp({ air, bytes }: RangeAir, main: Columns, columns: readonly BigUint64Array[]) {
  const looked = columns.map(column => [column])
  const counts = lookupCounts(bytes, looked, air.activeRows)
  return {
    main: { ...main, 'byte.count': counts },
    auxiliary: (challenge: (name: string) => Extension) => lookupColumns(bytes, looked, counts, challenge),
  }
}
