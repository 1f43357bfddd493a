import { inverse } from '../../field/goldilocks.ts'
import { HIT, INPUT_LIMIT, ONE } from '../engine/shape.ts'
import { SIGMOID } from '../engine/sigmoid.ts'
import { type Air, type AirBuilder, type Column, defineAir, type Expression, joined } from '../stark/air.ts'
import { addLookup, type Lookup } from '../stark/lookup.ts'
import { defaultParameters, type Parameters, paddingRows, shortTraceParameters } from '../stark/parameters.ts'
import { shapeOf, soundness } from '../stark/soundness.ts'
import { numbered } from './layout.ts'
import { BLINDS, CONSTANT_SQUARED, checkRoundShape, type RoundShape, rateOf } from './roundShape.ts'
import { addBit, BEYOND_WEIGHTS } from './stepAir.ts'

/** A round's AIR, and what makes its trace. */
export interface RoundAir {
  readonly air: Air
  readonly shape: RoundShape
  readonly layout: RoundLayout
  readonly bytes: Lookup
  readonly sigmoid: Lookup
}

/** Where in a round's trace everything stands. A row is a patient, and a block of rows a batch, as registered. */
export interface RoundLayout {
  /** Rows of all batches: the chain of steps is complete in the row after them. */
  readonly trained: number
  /** Row of the first weight after the round in the column `after`: the last is the batches' last. The blinds follow. */
  readonly after: number
  /** Rows that are taken. */
  readonly rows: number
  /** Numbers that a vector of weights is told from others by: 0 where there is no weight. */
  readonly width: number
}

/** Bytes of what is dropped in rounding a row's sum. */
export const DROPPED_BYTES = 5
/** Bits of an input + 2^15. */
export const INPUT_BITS = 16
/** Sums of a blinded round, each under a direction of its own. */
export const DIRECTIONS = 2

/** What is to be sound in less would be forged. */
const LEAST_SOUNDNESS = 96
/** 1/256 in the field: a number less its lowest byte, times this, is the rest of it. */
export const INVERSE_256 = inverse(256n)

/** Those that are tried for a round, in this order: the first that is sound gives the shortest proofs. */
const choices: readonly Parameters[] = [shortTraceParameters, defaultParameters]

/**
 * A hospital's whole round (trainRound) as constraints: from public weights on, a step for each batch of the data under
 * one root, in an order that is said, to the weights under another. The external oracles are `data`, pinned, and `after`;
 * roundTrace says what stands in them, roundInputs what is said.
 *
 * All that is assumed of data is proven with it. Steps are linked by a multiset: what each block has read, and what each
 * has written. docs/proofs.md says why that is a round.
 * @param parameters those that the shape takes, unless given
 * @throws RangeError for a shape that cannot be proven
 */
export function roundAir(shape: RoundShape, parameters?: Parameters): RoundAir {
  checkRoundShape(shape)
  if (parameters !== undefined) return airWith(shape, parameters)
  for (const choice of choices) {
    const round = airWith(shape, choice)
    if (soundness(shapeOf(round.air), choice).interactive >= LEAST_SOUNDNESS) return round
  }
  throw new RangeError(`${nameOf(shape)}: no parameters leave ${LEAST_SOUNDNESS} bits`)
}

function airWith(shape: RoundShape, parameters: Parameters): RoundAir {
  const layout = layoutOf(shape)
  const openings = shape.contributions
  const active = Math.max(layout.rows, SIGMOID.length)
  const log2Rows = Math.ceil(Math.log2(active + paddingRows(parameters, openings, true)))
  let lookups: Pick<RoundAir, 'bytes' | 'sigmoid'> | undefined
  const air = defineAir({ name: nameOf(shape), log2Rows, parameters, openings }, builder => {
    lookups = writeRound(builder, shape, layout)
  })
  return { air, shape, layout, ...lookups! }
}

function nameOf({ inputs, batch, steps }: RoundShape): string {
  return `round of ${inputs}-1, ${steps} batches of ${batch}`
}

function layoutOf({ inputs, batch, steps, noise, blinded }: RoundShape): RoundLayout {
  const trained = steps * batch
  return {
    trained,
    after: trained - inputs,
    rows: trained + 1 + (blinded ? BLINDS : 0),
    width: noise === null ? inputs : batch - 1,
  }
}

/** The columns of the oracle `data`, in its order. */
export function dataNames({ inputs, contributions, noise }: RoundShape): readonly string[] {
  return [...numbered('x', inputs - 1), 'target', 'present', ...numbered('noise', noise === null ? 0 : contributions)]
}

/** How a number of so many bits is written: its lower bytes are columns, and the highest is what they leave of it. */
export function bytesFor(bits: number): { readonly lower: number; readonly spread: number } {
  const bytes = Math.ceil(bits / 8)
  return { lower: bytes - 1, spread: 2 ** (8 * bytes - bits) }
}

/** Bits of the difference between the largest squared norm and a row's, in whole bytes. */
export function slackBits(squaredNorm: number): number {
  return 8 * Math.ceil(Math.log2(squaredNorm + 1) / 8)
}

/** The columns of a row. */
interface RowColumns {
  /** With the constant one. */
  readonly x: readonly Expression[]
  readonly target: Expression
  readonly present: Expression
  /** By contribution. */
  readonly noise: readonly Expression[]
  readonly weights: readonly Expression[]
}

/** What is said of a round. */
interface Said {
  readonly start: readonly Expression[]
  readonly times: readonly Expression[]
  readonly signs: readonly Expression[]
  readonly picks: readonly Expression[]
}

function writeRound(air: AirBuilder, shape: RoundShape, layout: RoundLayout): Pick<RoundAir, 'bytes' | 'sigmoid'> {
  const { inputs, batch, steps, contributions, noise } = shape
  const given = air.external('data', dataNames(shape), { pinned: true }).map(({ here }) => here)
  const [after] = air.external('after', ['weight after'])
  const isLast = air.periodic(
    'last of a block',
    Array.from({ length: batch }, (_, b) => (b === batch - 1 ? 1n : 0n)),
  )
  const listed = (name: string, count: number) => numbered(name, count).map(each => air.input(each))
  const said: Said = {
    start: listed('start', inputs),
    times: listed('time', steps),
    signs: listed('sign', noise === null ? 0 : steps),
    picks: listed('pick', noise === null ? 0 : contributions),
  }
  const present = given[inputs]!
  const row: RowColumns = {
    x: [...given.slice(0, inputs - 1), present.times(ONE)],
    target: given[inputs - 1]!,
    present,
    noise: given.slice(inputs + 1),
    weights: numbered('weight', inputs).map(name => addConstant(air, name, isLast)),
  }
  const { bytes, probability } = addRounding(air, row)
  const picked = said.picks.map((pick, c) => pick.times(row.noise[c]!)).reduce(sum, air.constant(0))
  const looked = [...bytes, ...addRanges(air, shape, row, picked)]
  if (shape.blinded) addDirections(air, layout, after!)
  const lookups = {
    bytes: addLookup(air, { name: 'byte', looked: looked.map(byte => [byte]), table: byteTable }),
    sigmoid: addLookup(air, { name: 'sigmoid', looked: [[probability.index, probability.value]], table: sigmoidTable }),
  }
  const delta = air.challenge('delta')
  const error = row.present.times(probability.value.minus(row.target))
  const learned = addLearned(air, error.times(fingerprint(air, row.x, layout, delta)), isLast)
  const noised = noise === null ? air.constant(0) : addNoised(air, { shape, said, picked, isLast, delta })
  const moved = learned.plus(noised).times(rateOf(shape))
  addChain(air, { shape, layout, said, weights: row.weights, moved, after: after!, isLast, delta })
  return lookups
}

const byteTable = Array.from({ length: 256 }, (_, byte) => [BigInt(byte)])
const sigmoidTable = SIGMOID.map((value, i) => [BigInt(i), BigInt(value)])

function sum(a: Expression, b: Expression): Expression {
  return a.plus(b)
}

/** A column that is the same in all rows of a block. */
function addConstant(air: AirBuilder, name: string, isLast: Expression): Expression {
  const column = air.column(name)
  const stays = air.constant(1).minus(isLast).times(column.next.minus(column.here))
  air.transition(`${name} stays within a block`, stays)
  return column.here
}

/**
 * The row's sum as quotient and remainder, and the sigmoid of the quotient: as in stepAir.
 * @returns bytes that are to be looked up, and what is to be looked up in the sigmoid's table
 */
function addRounding(air: AirBuilder, { x, weights }: RowColumns) {
  const column = (name: string) => air.column(name).here
  const dropped = numbered('dropped', DROPPED_BYTES).map(column)
  const beyond = numbered('beyond', BEYOND_WEIGHTS.length).map(column)
  const [above, below, index, value] = ['above', 'below', 'index', 'probability'].map(column) as [
    Expression,
    Expression,
    Expression,
    Expression,
  ]
  addBit(air, 'above', above)
  addBit(air, 'below', below)
  air.every('not above and below', above.times(below))
  air.every('above is the last of the table', above.times(index.minus(SIGMOID.length - 1)))
  air.every('below is the first of the table', below.times(index))
  const far = beyond.map((byte, i) => byte.times(BEYOND_WEIGHTS[i]!)).reduce(sum)
  const argument = index.minus(SIGMOID.length / 2).plus(above.minus(below).times(far))
  const written = argument
    .times(2 ** 40)
    .plus(joined(dropped, 256))
    .minus(2 ** 39)
  const rowSum = x.map((input, i) => input.times(weights[i]!)).reduce(sum)
  air.every("a row's sum is what is written", rowSum.minus(written))
  return { bytes: [...dropped, ...beyond], probability: { index, value } }
}

/** What is required of data. @returns bytes that are to be looked up */
function addRanges(air: AirBuilder, { noise }: RoundShape, row: RowColumns, picked: Expression): Expression[] {
  addBit(air, 'present', row.present)
  air.every('a target is 0 or 1', row.target.times(row.target.minus(HIT)))
  const inputs = row.x.slice(0, -1)
  const bytes = inputs.flatMap((x, i) => addRange(air, `x${i}`, x.plus(INPUT_LIMIT), INPUT_BITS))
  if (noise === null) return bytes
  const squared = inputs.map(x => x.times(x)).reduce(sum, row.present.times(CONSTANT_SQUARED))
  const slack = air.column('slack').here
  air.every('the slack is what is left of the squared norm', squared.plus(slack).minus(noise.squaredNorm))
  return [
    ...bytes,
    ...addRange(air, 'slack', slack, slackBits(noise.squaredNorm)),
    ...addRange(air, 'picked', picked.plus(2 ** noise.bits), noise.bits + 1),
  ]
}

/** That a value lies in [0, 2^bits), once what is returned is looked up among the bytes. */
function addRange(air: AirBuilder, name: string, value: Expression, bits: number): Expression[] {
  const { lower, spread } = bytesFor(bits)
  const bytes = numbered(`${name} byte `, lower).map(byte => air.column(byte).here)
  const highest = bytes.reduce((rest, byte) => rest.minus(byte).times(INVERSE_256), value)
  return [...bytes, highest, ...(spread === 1 ? [] : [highest.times(spread)])]
}

/** Φ: the column `after` from the first weight on, by Horner's rule in each direction. */
function addDirections(air: AirBuilder, { after: first, trained }: RoundLayout, after: Column): void {
  const gammas = numbered('gamma', DIRECTIONS).map(name => air.input(name))
  const phis = numbered('phi', DIRECTIONS).map(name => air.input(name))
  for (const [i, name] of numbered('direction', DIRECTIONS).entries()) {
    const column = air.column(name)
    air.at(first, `${name} begins at zero`, column.here)
    air.transition(`${name} goes on`, column.next.minus(column.here.times(gammas[i]!)).minus(after.here))
    air.at(trained + BLINDS, `${name} comes to phi`, column.here.minus(phis[i]!))
  }
}

/** Σ vᵢ δ^(width − 1 − i), for as many numbers as there are. */
function fingerprint(air: AirBuilder, values: readonly Expression[], { width }: RoundLayout, delta: Expression) {
  const highestLast = [...values].reverse()
  return joined(highestLast, delta).times(raised(air, delta, width - values.length))
}

function raised(air: AirBuilder, base: Expression, exponent: number): Expression {
  return Array.from({ length: exponent }, () => base).reduce((power, factor) => power.times(factor), air.constant(1))
}

/** Sums up what a block's rows teach, this row included. */
function addLearned(air: AirBuilder, taught: Expression, isLast: Expression): Expression {
  const before = air.auxiliary('before')
  const learned = air.auxiliary('learned').here
  air.every('a row teaches', learned.minus(before.here).minus(taught))
  air.at(0, 'nothing is learned before the first row', before.here)
  air.transition('a block goes on learning', before.next.minus(air.constant(1).minus(isLast).times(learned)))
  return learned
}

interface Noising {
  readonly shape: RoundShape
  readonly said: Said
  readonly picked: Expression
  readonly isLast: Expression
  readonly delta: Expression
}

/** The fingerprint of a block's noise, complete in its last row. What stands in that row itself is no part of it. */
function addNoised(air: AirBuilder, { shape, said, picked, isLast, delta }: Noising): Expression {
  const sign = addConstant(air, 'sign', isLast)
  for (const [j, input] of said.signs.entries()) {
    air.at(j * shape.batch, `the sign of batch ${j}`, sign.minus(input))
  }
  const noised = air.auxiliary('noised')
  air.at(0, 'no noise before the first row', noised.here)
  const goesOn = noised.here.times(delta).plus(sign.times(picked))
  air.transition("a block's noise goes on", noised.next.minus(air.constant(1).minus(isLast).times(goesOn)))
  return noised.here
}

interface Chain {
  readonly shape: RoundShape
  readonly layout: RoundLayout
  readonly said: Said
  readonly weights: readonly Expression[]
  readonly moved: Expression
  readonly after: Column
  readonly isLast: Expression
  readonly delta: Expression
}

/**
 * The blocks one after another in time: Π (β − written) / (β − read) over the blocks, a time and weights each, with the
 * start written at time 0 and the weights after the round read at the last.
 */
function addChain(air: AirBuilder, { shape, layout, said, weights, moved, after, isLast, delta }: Chain): void {
  const beta = air.challenge('beta')
  const ofTime = raised(air, delta, layout.width)
  const print = (values: readonly Expression[]) => fingerprint(air, values, layout, delta)
  const time = air.column('time').here
  for (const [j, input] of said.times.entries()) {
    air.at((j + 1) * shape.batch - 1, `the time of batch ${j}`, time.minus(input))
  }
  const read = beta.minus(time.times(ofTime)).minus(print(weights))
  const written = read.minus(ofTime).plus(moved)
  const chain = air.auxiliary('chain')
  air.at(0, 'no block is linked', chain.here.minus(1))
  const stays = chain.next.minus(chain.here)
  const links = chain.next.times(read).minus(chain.here.times(written))
  air.transition('a block is linked at its end', stays.plus(isLast.times(links.minus(stays))))

  const end = air.auxiliary('end')
  air.at(layout.after, 'the end begins with the first weight', end.here)
  air.transition('the end is summed up', end.next.minus(end.here.times(delta)).minus(after.here))
  const source = beta.minus(print(said.start))
  const endPrint = end.here.times(raised(air, delta, layout.width - shape.inputs))
  const sink = beta.minus(ofTime.times(shape.steps)).minus(endPrint)
  air.at(layout.trained, 'the chain is closed', chain.here.times(source).minus(sink))
}
