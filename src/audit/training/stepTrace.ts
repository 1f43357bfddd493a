import { type Extension, embed, ONE, plus, raised, scaled, times, valueAt, ZERO } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import type { ExactBatch } from '../engine/batch.ts'
import { exactStep, layersOf, stepValues } from '../engine/model.ts'
import { GRADIENT_LIMIT } from '../engine/shape.ts'
import { SIGMOID } from '../engine/sigmoid.ts'
import type { ExternalOracle } from '../stark/commitment.ts'
import { lookupColumns, lookupCounts } from '../stark/lookup.ts'
import type { Witness } from '../stark/prove.ts'
import type { Columns, ExtensionColumns } from '../stark/trace.ts'
import { cellRow, isIn, numbered, sectionNames } from './layout.ts'
import { BEYOND_WEIGHTS, type BYTES, byteColumns, MAGNITUDE_SPREAD, type StepAir } from './stepAir.ts'

/** A batch as the columns of the oracle `batch`. */
export function batchColumns({ air, layout }: StepAir, { inputs, targets, present }: ExactBatch): Columns {
  const { shape, sections, cells } = layout
  const columns = new ColumnSet(air.activeRows)
  for (let b = 0; b < shape.batch; b++) {
    for (let k = 0; k < shape.inputs; k++) {
      columns.set(`x${b}`, sections.inputs.first + k, BigInt(inputs[b * shape.inputs + k]!))
    }
    for (let c = 0; c < shape.outputs; c++) {
      const row = cellRow(cells.outputs, b, c)
      columns.set('target', row, BigInt(targets[b * shape.outputs + c]!))
      columns.set('present', row, BigInt(present[b]!))
    }
  }
  return columns.all(['target', 'present', ...numbered('x', shape.batch)])
}

/** Weights as the columns of the oracle `before` or `after`. */
export function weightColumns({ air, layout }: StepAir, oracle: 'before' | 'after', weights: BigInt64Array): Columns {
  const { shape, sections, width } = layout
  const columns = new ColumnSet(air.activeRows)
  const layers = layersOf(shape, weights)
  const write = (first: number, layer: (typeof layers)[number]) => {
    for (const [i, row] of layer.entries())
      for (const [j, weight] of row.entries()) columns.set(`${oracle}${j}`, first + i, weight)
  }
  write(sections.inputs.first, layers[0]!)
  // The row of the unit that is always 1 follows the units'.
  if (layers[1] !== undefined) write(sections.units.first, layers[1])
  return columns.all(numbered(oracle, width))
}

/** What is stated of a step, to be proven. */
export interface StepWitness {
  readonly weights: BigInt64Array
  readonly batch: ExactBatch
  /** Commitments to batchColumns and to weightColumns before and after. */
  readonly externals: readonly [batch: ExternalOracle, before: ExternalOracle, after: ExternalOracle]
}

/**
 * What proves a step.
 * @throws AppError training.diverged where the step leaves a range
 */
export function stepWitness(step: StepAir, { weights, batch, externals }: StepWitness): Witness {
  const after = exactStep(step.layout.shape, weights, batch)
  return { ...traceOf(step, { weights, batch, after }), externals }
}

/** The columns of a step from these weights to those, whether they follow or not. */
export function traceOf(
  step: StepAir,
  { weights, batch, after }: { weights: BigInt64Array; batch: ExactBatch; after: BigInt64Array },
): Pick<Witness, 'main' | 'auxiliary'> {
  const rounded = mainColumns(step, weights, batch)
  const main = { ...rounded, ...countColumns(step, rounded) }
  const given = {
    ...batchColumns(step, batch),
    ...weightColumns(step, 'before', weights),
    ...weightColumns(step, 'after', after),
  }
  return { main, auxiliary: challenge => auxiliaryColumns(step, { ...main, ...given }, challenge) }
}

/**
 * The lookups' counts for the other main columns.
 * @throws TraceError where something is not in its table
 */
export function countColumns(step: StepAir, main: Columns): Columns {
  return {
    'byte.count': lookupCounts(step.bytes, lookedBytes(step, main), step.air.activeRows),
    'sigmoid.count': lookupCounts(step.sigmoid, lookedSigmoid(main), step.air.activeRows),
  }
}

function mainColumns(step: StepAir, weights: BigInt64Array, batch: ExactBatch): Columns {
  const { air, layout } = step
  const { shape, sections, cells } = layout
  const values = stepValues(shape, layersOf(shape, weights), batch)
  const columns = new ColumnSet(air.activeRows)
  const names = byteColumns(shape)
  const writeBytes = (kind: keyof typeof BYTES, row: number, value: bigint) => {
    for (const [i, name] of names[kind].entries()) columns.set(name, row, (value >> BigInt(8 * i)) & 255n)
  }
  const hiddenCell = (row: number, activation: bigint, sum: bigint, gradient: bigint, gradientSum: bigint) => {
    const isPositive = activation >= 0n
    columns.set('positive', row, isPositive ? 1n : 0n)
    writeBytes('magnitude', row, isPositive ? activation : -activation - 1n)
    writeBytes('dropped', row, sum + 2n ** 31n - activation * 2n ** 32n)
    writeBytes('gradient', row, gradient + BigInt(GRADIENT_LIMIT))
    writeBytes('gradientDropped', row, gradientSum + 2n ** 31n - gradient * 2n ** 32n)
  }
  const outputCell = (row: number, sum: bigint) => {
    const argument = (sum + 2n ** 39n) >> 40n
    const middle = BigInt(SIGMOID.length / 2)
    const [least, most] = [-middle, middle - 1n]
    const index = (argument < least ? least : argument > most ? most : argument) + middle
    const beyond = argument < least ? least - argument : argument > most ? argument - most : 0n
    columns.set('above', row, argument > most ? 1n : 0n)
    columns.set('below', row, argument < least ? 1n : 0n)
    columns.set('index', row, index)
    columns.set('probability', row, BigInt(SIGMOID[Number(index)]!))
    const highest = beyond / BigInt(BEYOND_WEIGHTS[2])
    const last = highest > 255n ? 255n : highest
    writeBytes('gradient', row, beyond - last * BigInt(BEYOND_WEIGHTS[2]))
    columns.set(names.gradient[2]!, row, last)
    const dropped = sum + 2n ** 39n - argument * 2n ** 40n
    writeBytes('dropped', row, dropped & 0xffff_ffffn)
    columns.set('gradientDropped0', row, dropped >> 32n)
  }
  for (let row = 0; row < air.activeRows; row++) columns.set('probability', row, BigInt(SIGMOID[0]!))
  for (let b = 0; b < shape.batch; b++) {
    for (let j = 0; j < cells.hidden.block; j++) {
      const row = cellRow(cells.hidden, b, j)
      const of = (matrix: readonly (readonly bigint[])[]) => matrix[b]?.[j] ?? 0n
      hiddenCell(row, of(values.activations), of(values.hiddenSums), of(values.gradients), of(values.gradientSums))
    }
    for (let c = 0; c < cells.outputs.block; c++) {
      outputCell(cellRow(cells.outputs, b, c), values.outputSums[b]![c] ?? 0n)
    }
    const factor = (row: number, value: bigint) => columns.set(`factor${b}`, row, value)
    for (const [c, error] of values.errors[b]!.entries()) factor(sections.errors.first + c, error)
    if (shape.hidden > 0) {
      for (const [j, feature] of values.features[b]!.entries()) factor(sections.units.first + j, feature)
      for (const [j, gradient] of values.hiddenErrors[b]!.entries()) factor(sections.gradients.first + j, gradient)
    }
  }
  const upTo = (name: string, end: number) => {
    for (let row = 0; row < end; row++) columns.set(name, row, 1n)
  }
  const present = sectionNames(shape)
  for (const name of present) upTo(`before the end of ${name}`, sections[name].end)
  upTo('before the end of cells', Math.max(cells.hidden.end, cells.outputs.end))
  if (shape.hidden > 0) upTo('before the second cells', Math.min(cells.hidden.end, cells.outputs.end))
  return columns.all([
    ...numbered('factor', shape.batch),
    ...names.magnitude,
    ...names.dropped,
    ...names.gradient,
    ...names.gradientDropped,
    ...['above', 'below', 'index', 'probability'],
    ...(shape.hidden === 0 ? [] : ['positive', 'before the second cells']),
    ...present.map(name => `before the end of ${name}`),
    'before the end of cells',
  ])
}

/** In the order of the AIR's lookup. */
function lookedBytes({ layout }: StepAir, main: Columns): BigUint64Array[][] {
  const names = byteColumns(layout.shape)
  const all = [...names.dropped, ...names.gradient, ...names.gradientDropped, ...names.magnitude].map(
    name => main[name]!,
  )
  const last = names.magnitude.at(-1)
  if (last !== undefined) all.push(main[last]!.map(byte => byte * BigInt(MAGNITUDE_SPREAD)))
  return all.map(column => [column])
}

function lookedSigmoid(main: Columns): BigUint64Array[][] {
  return [[main.index!, main.probability!]]
}

type Challenge = (name: string) => Extension

/**
 * What stepAir's auxiliary columns are, row after row: see there.
 * @param columns all others, external and main
 */
export function auxiliaryColumns(step: StepAir, columns: Columns, challenge: Challenge): ExtensionColumns {
  const [sigma, rho] = [challenge('sigma'), challenge('rho')]
  const cell = cellColumn(step, columns, challenge('lambda'))
  const { block, cells } = cellSums(step, cell, { sigma, rho })
  const power = powerColumn(step, sigma)
  const rest = matrixColumns(step, columns, power, challenge)
  const bytes = lookupColumns(step.bytes, lookedBytes(step, columns), columns['byte.count']!, challenge)
  const sigmoid = lookupColumns(step.sigmoid, lookedSigmoid(columns), columns['sigmoid.count']!, challenge)
  return { ...bytes, ...sigmoid, cell, block, cells, power, ...rest, ...learnedColumns(step, columns, power) }
}

/** Reads columns as integers modulo p. */
function numberIn(columns: Columns, names: readonly string[], row: number): bigint {
  return names.reduceRight((sum, name) => sum * 256n + columns[name]![row]!, 0n)
}

function cellColumn({ air, layout }: StepAir, columns: Columns, lambda: Extension): Extension[] {
  const { cells, shape } = layout
  const names = byteColumns(shape)
  return Array.from({ length: air.activeRows }, (_, row) => {
    const at = (name: string) => columns[name]![row]!
    if (isIn(cells.hidden, row)) {
      const [positive, magnitude] = [at('positive'), numberIn(columns, names.magnitude, row)]
      const rounded = positive * (2n * magnitude + 1n) - magnitude - 1n
      const error = numberIn(columns, names.gradient, row) - BigInt(GRADIENT_LIMIT)
      const sum = rounded * 2n ** 32n + numberIn(columns, names.dropped, row) - 2n ** 31n
      const gradientSum = error * 2n ** 32n + numberIn(columns, names.gradientDropped, row) - 2n ** 31n
      return combined([sum, positive * magnitude, positive * error, gradientSum], lambda)
    }
    if (!isIn(cells.outputs, row)) return ZERO
    const beyond = names.gradient.reduce((sum, name, i) => sum + at(name) * BigInt(BEYOND_WEIGHTS[i]!), 0n)
    const argument = at('index') - BigInt(SIGMOID.length / 2) + (at('above') - at('below')) * beyond
    const dropped = numberIn(columns, [...names.dropped, names.gradientDropped[0]!], row)
    const sum = argument * 2n ** 40n + dropped - 2n ** 39n
    const error = at('present') * (at('probability') - at('target'))
    return times(combined([sum, error], lambda), raised(lambda, 4n))
  })
}

function cellSums(
  { air, layout }: StepAir,
  cell: readonly Extension[],
  { sigma, rho }: { sigma: Extension; rho: Extension },
): { block: Extension[]; cells: Extension[] } {
  const { hidden, outputs } = layout.cells
  const ends = (row: number) =>
    [hidden, outputs].some(cells => isIn(cells, row) && (row - cells.first) % cells.block === cells.block - 1)
  const [block, cells] = [[ZERO], [ZERO]]
  for (let row = 0; row < air.activeRows - 1; row++) {
    const soFar = plus(times(block[row]!, sigma), cell[row]!)
    block.push(ends(row) ? ZERO : soFar)
    cells.push(ends(row) ? plus(times(cells[row]!, rho), soFar) : cells[row]!)
  }
  return { block, cells }
}

function powerColumn({ air, layout }: StepAir, sigma: Extension): Extension[] {
  const { errors, one } = layout.sections
  const power = [ONE]
  const restarts = layout.shape.hidden === 0 ? [] : [errors.end, one.end]
  for (let row = 1; row < air.activeRows; row++) {
    power.push(restarts.includes(row) ? ONE : times(power[row - 1]!, sigma))
  }
  return power
}

function matrixColumns(
  { air, layout }: StepAir,
  columns: Columns,
  power: readonly Extension[],
  challenge: Challenge,
): ExtensionColumns {
  const { shape, sections, cells } = layout
  const { hidden, outputs, batch } = shape
  const [sigma, rho, lambda] = ['sigma', 'rho', 'lambda'].map(challenge) as [Extension, Extension, Extension]
  const rowWeights = Array.from({ length: batch }, (_, b) => raised(rho, BigInt(batch - 1 - b)))
  const unitWeights = Array.from({ length: layout.width }, (_, j) => raised(sigma, BigInt(j)))
  const over = (prefix: string, weights: readonly Extension[], row: number) =>
    weights.reduce((sum, weight, i) => plus(sum, scaled(weight, columns[`${prefix}${i}`]![row]!)), ZERO)
  const factors = Array.from({ length: air.activeRows }, (_, row) => over('factor', rowWeights, row))
  const errors = Array.from({ length: hidden === 0 ? 0 : outputs }, (_, c) => factors[sections.errors.first + c]!)
  const back = factors.map((_, row) => over('before', errors, row))
  const lambdas = Array.from({ length: 6 }, (_, i) => raised(lambda, BigInt(i)))
  const further = raised(rho, BigInt(batch))
  const isHiddenFirst = hidden > 0 && cells.hidden.first === 0
  const term = (row: number): Extension => {
    const parts: Extension[] = []
    const weighted = times(power[row]!, factors[row]!)
    const addHidden = (value: Extension, i: number) => {
      const part = times(value, lambdas[i]!)
      parts.push(isHiddenFirst ? times(part, further) : part)
    }
    const addOutput = (value: Extension, i: number) => {
      const part = times(value, lambdas[4 + i]!)
      parts.push(hidden > 0 && !isHiddenFirst ? times(part, further) : part)
    }
    if (isIn(sections.errors, row)) addOutput(weighted, 1)
    if (isIn(sections.units, row) || isIn(sections.one, row)) {
      addOutput(times(factors[row]!, over('before', unitWeights.slice(0, outputs), row)), 0)
    }
    if (isIn(sections.units, row)) {
      addHidden(weighted, 1)
      addHidden(times(power[row]!, back[row]!), 3)
    }
    if (isIn(sections.gradients, row)) addHidden(weighted, 2)
    if (isIn(sections.inputs, row)) {
      const inputs = over('x', rowWeights, row)
      if (hidden === 0) addOutput(times(inputs, over('before', unitWeights.slice(0, outputs), row)), 0)
      else addHidden(times(inputs, over('before', unitWeights.slice(0, hidden), row)), 0)
    }
    return parts.reduce(plus, ZERO)
  }
  const matrices = [ZERO]
  for (let row = 0; row < air.activeRows - 1; row++) matrices.push(plus(matrices[row]!, term(row)))
  if (hidden === 0) return { matrices }
  const constant = errors.map((error, c) => [`error${c}`, factors.map(() => error)] as const)
  return { matrices, back, ...Object.fromEntries(constant) }
}

function learnedColumns({ air, layout }: StepAir, columns: Columns, power: readonly Extension[]): ExtensionColumns {
  const { sections, shape } = layout
  const learned = Array.from({ length: shape.batch }, (_, b) => {
    const factor = columns[`factor${b}`]!
    const sums = [ZERO]
    for (let row = 0; row < air.activeRows - 1; row++) {
      const adds = isIn(sections.errors, row) || isIn(sections.gradients, row)
      const kept = isIn(sections.one, row) ? ZERO : sums[row]!
      sums.push(adds ? plus(kept, scaled(power[row]!, factor[row]!)) : kept)
    }
    return [`learned${b}`, sums] as const
  })
  return Object.fromEntries(learned)
}

/** Σ values_i · base^i, of integers modulo p. */
function combined(values: readonly bigint[], base: Extension): Extension {
  return valueAt(
    values.map(value => embed(element(value))),
    base,
  )
}

/** The element that stands for an integer. */
function element(value: bigint): bigint {
  const rest = value % MODULUS
  return rest < 0n ? rest + MODULUS : rest
}

/** Columns of zeros to be written into. */
class ColumnSet {
  readonly #rows: number
  readonly #columns = new Map<string, BigUint64Array>()

  constructor(rows: number) {
    this.#rows = rows
  }

  set(name: string, row: number, value: bigint): void {
    this.#column(name)[row] = element(value)
  }

  /** All columns by name; those that nothing was written to are zeros. */
  all(names: readonly string[]): Columns {
    return Object.fromEntries(names.map(name => [name, this.#column(name)]))
  }

  #column(name: string): BigUint64Array {
    const known = this.#columns.get(name) ?? new BigUint64Array(this.#rows)
    this.#columns.set(name, known)
    return known
  }
}
