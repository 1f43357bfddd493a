import { DIGEST_BYTES, SALT_BYTES } from '../../field/digests.ts'
import { type Extension, minus, ONE, plus, times, ZERO } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { add, multiply, subtract } from '../../field/goldilocks.ts'
import { loadStarkField, type StarkField } from '../../field/starkField.ts'
import type { PublicRandom } from '../../study/random.ts'
import { type Air, type Column, defineAir, type Expression, type Operation } from './air.ts'
import { commitOracle } from './commitment.ts'
import { checkpointsAir, checkpointsTrace, movedWeights } from './examples/checkpoints.ts'
import { fibonacciAir, fibonacciTrace } from './examples/fibonacci.ts'
import { matrixProductAir, matrixProductWitness } from './examples/matrixProduct.ts'
import { rangeCheckAir, rangeCheckWitness } from './examples/rangeCheck.ts'
import { registeredAir, registeredTrace } from './examples/registered.ts'
import { Masks } from './masks.ts'
import { siblingsOf } from './merkle.ts'
import { finalLength, foldings, LOG2_FOLD, type Parameters } from './parameters.ts'
import { inputsWithPins, splitInputs } from './pins.ts'
import { Proving, type Witness } from './prove.ts'
import type { Columns } from './trace.ts'
import { ascending, begin, ProofRefused, type Refusal, type Statement, verify } from './verify.ts'

/** For tests: proofs of a few kilobytes in some milliseconds, which prove little. */
export const tinyParameters: Parameters = { log2Blowup: 3, queries: 6, queryGrinding: 4, roundGrinding: 2 }

/** Something to prove. */
export interface Case {
  readonly air: Air
  readonly statement: Statement
  readonly witness: Witness
  /** What each external oracle of the witness was committed over. */
  readonly externals: readonly Columns[]
}

export const keyOfExternals = new Uint8Array(32).fill(9)

/** A field large enough for an AIR. */
export function fieldFor({ log2Rows, parameters }: Air): Promise<StarkField> {
  return loadStarkField(log2Rows + Math.max(3, parameters.log2Blowup))
}

export function randomBytes(random: PublicRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

export function randomElement(random: PublicRandom): bigint {
  return ((BigInt(random.uint32()) << 32n) | BigInt(random.uint32())) % MODULUS
}

export function randomExtension(random: PublicRandom): Extension {
  return [randomElement(random), randomElement(random)]
}

function randomColumn(random: PublicRandom, length: number): BigUint64Array {
  return BigUint64Array.from({ length }, () => randomElement(random))
}

function oneOf<T>(random: PublicRandom, list: readonly T[]): T {
  return list[random.below(list.length)]!
}

/** The examples with random witnesses, in traces of at least so many rows. */
export const exampleCases: Readonly<
  Record<string, (random: PublicRandom, parameters: Parameters, log2Rows: number) => Promise<Case>>
> = {
  async fibonacci(random, parameters, log2Rows) {
    const air = fibonacciAir(log2Rows, parameters)
    const { columns, inputs } = fibonacciTrace(air, randomElement(random))
    return caseOf(air, { context: randomBytes(random, 32), inputs }, { main: columns })
  },
  async rangeCheck(random, parameters, log2Rows) {
    // The table takes 2^8 active rows.
    const example = rangeCheckAir(Math.max(9, log2Rows), parameters)
    const values = Array.from({ length: example.air.activeRows }, () => BigInt(random.below(2 ** 16)))
    const witness = rangeCheckWitness(example, values)
    return caseOf(example.air, { context: randomBytes(random, 32), inputs: [] }, witness)
  },
  async matrixProduct(random, parameters, log2Rows) {
    const [left, right] = [1 + random.below(3), 1 + random.below(3)]
    const air = matrixProductAir({ log2Rows, left, right }, parameters)
    const matrix = (rows: number, columns: number) =>
      Array.from({ length: rows }, () => [...randomColumn(random, columns)])
    const { witness, inputs } = matrixProductWitness(air, matrix(left, air.activeRows), matrix(air.activeRows, right))
    return caseOf(air, { context: randomBytes(random, 32), inputs }, witness)
  },
  async checkpoints(random, parameters, log2Rows) {
    const air = checkpointsAir(log2Rows, parameters)
    const [before, step] = [randomColumn(random, air.activeRows), randomColumn(random, air.activeRows)]
    const { main, inputs } = checkpointsTrace(step)
    return caseOf(air, { context: randomBytes(random, 32), inputs }, { main }, [
      { 'weight before': before },
      { 'weight after': movedWeights(before, step) },
    ])
  },
  async registered(random, parameters, log2Rows) {
    const air = registeredAir(log2Rows, parameters)
    const bill = { amount: randomColumn(random, air.activeRows), price: randomColumn(random, air.activeRows) }
    const { main, inputs } = registeredTrace(bill)
    return caseOf(air, { context: randomBytes(random, 32), inputs }, { main }, [bill])
  },
}

async function caseOf(
  air: Air,
  statement: Omit<Statement, 'roots'>,
  witness: Omit<Witness, 'externals'>,
  externals: readonly Columns[] = [],
): Promise<Case> {
  const field = await fieldFor(air)
  const oracles = []
  for (const [i, columns] of externals.entries()) {
    oracles.push(await commitOracle(field, air, air.oracles[i]!.name, columns, { maskKey: keyOfExternals }))
  }
  return {
    air,
    statement: {
      ...statement,
      inputs: inputsWithPins(statement.inputs, oracles),
      roots: oracles.map(({ root }) => root),
    },
    witness: { ...witness, externals: oracles },
    externals,
  }
}

/** The same with one cell changed, and what was committed to before the proof committed to anew. */
export async function withCellChanged(
  { air, statement, witness, externals }: Case,
  { column, row, by }: { column: string; row: number; by: bigint },
): Promise<Case> {
  const changed = (columns: Columns): Columns => {
    const values = columns[column]
    if (values === undefined) return columns
    return { ...columns, [column]: values.with(row, add(values[row]!, by)) }
  }
  const auxiliary: Witness['auxiliary'] = challenge => {
    const columns = witness.auxiliary!(challenge)
    const values = columns[column]
    if (values === undefined) return columns
    return { ...columns, [column]: Array.from(values).with(row, plus(values[row]!, [by, by])) }
  }
  const { context, inputs } = statement
  const main = changed(witness.main)
  return caseOf(
    air,
    { context, inputs: splitInputs(inputs, air.inputs.length).own },
    witness.auxiliary === undefined ? { main } : { main, auxiliary },
    externals.map(columns => changed(columns)),
  )
}

/** Why a proof is refused; null where it is accepted. Any other error is thrown. */
export function refusalOf({ air, statement }: Pick<Case, 'air' | 'statement'>, proof: Uint8Array): Refusal | null {
  try {
    verify(air.key, statement, proof, air.parameters)
  } catch (error) {
    if (error instanceof ProofRefused) return error.refusal
    throw error
  }
  return null
}

/** A prover that hides nothing: padding and masks are zero, salts are not. */
export class UnmaskedProving extends Proving {
  protected override masks(...of: ConstructorParameters<typeof Masks>): Masks {
    return new NoMasks(...of)
  }
}

class NoMasks extends Masks {
  override elements(_label: string, count: number): BigUint64Array {
    return new BigUint64Array(count)
  }
}

/** A part of a proof: `kind` alone says what it is, `name` which one. */
export interface Section {
  readonly kind:
    | 'root'
    | 'quotientRoot'
    | 'claims'
    | 'maskClaim'
    | 'nonce'
    | 'layerRoot'
    | 'final'
    | 'salt'
    | 'row'
    | 'siblings'
    | 'node'
  readonly name: string
  readonly at: number
  readonly length: number
}

/** Where everything in an honest proof is, and the positions that it opens. */
export function sectionsOf(
  { air, statement }: Pick<Case, 'air' | 'statement'>,
  proof: Uint8Array,
): { sections: Section[]; positions: number[] } {
  const { parameters, log2Rows } = air
  const transcript = begin(air.key, statement, parameters)
  const sections: Section[] = []
  let at = 0
  const take = (kind: Section['kind'], name: string, length: number) => {
    sections.push({ kind, name, at, length })
    at += length
    return proof.subarray(at - length, at)
  }
  const say = (kind: Section['kind'], name: string, length: number) => transcript.absorb(take(kind, name, length))
  for (const { name, isExtension } of air.oracles.slice(air.externals)) {
    if (isExtension) for (const _ of air.challenges) transcript.extension()
    say('root', name, DIGEST_BYTES)
  }
  if (!air.oracles.some(({ isExtension }) => isExtension)) for (const _ of air.challenges) transcript.extension()
  transcript.extension()
  say('quotientRoot', 'quotient', DIGEST_BYTES)
  transcript.outside()
  const columns = air.oracles.reduce((sum, oracle) => sum + oracle.columns.length + oracle.shifted, 0)
  const claims = 16 * (columns + air.chunks)
  take('claims', 'claims', claims)
  take('maskClaim', 'mask claim', 16)
  transcript.absorb(proof.subarray(at - claims - 16, at))
  say('nonce', 'combination', 8)
  transcript.extension()
  for (let i = 0; i < foldings(log2Rows); i++) {
    say('layerRoot', `layer ${i}`, DIGEST_BYTES)
    say('nonce', `layer ${i}`, 8)
    transcript.extension()
  }
  say('final', 'final', 16 * finalLength(log2Rows))
  say('nonce', 'queries', 8)
  const log2Domain = log2Rows + parameters.log2Blowup
  const positions = ascending(transcript.positions(parameters.queries, log2Domain))
  const nodes = (name: string, indices: readonly number[], height: number) => {
    for (const place of siblingsOf(indices, height)) take('node', `${name} node ${place}`, DIGEST_BYTES)
  }
  const oracles = air.oracles.map(oracle => ({
    name: oracle.name,
    width: oracle.columns.length * (oracle.isExtension ? 16 : 8),
  }))
  for (const { name, width } of [...oracles, { name: 'quotient', width: 16 * (air.chunks + 1) }]) {
    for (const position of positions) {
      take('salt', `${name} ${position}`, SALT_BYTES)
      take('row', `${name} ${position}`, width)
    }
    nodes(name, positions, log2Domain)
  }
  let indices = positions
  for (let i = 0; i < foldings(log2Rows); i++) {
    const height = log2Domain - LOG2_FOLD * (i + 1)
    indices = ascending(indices.map(index => index % 2 ** height))
    for (const index of indices) take('siblings', `layer ${i} ${index}`, 16 * 2 ** LOG2_FOLD)
    nodes(`layer ${i}`, indices, height)
  }
  if (at !== proof.length) throw new RangeError(`a proof of ${proof.length} bytes where ${at} are expected`)
  return { sections, positions }
}

/** What a random constraint reads, by the place in the list of its kind. */
type Leaf = { readonly kind: 'column' | 'periodic' | 'input' | 'challenge' | 'constant'; readonly index: number }
type Formula = Leaf | { readonly operation: Operation; readonly a: Formula; readonly b: Formula }
type Algebra<T> = Readonly<Record<Operation, (a: T, b: T) => T>>

const inBase: Algebra<bigint> = { add, subtract, multiply }
const inExtension: Algebra<Extension> = { add: plus, subtract: minus, multiply: times }
const inExpressions: Algebra<Expression> = {
  add: (a, b) => a.plus(b),
  subtract: (a, b) => a.minus(b),
  multiply: (a, b) => a.times(b),
}

function resultOf<T>(formula: Formula, read: (leaf: Leaf) => T, algebra: Algebra<T>): T {
  if ('kind' in formula) return read(formula)
  return algebra[formula.operation](resultOf(formula.a, read, algebra), resultOf(formula.b, read, algebra))
}

function randomFormula(random: PublicRandom, leaves: readonly Leaf[], degree: number, depth = 4): Formula {
  if (depth === 0 || random.below(4) === 0) {
    const low = leaves.filter(({ kind }) => degree > 0 || (kind !== 'column' && kind !== 'periodic'))
    return oneOf(random, low)
  }
  const operation = oneOf(random, ['add', 'subtract', 'multiply'] as const)
  const left = operation === 'multiply' ? random.below(degree + 1) : degree
  const right = operation === 'multiply' ? degree - left : degree
  return {
    operation,
    a: randomFormula(random, leaves, left, depth - 1),
    b: randomFormula(random, leaves, right, depth - 1),
  }
}

/** A column of a random trace: any values, or a formula over the row's columns before it, or over the row before. */
interface RandomColumn {
  readonly name: string
  /** Number of its external oracle; −1: a main column. */
  readonly oracle: number
  readonly rule: 'any' | 'every' | 'transition'
  readonly formula: Formula
}

interface RandomAuxiliary {
  readonly name: string
  readonly rule: 'every' | 'sum' | 'product'
  readonly formula: Formula
}

const leavesOf = (kind: Leaf['kind'], count: number): Leaf[] =>
  Array.from({ length: count }, (_, index) => ({ kind, index }))

/** A random AIR of any shape, with columns for which it holds. */
export function randomCase(random: PublicRandom): Promise<Case> {
  const parameters: Parameters = {
    log2Blowup: 1 + random.below(4),
    queries: 1 + random.below(8),
    queryGrinding: random.below(5),
    roundGrinding: random.below(3),
  }
  const log2Rows = 6 + random.below(4)
  const constants = Array.from({ length: 3 }, () => randomElement(random))
  const inputs = Array.from({ length: random.below(4) }, () => randomElement(random))
  const periodics = Array.from({ length: random.below(3) }, () => [...randomColumn(random, 2 ** random.below(6))])
  const known = [
    ...leavesOf('constant', constants.length),
    ...leavesOf('input', inputs.length),
    ...leavesOf('periodic', periodics.length),
  ]
  const externals = random.below(3)
  const pinned = Array.from({ length: externals }, () => random.below(2) === 1)
  const columns = Array.from({ length: externals + 1 + random.below(5) }, (_, i): RandomColumn => {
    const rule = oneOf(random, ['any', 'every', 'transition'] as const)
    const oracle = i < externals ? i : random.below(externals + 1) - 1
    const leaves = [...known, ...leavesOf('column', i)]
    return { name: `c${i}`, oracle, rule, formula: randomFormula(random, leaves, 3) }
  })
  // Reads all of the others: a column that nothing reads is refused.
  const all = leavesOf('column', columns.length).reduce<Formula>(
    (sum, leaf) => ({ operation: 'add', a: sum, b: leaf }),
    randomFormula(random, known, 1),
  )
  columns.push({ name: 'all', oracle: -1, rule: 'every', formula: all })

  const challenges = random.below(3)
  const above = [...known, ...leavesOf('column', columns.length), ...leavesOf('challenge', challenges)]
  const auxiliaries = Array.from({ length: random.below(3) }, (_, i): RandomAuxiliary => {
    const rule = oneOf(random, ['every', 'sum', 'product'] as const)
    return { name: `a${i}`, rule, formula: randomFormula(random, above, 2) }
  })
  const openings = externals > 0 ? 1 + random.below(2) : 1
  const boundary = { column: random.below(columns.length), share: random.unit(), isNext: random.below(2) === 1 }
  const rowOf = (activeRows: number) => Math.floor(boundary.share * (activeRows - 1))

  const air = defineAir({ name: 'random', log2Rows, parameters, openings }, air => {
    const declared = columns.map((): Column | undefined => undefined)
    for (let oracle = 0; oracle < externals; oracle++) {
      const own = columns.flatMap((column, i) => (column.oracle === oracle ? [i] : []))
      const made = air.external(
        `external ${oracle}`,
        own.map(i => columns[i]!.name),
        { pinned: pinned[oracle]! },
      )
      own.forEach((i, k) => {
        declared[i] = made[k]
      })
    }
    const made = declared.map((column, i) => column ?? air.column(columns[i]!.name))
    const said = {
      constant: constants.map(constant => air.constant(constant)),
      input: inputs.map((_, i) => air.input(`i${i}`)),
      challenge: Array.from({ length: challenges }, (_, i) => air.challenge(`r${i}`)),
      periodic: periodics.map((values, i) => air.periodic(`p${i}`, values)),
      column: made.map(({ here }) => here),
    }
    const expressionOf = (formula: Formula) => resultOf(formula, ({ kind, index }) => said[kind][index]!, inExpressions)
    columns.forEach(({ name, rule, formula }, i) => {
      const value = expressionOf(formula)
      if (rule === 'every') air.every(`${name} is computed`, made[i]!.here.minus(value))
      if (rule === 'transition') air.transition(`${name} goes on`, made[i]!.next.minus(value))
    })
    for (const { name, rule, formula } of auxiliaries) {
      const column = air.auxiliary(name)
      const value = expressionOf(formula)
      if (rule === 'every') air.every(`${name} is computed`, column.here.minus(value))
      if (rule === 'sum') {
        air.at(0, `${name} begins at zero`, column.here)
        air.transition(`${name} goes on`, column.next.minus(column.here).minus(value))
      }
      if (rule === 'product') {
        air.at(0, `${name} begins at one`, column.here.minus(1))
        air.transition(`${name} goes on`, column.next.minus(column.here.times(value)))
      }
    }
    const { here, next } = made[boundary.column]!
    const cell = boundary.isNext ? next : here
    air.at(rowOf(air.lastRow + 1), 'a cell is public', cell.minus(air.input('cell')))
  })

  const values = columns.map(() => new BigUint64Array(air.activeRows))
  const reader =
    (row: number) =>
    ({ kind, index }: Leaf) => {
      if (kind === 'column') return values[index]![row]!
      if (kind === 'periodic') return periodics[index]![row % periodics[index]!.length]!
      return (kind === 'input' ? inputs : constants)[index]!
    }
  for (let row = 0; row < air.activeRows; row++) {
    columns.forEach(({ rule, formula }, i) => {
      const isFree = rule === 'any' || (rule === 'transition' && row === 0)
      const from = rule === 'transition' ? row - 1 : row
      values[i]![row] = isFree ? randomElement(random) : resultOf(formula, reader(from), inBase)
    })
  }
  const auxiliary: Witness['auxiliary'] = challenge => {
    const drawn = Array.from({ length: challenges }, (_, i) => challenge(`r${i}`))
    const inRow = (row: number, formula: Formula) =>
      resultOf<Extension>(
        formula,
        leaf => (leaf.kind === 'challenge' ? drawn[leaf.index]! : [reader(row)(leaf), 0n]),
        inExtension,
      )
    return Object.fromEntries(
      auxiliaries.map(({ name, rule, formula }) => {
        const each = Array.from({ length: air.activeRows }, (_, row) => inRow(row, formula))
        if (rule === 'every') return [name, each]
        const [first, join] = rule === 'sum' ? [ZERO, plus] : [ONE, times]
        return [name, runningOf(each, first, join)]
      }),
    )
  }
  const columnsIn = (oracle: number): Columns =>
    Object.fromEntries(columns.flatMap((column, i) => (column.oracle === oracle ? [[column.name, values[i]!]] : [])))
  const cell = values[boundary.column]![rowOf(air.activeRows) + (boundary.isNext ? 1 : 0)]!
  return caseOf(
    air,
    { context: randomBytes(random, 32), inputs: [...inputs, cell] },
    { main: columnsIn(-1), auxiliary },
    Array.from({ length: externals }, (_, oracle) => columnsIn(oracle)),
  )
}

/** In each row what the rows before come to. */
function runningOf(
  values: readonly Extension[],
  first: Extension,
  join: (a: Extension, b: Extension) => Extension,
): Extension[] {
  let before = first
  return values.map(value => {
    const here = before
    before = join(here, value)
    return here
  })
}
