import { checkShape } from '../engine/bounds.ts'
import { type ExactShape, GRADIENT_LIMIT, LARGEST_SHIFT, ONE } from '../engine/shape.ts'
import { SIGMOID } from '../engine/sigmoid.ts'
import { type Air, type AirBuilder, type Column, defineAir, type Expression, joined } from '../stark/air.ts'
import { addLookup, type Lookup } from '../stark/lookup.ts'
import { type Parameters, paddingRows } from '../stark/parameters.ts'
import { nameOf, numbered, type SectionName, type StepLayout, stepLayout } from './layout.ts'

/** A step's AIR, and what makes its trace. */
export interface StepAir {
  readonly air: Air
  readonly layout: StepLayout
  readonly bytes: Lookup
  readonly sigmoid: Lookup
}

export interface StepAirOptions {
  readonly parameters: Parameters
  /**
   * How many proofs open the same weights or batch: see paddingRows. Default 2, as one step's end is the next one's
   * start.
   */
  readonly openings?: number
}

/**
 * The bytes in which numbers that are rounded are written, by column. A hidden unit's cell holds its activation's
 * magnitude and what was dropped in rounding, its gradient and what was dropped there; an output's cell has what was
 * dropped in the columns of both, and in the gradient's by how much it is beyond the table.
 */
export const BYTES = { magnitude: 3, dropped: 4, gradient: 3, gradientDropped: 4 } as const

/** The same byte as the dropped ones' fifth, where there is no hidden layer. */
export function byteColumns({ hidden }: ExactShape): Readonly<Record<keyof typeof BYTES, readonly string[]>> {
  return {
    magnitude: numbered('magnitude', hidden === 0 ? 0 : BYTES.magnitude),
    dropped: numbered('dropped', BYTES.dropped),
    gradient: numbered('gradient', BYTES.gradient),
    gradientDropped: numbered('gradientDropped', hidden === 0 ? 1 : BYTES.gradientDropped),
  }
}

/** The last byte of a magnitude, of 18 bits, is below 4: it is looked up as it is and times this. */
export const MAGNITUDE_SPREAD = 64

/**
 * What each byte counts of how far the sigmoid's argument is beyond the table. Were the last one's weight 2^16, sums,
 * 2^40 times the argument, would reach ±2^64, and every element could be written as two of them. Like this they stay
 * within ±(2^62 + 2^56): the engine's, below 2^62, can be written, and none of those within FIELD_LIMITS as another.
 */
export const BEYOND_WEIGHTS = [1, 2 ** 8, 2 ** 14] as const

/**
 * One exact step of SGD (exactStep) as constraints: the weights under one root and the batch under another give the
 * weights under a third. The external oracles are `batch`, `before` and `after`; stepTrace says what stands in them.
 *
 * No product of matrices is computed again. For random σ and ρ, powers of which weigh units and rows of the batch,
 * everything that is rounded must sum up to what the matrices do under the same weights (Freivalds): docs/proofs.md.
 * Nothing here checks the ranges of batch and weights; see what is assumed there.
 * @throws RangeError for a shape that is none
 */
export function stepAir(shape: ExactShape, { parameters, openings = 2 }: StepAirOptions): StepAir {
  checkShape(shape)
  const layout = stepLayout(shape)
  const log2Rows = log2RowsOf(layout, { parameters, openings })
  const name = `step of ${nameOf(shape)}`
  let lookups: { bytes: Lookup; sigmoid: Lookup } | undefined
  const air = defineAir({ name, log2Rows, parameters, openings }, builder => {
    lookups = writeStep(builder, layout)
  })
  return { air, layout, ...lookups! }
}

/** Of all traces that open a step's commitments. */
export function log2RowsOf(layout: StepLayout, { parameters, openings = 2 }: StepAirOptions): number {
  const active = Math.max(layout.rows + 1, SIGMOID.length)
  return Math.ceil(Math.log2(active + paddingRows(parameters, openings)))
}

function writeStep(air: AirBuilder, layout: StepLayout): { bytes: Lookup; sigmoid: Lookup } {
  const { batch } = layout.shape
  const here = (columns: readonly Column[]) => columns.map(column => column.here)

  const given = here(air.external('batch', [...numbered('x', batch), 'target', 'present']))
  const columns = {
    x: given.slice(0, batch),
    target: given[batch]!,
    present: given[batch + 1]!,
    before: here(air.external('before', numbered('before', layout.width))),
    after: here(air.external('after', numbered('after', layout.width))),
    factor: here(numbered('factor', batch).map(name => air.column(name))),
  }
  const sections = addSections(air, layout)
  const { values, ...lookups } = addCells(air, layout, columns)
  const [sigma, rho, lambda] = ['sigma', 'rho', 'lambda'].map(name => air.challenge(name)) as Challenges
  const sum = addCellSum(air, values, [sigma, rho, lambda])
  const power = addPowers(air, sections, sigma)
  addMatrixSum(air, layout, { columns, sections, power, sum }, [sigma, rho, lambda])
  addUpdate(air, layout, { columns, sections, power }, sigma)
  return lookups
}

type Challenges = [sigma: Expression, rho: Expression, lambda: Expression]

interface StepColumns {
  readonly x: readonly Expression[]
  readonly target: Expression
  readonly present: Expression
  readonly before: readonly Expression[]
  readonly after: readonly Expression[]
  /** A column for each row of the batch; by section its outputs' errors, activations, 1, its units' gradients. */
  readonly factor: readonly Expression[]
}

/** 1 in the rows of a section, 0 in all others. */
type Sections = Readonly<Record<SectionName, Expression>> & {
  /** 1 in the last row before the powers of σ begin again. */
  readonly restart: Expression
}

/** The numbers of a cell, whatever it is of. */
interface CellValues {
  readonly isHidden: Expression
  readonly isOutput: Expression
  readonly endsBlock: Expression
  readonly hidden: {
    readonly sum: Expression
    readonly activation: Expression
    readonly gradientSum: Expression
    readonly gradient: Expression
  } | null
  readonly output: { readonly sum: Expression; readonly error: Expression }
}

/** A column that is 1 in the rows before this one and 0 from there on: it never rises, and falls between the two. */
export function addRowsBefore(air: AirBuilder, name: string, row: number): Column {
  const column = air.column(name)
  air.transition(`${name} never rises`, column.next.times(air.constant(1).minus(column.here)))
  air.at(row - 1, `${name} is 1 in row ${row - 1}`, column.here.minus(1))
  air.at(row, `${name} is 0 in row ${row}`, column.here)
  return column
}

function addSections(air: AirBuilder, { sections, shape }: StepLayout): Sections {
  const before = (name: SectionName) => addRowsBefore(air, `before the end of ${name}`, sections[name].end)
  const none = air.constant(0)
  const errors = before('errors')
  if (shape.hidden === 0) {
    const inputs = before('inputs').here.minus(errors.here)
    return { errors: errors.here, units: none, one: none, gradients: none, inputs, restart: none }
  }
  const [units, one, gradients, inputs] = (['units', 'one', 'gradients', 'inputs'] as const).map(before)
  const falls = ({ here, next }: Column) => here.minus(next)
  return {
    errors: errors.here,
    units: units!.here.minus(errors.here),
    one: one!.here.minus(units!.here),
    gradients: gradients!.here.minus(one!.here),
    inputs: inputs!.here.minus(gradients!.here),
    restart: falls(errors).plus(falls(one!)),
  }
}

/** The rounded numbers, and what they were before: constraints and lookups make them the only ones possible. */
function addCells(
  air: AirBuilder,
  { shape, cells }: StepLayout,
  { target, present }: StepColumns,
): { values: CellValues; bytes: Lookup; sigmoid: Lookup } {
  const names = byteColumns(shape)
  const column = (name: string) => air.column(name).here
  const bytes = {
    magnitude: names.magnitude.map(column),
    dropped: names.dropped.map(column),
    gradient: names.gradient.map(column),
    gradientDropped: names.gradientDropped.map(column),
  }
  const number = (parts: readonly Expression[]) => joined(parts, 256)
  const [above, below, index, probability] = ['above', 'below', 'index', 'probability'].map(column)
  addBit(air, 'above', above!)
  addBit(air, 'below', below!)
  air.every('not above and below', above!.times(below!))
  air.every('above is the last of the table', above!.times(index!.minus(SIGMOID.length - 1)))
  air.every('below is the first of the table', below!.times(index!))
  const beyond = bytes.gradient.map((byte, i) => byte.times(BEYOND_WEIGHTS[i]!)).reduce((sum, part) => sum.plus(part))
  const argument = index!.minus(SIGMOID.length / 2).plus(above!.minus(below!).times(beyond))
  const dropped = number([...bytes.dropped, bytes.gradientDropped[0]!])
  const output = {
    sum: argument
      .times(2 ** 40)
      .plus(dropped)
      .minus(2 ** 39),
    error: present.times(probability!.minus(target)),
  }
  const all = [...bytes.dropped, ...bytes.gradient, ...bytes.gradientDropped, ...bytes.magnitude]
  let hidden: CellValues['hidden'] = null
  if (shape.hidden > 0) {
    all.push(bytes.magnitude.at(-1)!.times(MAGNITUDE_SPREAD))
    const positive = column('positive')
    addBit(air, 'positive', positive)
    const magnitude = number(bytes.magnitude)
    // The magnitude v where it is not negative; else −(v + 1), so that nothing is written in two ways.
    const rounded = positive.times(magnitude.times(2).plus(1)).minus(magnitude).minus(1)
    const error = number(bytes.gradient).minus(GRADIENT_LIMIT)
    hidden = {
      sum: rounded
        .times(2 ** 32)
        .plus(number(bytes.dropped))
        .minus(2 ** 31),
      activation: positive.times(magnitude),
      gradientSum: error
        .times(2 ** 32)
        .plus(number(bytes.gradientDropped))
        .minus(2 ** 31),
      gradient: positive.times(error),
    }
  }
  const byteTable = Array.from({ length: 256 }, (_, byte) => [BigInt(byte)])
  const sigmoidTable = SIGMOID.map((value, i) => [BigInt(i), BigInt(value)])
  const values = { ...addPlaces(air, cells, shape), hidden, output }
  return {
    values,
    bytes: addLookup(air, { name: 'byte', looked: all.map(byte => [byte]), table: byteTable }),
    sigmoid: addLookup(air, { name: 'sigmoid', looked: [[index!, probability!]], table: sigmoidTable }),
  }
}

function addPlaces(air: AirBuilder, { hidden, outputs }: StepLayout['cells'], shape: ExactShape) {
  const last = (name: string, { block }: { block: number }) =>
    air.periodic(
      name,
      Array.from({ length: block }, (_, i) => (i === block - 1 ? 1n : 0n)),
    )
  if (shape.hidden === 0) {
    const isOutput = addRowsBefore(air, 'before the end of cells', outputs.end).here
    return { isHidden: air.constant(0), isOutput, endsBlock: isOutput.times(last('last output', outputs)) }
  }
  const isHiddenFirst = hidden.first === 0
  const end = addRowsBefore(air, 'before the end of cells', Math.max(hidden.end, outputs.end)).here
  const first = addRowsBefore(air, 'before the second cells', Math.min(hidden.end, outputs.end)).here
  const second = end.minus(first)
  const [isHidden, isOutput] = isHiddenFirst ? [first, second] : [second, first]
  const endsBlock = isHidden.times(last('last unit', hidden)).plus(isOutput.times(last('last output', outputs)))
  return { isHidden, isOutput, endsBlock }
}

export function addBit(air: AirBuilder, name: string, value: Expression): void {
  air.every(`${name} is a bit`, value.times(value.minus(1)))
}

/**
 * Σ over the cells of σ^unit ρ^(rows after it) × (a λ-combination of the cell's numbers), by Horner's rule twice. The
 * blocks that come first get a further ρ^batch.
 */
function addCellSum(air: AirBuilder, values: CellValues, [sigma, rho, lambda]: Challenges): Expression {
  const { isHidden, isOutput, endsBlock, hidden, output } = values
  const cell = air.auxiliary('cell').here
  const ofOutput = isOutput.times(joined([output.sum, output.error], lambda).times(raised(air, lambda, 4)))
  const ofHidden =
    hidden === null
      ? air.constant(0)
      : isHidden.times(joined([hidden.sum, hidden.activation, hidden.gradient, hidden.gradientSum], lambda))
  air.every('a cell is what its numbers come to', cell.minus(ofHidden).minus(ofOutput))
  const block = air.auxiliary('block')
  const soFar = block.here.times(sigma).plus(cell)
  air.at(0, 'no block has begun', block.here)
  air.transition('a block goes on', block.next.minus(air.constant(1).minus(endsBlock).times(soFar)))
  const cells = air.auxiliary('cells')
  air.at(0, 'no cell is summed', cells.here)
  const added = endsBlock.times(cells.here.times(rho.minus(1)).plus(soFar))
  air.transition('cells are summed block by block', cells.next.minus(cells.here).minus(added))
  return cells.here
}

/** σ to the number of rows since the errors, the units or the gradients began. */
function addPowers(air: AirBuilder, { restart }: Sections, sigma: Expression): Expression {
  const power = air.auxiliary('power')
  air.at(0, 'powers begin at 1', power.here.minus(1))
  const next = power.here.times(sigma).times(air.constant(1).minus(restart)).plus(restart)
  air.transition('powers go on', power.next.minus(next))
  return power.here
}

interface Matrices {
  readonly columns: StepColumns
  readonly sections: Sections
  readonly power: Expression
}

/** What the cells must sum up to, from the matrices. */
function addMatrixSum(
  air: AirBuilder,
  { shape, sections: rows, cells }: StepLayout,
  { columns, sections, power, sum }: Matrices & { readonly sum: Expression },
  [sigma, rho, lambda]: Challenges,
): void {
  const { hidden, outputs, batch } = shape
  const rowWeights = Array.from({ length: batch }, (_, b) => raised(air, rho, batch - 1 - b))
  const overRows = (values: readonly Expression[]) => dot(values, rowWeights)
  const overUnits = (count: number) =>
    dot(
      columns.before.slice(0, count),
      Array.from({ length: count }, (_, j) => raised(air, sigma, j)),
    )
  const factors = overRows(columns.factor)
  const inputs = overRows(columns.x)
  const ofOutputs = (value: Expression, i: number) => value.times(raised(air, lambda, 4 + i))
  const errors = ofOutputs(sections.errors.times(power).times(factors), 1)
  let term: Expression
  if (hidden === 0) {
    term = ofOutputs(sections.inputs.times(inputs).times(overUnits(outputs)), 0).plus(errors)
  } else {
    air.at(rows.one.first, 'the constant unit is 1', factors.minus(rowWeights.reduce((a, b) => a.plus(b)).times(ONE)))
    const reads = sections.units.plus(sections.one)
    const ofOutput = ofOutputs(reads.times(factors).times(overUnits(outputs)), 0).plus(errors)
    const back = addGradientSums(air, rows.errors.first, { columns, factors, outputs })
    const ofHidden = [
      sections.inputs.times(inputs).times(overUnits(hidden)),
      sections.units.times(power).times(factors),
      sections.gradients.times(power).times(factors),
      sections.units.times(power).times(back),
    ]
    const further = raised(air, rho, batch)
    const isHiddenFirst = cells.hidden.first === 0
    const hiddenSum = joined(ofHidden, lambda)
    term = isHiddenFirst ? hiddenSum.times(further).plus(ofOutput) : hiddenSum.plus(ofOutput.times(further))
  }
  const matrices = air.auxiliary('matrices')
  air.at(0, 'no matrix is summed', matrices.here)
  air.transition('matrices are summed row by row', matrices.next.minus(matrices.here).minus(term))
  air.at(air.lastRow, 'cells are what the matrices come to', matrices.here.minus(sum))
}

/** In a unit's row: Σ over the outputs of its weight × that output's errors, summed over the batch. */
function addGradientSums(
  air: AirBuilder,
  firstError: number,
  { columns, factors, outputs }: { columns: StepColumns; factors: Expression; outputs: number },
): Expression {
  const errors = Array.from({ length: outputs }, (_, c) => {
    const column = air.auxiliary(`error${c}`)
    air.at(firstError + c, `error ${c} is that of its row`, column.here.minus(factors))
    air.transition(`error ${c} stays`, column.next.minus(column.here))
    return column.here
  })
  const back = air.auxiliary('back').here
  air.every('errors go back through the weights', back.minus(dot(columns.before.slice(0, outputs), errors)))
  return back
}

/** W − W′ = 2^(6 − shift)·AᵀD in every row of a matrix, its columns joined by powers of σ. */
function addUpdate(
  air: AirBuilder,
  { shape }: StepLayout,
  { columns, sections, power }: Matrices,
  sigma: Expression,
): void {
  const { errors, gradients, units, one, inputs } = sections
  const reads = units.plus(one)
  const learned = columns.factor.map((factor, b) => {
    // Sums up a row's errors, is used with the units, begins again, sums up gradients, is used with the inputs.
    const column = air.auxiliary(`learned${b}`)
    air.at(0, `row ${b} has learned nothing`, column.here)
    const added = errors.plus(gradients).times(power).times(factor)
    const kept = column.here.times(air.constant(1).minus(one))
    air.transition(`row ${b} learns`, column.next.minus(kept).minus(added))
    return column.here
  })
  const powers = columns.before.map((_, j) => raised(air, sigma, j))
  const moved = dot(
    columns.before.map((before, j) => before.minus(columns.after[j]!)),
    powers,
  )
  const step = dot(
    columns.x.map((x, b) => reads.times(columns.factor[b]!).plus(inputs.times(x))),
    learned,
  )
  const factor = 2 ** (LARGEST_SHIFT - shape.shift)
  air.every('weights move by the step', reads.plus(inputs).times(moved).minus(step.times(factor)))
}

/** Σ values_i · weights_i */
function dot(values: readonly Expression[], weights: readonly Expression[]): Expression {
  return values.map((value, i) => value.times(weights[i]!)).reduce((sum, part) => sum.plus(part))
}

/** A power of a challenge; what two powers share is computed once. */
function raised(air: AirBuilder, base: Expression, exponent: number): Expression {
  let power: Expression = air.constant(1)
  for (let i = 0; i < exponent; i++) power = i === 0 ? base : power.times(base)
  return power
}
