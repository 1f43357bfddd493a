import { isAppError } from '../../errors/AppError.ts'
import { type Extension, embed } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import type { ExactBatch } from '../engine/batch.ts'
import { exactStep } from '../engine/model.ts'
import { type ExactShape, HIT, LARGEST_SHIFT, ONE, weightCount } from '../engine/shape.ts'
import type { Air } from '../stark/air.ts'
import { commitOracle, type ExternalOracle } from '../stark/commitment.ts'
import { valuesOf } from '../stark/constraints.ts'
import { type ProveOptions, Proving, prove } from '../stark/prove.ts'
import { fieldFor, randomExtension, tinyParameters } from '../stark/testing.ts'
import { type Columns, type ExtensionColumns, TraceError } from '../stark/trace.ts'
import type { Statement } from '../stark/verify.ts'
import { cellRow, type Section } from './layout.ts'
import { type StepAir, stepAir } from './stepAir.ts'
import { auxiliaryColumns, batchColumns, countColumns, traceOf, weightColumns } from './stepTrace.ts'

/** Weights before a step and after it, whether they follow or not. */
export interface StepCase {
  readonly step: StepAir
  readonly weights: BigInt64Array
  readonly batch: ExactBatch
  readonly after: BigInt64Array
}

/** A step of small numbers of which none is 0, from all rows of the batch but the last if `isLastEmpty`. */
export function stepCase(shape: ExactShape, seed = 1, { isLastEmpty = false, log2Weight = 31 } = {}): StepCase {
  const random = publicRandom(seed)
  const weights = BigInt64Array.from({ length: weightCount(shape) }, () => signed(random, log2Weight))
  const present = Uint8Array.from({ length: shape.batch }, (_, b) => (isLastEmpty && b === shape.batch - 1 ? 0 : 1))
  const batch = {
    inputs: Int32Array.from({ length: shape.batch * shape.inputs }, (_, i) => {
      const isConstant = (i + 1) % shape.inputs === 0
      return isConstant ? present[Math.floor(i / shape.inputs)]! * ONE : Number(signed(random, 12))
    }),
    targets: Int32Array.from({ length: shape.batch * shape.outputs }, () => random.below(2) * HIT),
    present,
  }
  const step = stepAir(shape, { parameters: tinyParameters })
  return { step, weights, batch, after: exactStep(shape, weights, batch) }
}

/** What a step leads to; null where the engine does not take it, as numbers leave their range. */
export function trainedCase(shape: ExactShape, weights: BigInt64Array, batch: ExactBatch): StepCase | null {
  try {
    const after = exactStep(shape, weights, batch)
    return { step: stepAir(shape, { parameters: tinyParameters }), weights, batch, after }
  } catch (error) {
    if (isAppError(error, 'training.diverged')) return null
    throw error
  }
}

function signed(random: PublicRandom, bits: number): bigint {
  const magnitude = 1n + (BigInt(random.uint32()) % 2n ** BigInt(bits - 5)) * 32n
  return random.below(2) === 0 ? magnitude : -magnitude
}

/** All columns but the auxiliary ones, the committed ones among them. */
export function columnsOf({ step, weights, batch, after }: StepCase): Columns {
  return {
    ...batchColumns(step, batch),
    ...weightColumns(step, 'before', weights),
    ...weightColumns(step, 'after', after),
    ...traceOf(step, { weights, batch, after }).main,
  }
}

/** A step, and the proof of it. */
export interface ProvenStep {
  readonly air: Air
  readonly statement: Statement
  readonly proof: Uint8Array
}

/** What a cell holds instead. */
export interface Change {
  readonly column: string
  readonly row: number
  readonly value: bigint
}

/** The element that stands for an integer. */
export function element(value: bigint): bigint {
  return ((value % MODULUS) + MODULUS) % MODULUS
}

/** The integer of least magnitude that an element stands for. */
export function integer(value: bigint): bigint {
  return value > MODULUS / 2n ? value - MODULUS : value
}

/** Columns with some cells changed, and counted anew as far as what they hold is in the tables. */
export function withChanges(step: StepAir, columns: Columns, changes: readonly Change[]): Columns {
  const changed: Record<string, BigUint64Array> = { ...columns }
  for (const { column, row, value } of changes) changed[column] = changed[column]!.with(row, element(value))
  if (changes.some(({ column }) => column.endsWith('.count'))) return changed
  try {
    return { ...changed, ...countColumns(step, changed) }
  } catch (error) {
    if (error instanceof TraceError) return changed
    throw error
  }
}

/** The same with such weights after it as the factors and inputs in it ask for, whether those are right or not. */
export function withAfterMoved({ layout }: StepAir, columns: Columns): Columns {
  const { shape, sections } = layout
  const moved: Record<string, BigUint64Array> = { ...columns }
  const at = (name: string, row: number) => columns[name]![row]!
  const rate = 1n << BigInt(LARGEST_SHIFT - shape.shift)
  const move = (row: number, j: number, read: string, error: number) => {
    let gradient = 0n
    for (let b = 0; b < shape.batch; b++) gradient += at(`${read}${b}`, row) * at(`factor${b}`, error)
    moved[`after${j}`] = moved[`after${j}`]!.with(row, element(at(`before${j}`, row) - rate * gradient))
  }
  const moveAll = (rows: Section, read: string, errors: Section) => {
    for (let row = rows.first; row < rows.end; row++) {
      for (let j = 0; j < errors.end - errors.first; j++) move(row, j, read, errors.first + j)
    }
  }
  const { errors, units, one, gradients, inputs } = sections
  moveAll(inputs, 'x', shape.hidden === 0 ? errors : gradients)
  if (shape.hidden > 0) moveAll({ first: units.first, end: one.end }, 'factor', errors)
  return moved
}

const random = publicRandom(5)
const drawn: readonly Extension[] = Array.from({ length: 16 }, () => randomExtension(random))

/** Random challenges, always the same ones. */
export function drawnFor({ challenges }: Air): (name: string) => Extension {
  return name => drawn[challenges.indexOf(name)]!
}

/** The auxiliary columns for these challenges. */
export function auxiliariesOf(step: StepAir, columns: Columns): ExtensionColumns {
  return auxiliaryColumns(step, columns, drawnFor(step.air))
}

/** The first constraint of a step that does not hold: see brokenOf. */
export function brokenConstraint(
  step: StepAir,
  columns: Columns,
  rows: readonly number[],
  auxiliaries = auxiliariesOf(step, columns),
): string | null {
  return brokenOf(step.air, { columns, auxiliaries, inputs: [] }, rows)
}

/** All columns of a trace, for the challenges of drawnFor. */
export interface Trace {
  readonly columns: Columns
  readonly auxiliaries: ExtensionColumns
  readonly inputs: readonly bigint[]
}

/**
 * The first constraint that does not hold, in some rows and the ones before and in the rows that some constraint is
 * about, where auxiliary columns begin and end; if there is none, in any row.
 * @returns its name; null where all hold
 */
export function brokenOf(air: Air, trace: Trace, rows: readonly number[]): string | null {
  const named = air.constraints.flatMap(({ place }) => (typeof place === 'object' ? [place.row] : []))
  const first = new Set([...rows.flatMap(row => [row - 1, row]), ...named].filter(row => row >= 0))
  const all = Array.from({ length: air.activeRows }, (_, row) => row)
  return brokenIn(air, trace, first) ?? brokenIn(air, trace, all)
}

function brokenIn(air: Air, { columns, auxiliaries, inputs }: Trace, rows: Iterable<number>): string | null {
  const read = (row: number, isNext: boolean) =>
    air.oracles.flatMap(({ columns: names, shifted, isExtension }) =>
      names
        .slice(0, isNext ? shifted : undefined)
        .map(name => (isExtension ? auxiliaries[name]![row]! : embed(columns[name]![row]!))),
    )
  const challenges = drawn.slice(0, air.challenges.length)
  for (const row of rows) {
    const isLast = row === air.activeRows - 1
    const periodics = air.periodics.map(({ values }) => embed(values[row % values.length]!))
    const cells = [...read(row, false), ...read(isLast ? row : row + 1, true)]
    const values = valuesOf(air, cells, { inputs, challenges, periodics })
    const broken = air.constraints.find(({ value, place }) => {
      const holdsHere = place === 'every' || (place === 'transition' ? !isLast : place.row === row)
      return holdsHere && values[value]!.some(half => half !== 0n)
    })
    if (broken !== undefined) return broken.name
  }
  return null
}

/** What the committed columns say, whatever stands where they say nothing. */
export function statedIn({ layout }: StepAir, columns: Columns): Omit<StepCase, 'step'> {
  const { shape, sections, cells } = layout
  const { inputs, hidden, outputs, batch } = shape
  const at = (name: string, row: number) => integer(columns[name]![row]!)
  const list = (rows: number, width: number, value: (row: number, i: number) => bigint) =>
    Array.from({ length: rows * width }, (_, i) => value(Math.floor(i / width), i % width))
  const matrix = (oracle: string, first: number, rows: number, width: number) =>
    list(rows, width, (row, j) => at(`${oracle}${j}`, first + row))
  const weights = (oracle: string) =>
    BigInt64Array.from([
      ...matrix(oracle, sections.inputs.first, inputs, hidden || outputs),
      ...(hidden === 0 ? [] : matrix(oracle, sections.units.first, hidden + 1, outputs)),
    ])
  const ofOutput = (name: string) => list(batch, outputs, (b, c) => at(name, cellRow(cells.outputs, b, c)))
  return {
    weights: weights('before'),
    after: weights('after'),
    batch: {
      inputs: Int32Array.from(
        list(batch, inputs, (b, k) => at(`x${b}`, sections.inputs.first + k)),
        Number,
      ),
      targets: Int32Array.from(ofOutput('target'), Number),
      present: Uint8Array.from(
        list(batch, 1, b => at('present', cellRow(cells.outputs, b, 0))),
        Number,
      ),
    },
  }
}

const maskKey = new Uint8Array(32).fill(3)
export const proveOptions: ProveOptions = { maskKey }

/** Commits to the three external oracles, from columns among which they are. */
export async function commitStep(
  { air }: StepAir,
  columns: Columns,
): Promise<readonly [ExternalOracle, ExternalOracle, ExternalOracle]> {
  const field = await fieldFor(air)
  const commitTo = (i: number) => {
    const { name, columns: names } = air.oracles[i]!
    return commitOracle(field, air, name, Object.fromEntries(names.map(name => [name, columns[name]!])), { maskKey })
  }
  return [await commitTo(0), await commitTo(1), await commitTo(2)]
}

/** That these committed oracles are a step. */
export function statementOf(externals: readonly ExternalOracle[]): Statement {
  return { context: new Uint8Array(32).fill(7), inputs: [], roots: externals.map(({ root }) => root) }
}

/** Proves a step as a hospital does. */
export async function proveStep(of: StepCase): Promise<ProvenStep> {
  const { air } = of.step
  const columns = columnsOf(of)
  const externals = await commitStep(of.step, columns)
  const statement = statementOf(externals)
  const witness = witnessOf(of.step, columns, externals)
  return { air, statement, proof: await prove(await fieldFor(air), air, statement, witness, proveOptions) }
}

/** What proves columns that may be wrong. */
export function witnessOf(step: StepAir, columns: Columns, externals: readonly ExternalOracle[]) {
  const main = Object.fromEntries(step.air.oracles[step.air.externals]!.columns.map(name => [name, columns[name]!]))
  return {
    main,
    auxiliary: (challenge: (name: string) => Extension) => auxiliaryColumns(step, columns, challenge),
    externals,
  }
}

/** Proves whether it holds or not: where the quotient is no polynomial, goes on with as much of it as fits. */
export class Forging extends Proving {
  protected override doesNotHold(): void {
    // A forger does not give up.
  }
}
