import {
  type Extension,
  embed,
  minus,
  ONE,
  plus,
  raised,
  reciprocal,
  scaled,
  times,
  ZERO,
} from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { add, multiply, subtract, toField, toSigned } from '../../field/goldilocks.ts'
import { INPUT_LIMIT, ONE as INPUT_ONE } from '../engine/shape.ts'
import { SIGMOID } from '../engine/sigmoid.ts'
import { lookupColumns, lookupCounts } from '../stark/lookup.ts'
import type { Witness } from '../stark/prove.ts'
import type { Columns, ExtensionColumns } from '../stark/trace.ts'
import { numbered } from './layout.ts'
import {
  bytesFor,
  DIRECTIONS,
  DROPPED_BYTES,
  dataNames,
  INPUT_BITS,
  INVERSE_256,
  type RoundAir,
  slackBits,
} from './roundAir.ts'
import { BLINDS, rateOf } from './roundShape.ts'
import { checkPlan, checkRoundData, type RoundData, type RoundPlan } from './roundTraining.ts'
import { elementsOf, type Gammas } from './statement.ts'
import { BEYOND_WEIGHTS } from './stepAir.ts'

/** A hospital's data as the columns of the oracle `data`. @throws RangeError for data that is not of the shape */
export function dataColumns({ air, shape }: RoundAir, data: RoundData): Columns {
  const { inputs, batch } = shape
  checkRoundData(shape, data)
  const columns = emptyColumns(air.activeRows, dataNames(shape))
  for (const [j, rows] of data.batches.entries()) {
    for (let b = 0; b < batch; b++) {
      const row = j * batch + b
      for (let i = 0; i < inputs - 1; i++) columns[`x${i}`]![row] = toField(rows.inputs[b * inputs + i]!)
      columns.target![row] = BigInt(rows.targets[b]!)
      columns.present![row] = BigInt(rows.present[b]!)
    }
  }
  for (const [c, ofSteps] of data.noise.entries()) {
    for (const [j, numbers] of ofSteps.entries()) columns[`noise${c}`]!.set(elementsOf(numbers), j * batch)
  }
  return columns
}

/**
 * Weights after a round as the column of the oracle `after`.
 * @param blinds four random elements where the round is blinded, else none
 * @throws RangeError where there are not as many as the shape has
 */
export function afterColumns(
  { air, shape, layout }: RoundAir,
  weights: BigInt64Array,
  blinds: BigUint64Array,
): Columns {
  if (weights.length !== shape.inputs) throw new RangeError(`${weights.length} weights`)
  if (blinds.length !== (shape.blinded ? BLINDS : 0)) throw new RangeError(`${blinds.length} blinds`)
  const after = new BigUint64Array(air.activeRows)
  after.set([...elementsOf(weights), ...blinds], layout.after)
  return { 'weight after': after }
}

/** What is stated of a round, to be proven. */
export interface RoundWitness {
  readonly start: BigInt64Array
  readonly data: RoundData
  readonly plan: RoundPlan
  /** As the weights after the round were committed to with: see afterColumns. */
  readonly blinds: BigUint64Array
  /** Where the round is blinded. */
  readonly gammas?: Gammas
}

/**
 * What proves a round, beside the commitments to dataColumns and afterColumns.
 * @throws RangeError for data or a plan that is not of the shape, and where a blinded round has no gammas
 *
 * @example
 * const witness = { ...roundWitness(round, { start, data, plan, blinds, gammas }), externals: [committedData, after] }
 */
export function roundWitness(
  round: RoundAir,
  { start, data, plan, blinds, gammas }: RoundWitness,
): Pick<Witness, 'main' | 'auxiliary'> {
  checkPlan(round.shape, plan)
  if (round.shape.blinded !== (gammas !== undefined)) throw new RangeError('gammas are of blinded rounds, and of all')
  const given = dataColumns(round, data)
  const states = statesOf(round, given, { start, plan })
  const after = afterColumns(round, BigInt64Array.from(states.at(-1)!), blinds)
  return roundColumns(round, { ...given, ...after }, { states, plan, ...(gammas && { gammas }) })
}

/** A round as it is traced. */
export interface RoundRun {
  /** Weights before each step, in the order of time. */
  readonly states: readonly (readonly bigint[])[]
  readonly plan: RoundPlan
  readonly gammas?: Gammas
}

/** The columns of a round over committed columns, whether they follow or not. */
export function roundColumns(round: RoundAir, given: Columns, run: RoundRun): Pick<Witness, 'main' | 'auxiliary'> {
  const traced = tracedColumns(round, given, run)
  const main = { ...traced, ...countColumns(round, { ...given, ...traced }, run.plan) }
  return {
    main,
    auxiliary: challenge => auxiliaryColumns(round, { ...given, ...main }, run.plan, challenge),
  }
}

/** The weights before the first step and after each, in the order of time: what the columns of the data teach. */
export function statesOf(
  round: RoundAir,
  data: Columns,
  { start, plan }: { start: BigInt64Array; plan: RoundPlan },
): readonly (readonly bigint[])[] {
  const states: (readonly bigint[])[] = [[...start]]
  for (const block of plan.order) states.push(moved(round, data, { block, weights: states.at(-1)!, plan }))
  return states
}

function moved(
  { shape }: RoundAir,
  data: Columns,
  { block, weights, plan }: { block: number; weights: readonly bigint[]; plan: RoundPlan },
): bigint[] {
  const first = block * shape.batch
  const noise = data[`noise${plan.contribution}`]
  const gradient = weights.map((_, i) =>
    noise === undefined ? 0n : toSigned(noise[first + i]!) * BigInt(plan.signs[block]!),
  )
  for (let row = first; row < first + shape.batch; row++) {
    const inputs = inputsOf(shape.inputs, data, row)
    const { probability } = rounded(sumOf(inputs, weights))
    const error = toSigned(data.present![row]!) * (probability - toSigned(data.target![row]!))
    for (const [i, input] of inputs.entries()) gradient[i]! += error * input
  }
  return weights.map((weight, i) => weight - rateOf(shape) * gradient[i]!)
}

/** The constant one among them. */
function inputsOf(inputs: number, data: Columns, row: number): bigint[] {
  const varying = numbered('x', inputs - 1).map(name => toSigned(data[name]![row]!))
  return [...varying, toSigned(data.present![row]!) * BigInt(INPUT_ONE)]
}

function sumOf(inputs: readonly bigint[], weights: readonly bigint[]): bigint {
  return inputs.reduce((sum, input, i) => sum + input * weights[i]!, 0n)
}

/** A row's sum as it is written in a trace: see stepAir. */
function rounded(sum: bigint) {
  const argument = (sum + 2n ** 39n) >> 40n
  const middle = BigInt(SIGMOID.length / 2)
  const [least, most] = [-middle, middle - 1n]
  const within = argument < least ? least : argument > most ? most : argument
  const index = within + middle
  return {
    index,
    above: argument > most ? 1n : 0n,
    below: argument < least ? 1n : 0n,
    beyond: argument > within ? argument - within : within - argument,
    dropped: sum + 2n ** 39n - argument * 2n ** 40n,
    probability: BigInt(SIGMOID[Number(index)]!),
  }
}

/** How far a sum is beyond the table, in the bytes of BEYOND_WEIGHTS: the last takes what it can. */
function beyondBytes(beyond: bigint): readonly [bigint, bigint, bigint] {
  const highest = beyond / BigInt(BEYOND_WEIGHTS[2])
  const last = highest > 255n ? 255n : highest
  const rest = beyond - last * BigInt(BEYOND_WEIGHTS[2])
  return [rest & 255n, rest >> 8n, last]
}

/** All main columns but the lookups' counts. */
export function tracedColumns(round: RoundAir, given: Columns, { states, plan, gammas }: RoundRun): Columns {
  const { air, shape } = round
  const { inputs, batch, steps, noise } = shape
  const columns = emptyColumns(air.activeRows, [
    ...numbered('weight', inputs),
    ...numbered('dropped', DROPPED_BYTES),
    ...numbered('beyond', BEYOND_WEIGHTS.length),
    ...['above', 'below', 'index', 'probability', 'time'],
    ...(noise === null ? [] : ['sign', 'slack']),
  ])
  const zero = numbered('weight', inputs).map(() => 0n)
  for (let row = 0; row < air.activeRows; row++) {
    const block = Math.floor(row / batch)
    const time = block < steps ? plan.order.indexOf(block) : -1
    const weights = states[time] ?? zero
    for (const [i, weight] of weights.entries()) columns[`weight${i}`]![row] = element(weight)
    if (time >= 0) columns.time![row] = BigInt(time)
    const sum = rounded(sumOf(inputsOf(inputs, given, row), weights))
    for (const name of ['index', 'above', 'below', 'probability'] as const) columns[name]![row] = sum[name]
    for (let i = 0; i < DROPPED_BYTES; i++) columns[`dropped${i}`]![row] = (sum.dropped >> BigInt(8 * i)) & 255n
    for (const [i, byte] of beyondBytes(sum.beyond).entries()) columns[`beyond${i}`]![row] = byte
    if (noise === null) continue
    columns.sign![row] = time < 0 ? 0n : toField(plan.signs[block]!)
    columns.slack![row] = slackOf(round, given, row, noise.squaredNorm)
  }
  for (const { name, values, bits } of rangesOf(round, { ...given, ...columns }, plan)) {
    for (const [i, bytes] of lowerBytes(values, bits).entries()) columns[`${name} byte ${i}`] = bytes
  }
  if (shape.blinded) {
    for (const [i, name] of numbered('direction', DIRECTIONS).entries()) {
      columns[name] = hornerColumn(given['weight after']!, gammas![i]!)
    }
  }
  return columns
}

/** What is left of the largest squared norm in a row; no small element where it is too long. */
function slackOf({ shape }: RoundAir, data: Columns, row: number, squaredNorm: number): bigint {
  const squares = inputsOf(shape.inputs, data, row).map(input => input * input)
  return element(BigInt(squaredNorm) - squares.reduce((sum, square) => sum + square))
}

interface Range {
  readonly name: string
  readonly values: BigUint64Array
  readonly bits: number
}

/** What is required to be in a range, in the order of the AIR's lookups. */
function rangesOf({ shape }: RoundAir, columns: Columns, plan: RoundPlan): Range[] {
  const shifted = (name: string, by: number) => columns[name]!.map(value => add(value, BigInt(by)))
  const inputs = numbered('x', shape.inputs - 1).map(name => ({
    name,
    values: shifted(name, INPUT_LIMIT),
    bits: INPUT_BITS,
  }))
  if (shape.noise === null) return inputs
  const { bits, squaredNorm } = shape.noise
  return [
    ...inputs,
    { name: 'slack', values: columns.slack!, bits: slackBits(squaredNorm) },
    { name: 'picked', values: shifted(`noise${plan.contribution}`, 2 ** bits), bits: bits + 1 },
  ]
}

function lowerBytes(values: BigUint64Array, bits: number): BigUint64Array[] {
  return Array.from({ length: bytesFor(bits).lower }, (_, i) => values.map(value => (value >> BigInt(8 * i)) & 255n))
}

/**
 * The lookups' counts for the other columns.
 * @throws TraceError where something is not in its table
 */
export function countColumns(round: RoundAir, columns: Columns, plan: RoundPlan): Columns {
  const { bytes, sigmoid, air } = round
  return {
    'byte.count': lookupCounts(bytes, lookedBytes(round, columns, plan), air.activeRows),
    'sigmoid.count': lookupCounts(sigmoid, lookedSigmoid(columns), air.activeRows),
  }
}

/** In the order of the AIR's lookup: read from the columns as the constraints do. */
function lookedBytes(round: RoundAir, columns: Columns, plan: RoundPlan): BigUint64Array[][] {
  const rounding = [...numbered('dropped', DROPPED_BYTES), ...numbered('beyond', BEYOND_WEIGHTS.length)]
  const looked = rounding.map(name => columns[name]!)
  for (const { name, values, bits } of rangesOf(round, columns, plan)) {
    const { lower, spread } = bytesFor(bits)
    const bytes = numbered(`${name} byte `, lower).map(byte => columns[byte]!)
    const highest = values.map((value, row) =>
      bytes.reduce((rest, byte) => multiply(subtract(rest, byte[row]!), INVERSE_256), value),
    )
    looked.push(...bytes, highest)
    if (spread > 1) looked.push(highest.map(byte => multiply(byte, BigInt(spread))))
  }
  return looked.map(column => [column])
}

function lookedSigmoid(columns: Columns): BigUint64Array[][] {
  return [[columns.index!, columns.probability!]]
}

/**
 * What roundAir's auxiliary columns are, row after row: see there.
 * @param columns all others, external and main
 */
export function auxiliaryColumns(
  round: RoundAir,
  columns: Columns,
  plan: RoundPlan,
  challenge: (name: string) => Extension,
): ExtensionColumns {
  return {
    ...lookupColumns(round.bytes, lookedBytes(round, columns, plan), columns['byte.count']!, challenge),
    ...lookupColumns(round.sigmoid, lookedSigmoid(columns), columns['sigmoid.count']!, challenge),
    ...chainColumns(round, columns, plan, challenge('beta'), challenge('delta')),
  }
}

function chainColumns(
  { air, shape, layout }: RoundAir,
  columns: Columns,
  plan: RoundPlan,
  beta: Extension,
  delta: Extension,
): ExtensionColumns {
  const { inputs, batch, noise } = shape
  const powers = Array.from({ length: layout.width + 1 }, (_, i) => raised(delta, BigInt(layout.width - i)))
  const [ofTime, ...weighing] = powers as [Extension, ...Extension[]]
  const print = (values: readonly bigint[]) =>
    values.reduce((sum, value, i) => plus(sum, scaled(weighing[i]!, value)), ZERO)
  const at = (name: string, row: number) => columns[name]![row]!
  const rate = rateOf(shape)
  const [before, learned, noised, chain, end] = [[ZERO], [] as Extension[], [ZERO], [ONE], [ZERO]]
  for (let row = 0; row < air.activeRows; row++) {
    const varying = numbered('x', inputs - 1).map(name => at(name, row))
    const input = print([...varying, multiply(at('present', row), BigInt(INPUT_ONE))])
    const error = multiply(at('present', row), subtract(at('probability', row), at('target', row)))
    learned.push(plus(before[row]!, scaled(input, error)))
    if (row === air.activeRows - 1) break
    const isLast = row % batch === batch - 1
    before.push(isLast ? ZERO : learned[row]!)
    if (noise !== null) {
      const picked = multiply(at('sign', row), at(`noise${plan.contribution}`, row))
      noised.push(isLast ? ZERO : plus(times(noised[row]!, delta), embed(picked)))
    }
    end.push(plus(times(end[row]!, delta), embed(at('weight after', row))))
    if (!isLast) {
      chain.push(chain[row]!)
      continue
    }
    const weights = print(numbered('weight', inputs).map(name => at(name, row)))
    const read = minus(minus(beta, scaled(ofTime, at('time', row))), weights)
    const moved = noise === null ? learned[row]! : plus(learned[row]!, noised[row]!)
    const written = plus(minus(read, ofTime), scaled(moved, rate))
    chain.push(times(times(chain[row]!, written), reciprocal(read)))
  }
  return { before, learned, chain, end, ...(noise === null ? {} : { noised }) }
}

function hornerColumn(values: BigUint64Array, base: bigint): BigUint64Array {
  const sums = new BigUint64Array(values.length)
  for (let row = 1; row < values.length; row++) sums[row] = add(multiply(sums[row - 1]!, base), values[row - 1]!)
  return sums
}

/** The element that stands for an integer of any size. */
function element(value: bigint): bigint {
  return ((value % MODULUS) + MODULUS) % MODULUS
}

function emptyColumns(rows: number, names: readonly string[]): Record<string, BigUint64Array> {
  return Object.fromEntries(names.map(name => [name, new BigUint64Array(rows)]))
}
