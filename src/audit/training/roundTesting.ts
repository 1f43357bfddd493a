import fc from 'fast-check'
import { isAppError } from '../../errors/AppError.ts'
import type { Extension } from '../../field/extension.ts'
import { type PublicRandom, publicRandom, shuffled } from '../../study/random.ts'
import type { ExactBatch } from '../engine/batch.ts'
import { exactStep, outOfRange } from '../engine/model.ts'
import { HIT, INPUT_LIMIT, ONE, WEIGHT_LIMIT } from '../engine/shape.ts'
import { commitOracle, type ExternalOracle } from '../stark/commitment.ts'
import { inputsWithPins } from '../stark/pins.ts'
import { prove } from '../stark/prove.ts'
import { fieldFor, randomElement, refusalOf, tinyParameters } from '../stark/testing.ts'
import { type Columns, type ExtensionColumns, TraceError } from '../stark/trace.ts'
import type { Refusal, Statement } from '../stark/verify.ts'
import { type RoundAir, roundAir } from './roundAir.ts'
import { BLINDS, CONSTANT_SQUARED, exactShapeOf, type RoundShape, rateOf } from './roundShape.ts'
import {
  afterColumns,
  auxiliaryColumns,
  countColumns,
  dataColumns,
  roundWitness,
  statesOf,
  tracedColumns,
} from './roundTrace.ts'
import type { RoundData, RoundPlan } from './roundTraining.ts'
import { type Gammas, phiOf, roundInputs } from './statement.ts'
import { brokenOf, type Change, drawnFor, element, Forging, proveOptions } from './testing.ts'

/** A hospital's round, as it should be. */
export interface RoundCase {
  readonly round: RoundAir
  readonly start: BigInt64Array
  readonly data: RoundData
  readonly plan: RoundPlan
  readonly blinds: BigUint64Array
  readonly gammas?: Gammas
}

/** Small, and weak. */
export function smallShape(changes: Partial<RoundShape> = {}): RoundShape {
  return { inputs: 4, batch: 8, steps: 3, shift: 5, contributions: 2, noise: null, blinded: false, ...changes }
}

/** Small rounds of all kinds. */
export const roundShapes: fc.Arbitrary<RoundShape> = fc.record({
  inputs: fc.integer({ min: 2, max: 7 }),
  batch: fc.constant(8),
  steps: fc.integer({ min: 1, max: 4 }),
  shift: fc.integer({ min: 2, max: 6 }),
  contributions: fc.integer({ min: 1, max: 3 }),
  noise: fc.option(
    fc.record({
      bits: fc.integer({ min: 1, max: 35 }),
      squaredNorm: fc.integer({ min: 2 ** 24 + 1, max: 2 ** 33 }),
    }),
  ),
  blinded: fc.boolean(),
})

/** Random rows, weights and draws of a shape; the last batch has empty rows. */
export function roundCase(shape: RoundShape, seed = 1, log2Weight = 31): RoundCase {
  const random = publicRandom(seed)
  const { inputs, steps, contributions, noise, blinded } = shape
  const round = roundAir(shape, tinyParameters)
  const start = BigInt64Array.from({ length: inputs }, () => signed(random, log2Weight))
  const batches = Array.from({ length: steps }, (_, j) => batchOf(random, shape, j === steps - 1 ? 3 : shape.batch))
  const numbers = () => BigInt64Array.from({ length: inputs }, () => signed(random, noise!.bits))
  const perStep = () => Array.from({ length: steps }, numbers)
  return {
    round,
    start,
    data: { batches, noise: Array.from({ length: noise === null ? 0 : contributions }, perStep) },
    plan: {
      order: [...shuffled(random, steps)],
      signs: Array.from({ length: steps }, () => (random.below(2) === 0 ? 1 : -1)),
      contribution: random.below(contributions),
    },
    blinds: BigUint64Array.from({ length: blinded ? BLINDS : 0 }, () => randomElement(random)),
    ...(blinded ? { gammas: [randomElement(random), randomElement(random)] as const } : {}),
  }
}

function batchOf(random: PublicRandom, { inputs, batch, noise }: RoundShape, rows: number): ExactBatch {
  const longest = noise === null ? Infinity : Math.sqrt((noise.squaredNorm - CONSTANT_SQUARED) / (inputs - 1))
  const within = Math.min(INPUT_LIMIT, longest)
  const present = Uint8Array.from({ length: batch }, (_, b) => (b < rows ? 1 : 0))
  return {
    inputs: Int32Array.from({ length: batch * inputs }, (_, i) => {
      const isThere = present[Math.floor(i / inputs)]!
      if ((i + 1) % inputs === 0) return isThere * ONE
      return isThere * Math.trunc((2 * random.unit() - 1) * within)
    }),
    targets: Int32Array.from(present, isThere => isThere * random.below(2) * HIT),
    present,
  }
}

/** In [−2^bits, 2^bits). */
function signed(random: PublicRandom, bits: number): bigint {
  const drawn = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())
  return (drawn >> BigInt(63 - bits)) - 2n ** BigInt(bits)
}

/**
 * A round by the engine's specification, step after step.
 * @throws AppError training.diverged
 */
export function exactRound(
  shape: RoundShape,
  start: BigInt64Array,
  { batches, noise }: RoundData,
  { order, signs, contribution }: RoundPlan,
): BigInt64Array {
  let weights = start
  for (const batch of order) {
    weights = exactStep(exactShapeOf(shape), weights, batches[batch]!)
    if (shape.noise === null) continue
    const numbers = noise[contribution]![batch]!
    weights = weights.map((weight, i) => weight - rateOf(shape) * BigInt(signs[batch]!) * numbers[i]!)
    if (weights.some(weight => weight < -WEIGHT_LIMIT || weight >= WEIGHT_LIMIT)) throw outOfRange('weight')
  }
  return weights
}

/** Whether the engine takes it: weights may leave their range. */
export function isTrained({ round, start, data, plan }: RoundCase): boolean {
  try {
    exactRound(round.shape, start, data, plan)
    return true
  } catch (error) {
    if (isAppError(error, 'training.diverged')) return false
    throw error
  }
}

/** What is proven, or said to be: all columns but the auxiliary ones, and inputs. */
export interface Claim {
  readonly round: RoundAir
  readonly columns: Columns
  readonly inputs: readonly bigint[]
  /** By which noise is picked where columns follow from it. */
  readonly plan: RoundPlan
  /** What becomes of the auxiliary columns; unless given, they stay what they are. */
  readonly changed?: (auxiliaries: ExtensionColumns, challenge: (name: string) => Extension) => ExtensionColumns
}

/** The weights before the first step and after each, in the order of time. */
export function courseOf({ round, data, start, plan }: RoundCase): readonly (readonly bigint[])[] {
  return statesOf(round, dataColumns(round, data), { start, plan })
}

/** What a hospital does instead: trains by these states or this plan, commits to these data, ends with these weights. */
export interface Instead {
  readonly states?: readonly (readonly bigint[])[]
  readonly plan?: RoundPlan
  readonly data?: Columns
  readonly end?: readonly bigint[]
}

/**
 * What a hospital claims that should do a round: what an honest one does, but for what is given instead. Everything else
 * follows from that, and the inputs are those of the round as it should be.
 */
export function claimOf(of: RoundCase, instead: Instead = {}): Claim {
  const { round, blinds, gammas } = of
  const { states = courseOf(of), plan = of.plan, data = dataColumns(round, of.data) } = instead
  const end = instead.end ?? states.at(-1)!
  const after = afterColumns(round, of.start, blinds)['weight after']!
  after.set(end.map(element), round.layout.after)
  const given = { ...data, 'weight after': after }
  const columns = { ...given, ...tracedColumns(round, given, { states, plan, ...(gammas && { gammas }) }) }
  return counted({ round, columns, inputs: inputsOf(of, BigInt64Array.from(end)), plan })
}

/** With counts of what is looked up; of nothing, where some of it is in no table. */
function counted(claim: Claim): Claim {
  const { round, columns, plan } = claim
  try {
    return { ...claim, columns: { ...columns, ...countColumns(round, columns, plan) } }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error
    const none = new BigUint64Array(round.air.activeRows)
    return { ...claim, columns: { 'byte.count': none, 'sigmoid.count': none, ...columns } }
  }
}

/** What is said of weights after a round. */
export function inputsOf({ round, start, plan, blinds, gammas }: RoundCase, end: BigInt64Array): bigint[] {
  const phi = gammas && { gammas, phi: phiOf(gammas, end, blinds) }
  return roundInputs(round.shape, { start, plan, ...phi })
}

/** The same with some cells changed, and counted anew. */
export function withChanges(claim: Claim, changes: readonly Change[]): Claim {
  const columns: Record<string, BigUint64Array> = { ...claim.columns }
  for (const { column, row, value } of changes) columns[column] = columns[column]!.with(row, element(value))
  const isCount = changes.some(({ column }) => column.endsWith('.count'))
  return isCount ? { ...claim, columns } : counted({ ...claim, columns })
}

/** Every auxiliary column of a claim. */
function auxiliariesOf(
  { round, columns, plan, changed }: Claim,
  challenge: (name: string) => Extension,
): ExtensionColumns {
  const auxiliaries = auxiliaryColumns(round, columns, plan, challenge)
  return changed?.(auxiliaries, challenge) ?? auxiliaries
}

/** The first constraint that does not hold: see brokenOf. */
export function brokenConstraint(claim: Claim, rows: readonly number[] = []): string | null {
  const { round, columns, inputs } = claim
  const auxiliaries = auxiliariesOf(claim, drawnFor(round.air))
  return brokenOf(round.air, { columns, auxiliaries, inputs }, rows)
}

export interface Proven {
  readonly round: RoundAir
  readonly statement: Statement
  readonly externals: readonly ExternalOracle[]
  readonly proof: Uint8Array
}

const anyContext: Uint8Array = new Uint8Array(32).fill(7)

async function commitTo({ round: { air }, columns }: Claim): Promise<readonly ExternalOracle[]> {
  const field = await fieldFor(air)
  const externals: ExternalOracle[] = []
  for (const { name, columns: names } of air.oracles.slice(0, air.externals)) {
    const own = Object.fromEntries(names.map(column => [column, columns[column]!]))
    externals.push(await commitOracle(field, air, name, own, proveOptions))
  }
  return externals
}

/** Proves a round as a hospital does. */
export async function proveRound(of: RoundCase, context = anyContext): Promise<Proven> {
  const { air } = of.round
  const claim = claimOf(of)
  const externals = await commitTo(claim)
  const statement = statementOf(claim, externals, context)
  const witness = { ...roundWitness(of.round, of), externals }
  return {
    round: of.round,
    statement,
    externals,
    proof: await prove(await fieldFor(air), air, statement, witness, proveOptions),
  }
}

/** Proves what may not hold, as far as it goes. */
export async function forge(claim: Claim): Promise<Proven> {
  const { round, columns } = claim
  const { air } = round
  const externals = await commitTo(claim)
  const statement = statementOf(claim, externals)
  const names = air.oracles[air.externals]!.columns
  const witness = {
    main: Object.fromEntries(names.map(name => [name, columns[name]!])),
    auxiliary: (challenge: (name: string) => Extension) => auxiliariesOf(claim, challenge),
    externals,
  }
  const proof = await new Forging(await fieldFor(air), air, statement, witness, proveOptions).run()
  return { round, statement, externals, proof }
}

/** Why a proof is refused, or would be for another statement; null: it is accepted. */
export function refusalFor(
  { round: { air }, statement, proof }: Proven,
  changes: Partial<Statement> = {},
): Refusal | null {
  return refusalOf({ air, statement: { ...statement, ...changes } }, proof)
}

function statementOf({ inputs }: Claim, externals: readonly ExternalOracle[], context = anyContext): Statement {
  return { context, inputs: inputsWithPins(inputs, externals), roots: externals.map(({ root }) => root) }
}
