import { type Air, defineAir, type Expression, joined } from '../../src/audit/stark/air.ts'
import { addLookup, addSum, type Lookup, lookupColumns, lookupCounts, sumColumn } from '../../src/audit/stark/lookup.ts'
import type { Parameters } from '../../src/audit/stark/parameters.ts'
import type { Columns } from '../../src/audit/stark/trace.ts'
import type { Statement } from '../../src/audit/stark/verify.ts'
import { type Extension, plus, scaled, times, ZERO } from '../../src/field/extension.ts'
import { multiply, subtract } from '../../src/field/goldilocks.ts'
import { publicRandom } from '../../src/study/random.ts'

/** How large a made-up training step is. */
export interface StepShape {
  readonly name: string
  readonly log2Rows: number
  /** Main columns in all. */
  readonly columns: number
  /** Neurons in a row, each of four limbs of a byte, a mask and two gradients. */
  readonly neurons: number
  /** Running sums of products of random combinations, 1 to 4. */
  readonly sums: number
}

/** As docs/benchmarks/README.md describes them. */
export const shapes: readonly StepShape[] = [
  { name: '30-16-2', log2Rows: 9, columns: 48, neurons: 5, sums: 2 },
  { name: '784-32-10', log2Rows: 11, columns: 69, neurons: 6, sums: 4 },
  { name: '30-16-2, 16 steps', log2Rows: 13, columns: 48, neurons: 5, sums: 2 },
]

const LIMBS = 4
const LIMB = 256
const COLUMNS_A_NEURON = LIMBS + 3

export interface Step {
  readonly shape: StepShape
  readonly air: Air
  readonly lookup: Lookup
}

/**
 * A step of training as far as a prover's work goes, though it trains nothing: inputs and weights whose products are
 * summed under random combinations, as Freivalds checks them; activations and what the ReLU cuts off, each two bytes
 * that are looked up; boolean masks; gradients behind a mask. Of degree three, as the real one.
 */
export function stepAir(shape: StepShape, parameters: Parameters): Step {
  const { name, log2Rows, columns, neurons, sums } = shape
  let lookup: Lookup | undefined
  const air = defineAir({ name, log2Rows, parameters }, air => {
    const read = (names: readonly string[]) => names.map(column => air.column(column).here)
    const { inputs, weights } = linearNames(shape)
    const values: Record<Family, Expression[]> = { x: read(inputs), w: read(weights), h: [], d: [] }
    const looked: [Expression][] = []
    for (let i = 0; i < neurons; i++) {
      const limbs = read(limbNames(i))
      const [mask, behind, gradient] = read([`mask${i}`, `behind${i}`, `gradient${i}`])
      const [active, cut] = [0, 2].map(at => limbs[at]!.plus(limbs[at + 1]!.times(LIMB)))
      air.every(`mask ${i} is boolean`, mask!.times(mask!.minus(1)))
      air.every(`activation ${i} only where the mask is`, active!.minus(mask!.times(active!)))
      air.every(`cut off ${i} only where the mask is not`, mask!.times(cut!))
      air.every(`gradient ${i} is masked`, gradient!.minus(mask!.times(behind!)))
      values.h.push(active!)
      values.d.push(gradient!)
      looked.push(...limbs.map((limb): [Expression] => [limb]))
    }
    const table = Array.from({ length: LIMB }, (_, limb) => [BigInt(limb)])
    lookup = addLookup(air, { name: 'limb', looked, table })
    for (const [left, right] of products.slice(0, sums)) {
      const combine = (family: Family) => joined(values[family], air.challenge(`${left}${right}.${family}`))
      addSum(air, `${left}${right}`, combine(left).times(combine(right)), air.constant(0))
    }
    air.at(0, 'the first input is public', values.x[0]!.minus(air.input('first')))
  })
  const main = air.oracles[0]!.columns.length
  if (main !== columns) throw new RangeError(`${name}: ${main} main columns, not ${columns}`)
  return { shape, air, lookup: lookup! }
}

/** What of a row is multiplied: inputs, weights, activations, gradients. */
type Family = 'x' | 'w' | 'h' | 'd'
/** Each of a family that both halves of the trace share and one that changes its sign. */
const products: readonly (readonly [Family, Family])[] = [
  ['x', 'w'],
  ['x', 'd'],
  ['h', 'w'],
  ['h', 'd'],
]

function limbNames(neuron: number): string[] {
  return Array.from({ length: LIMBS }, (_, k) => `limb${neuron}.${k}`)
}

/** All columns that are left beside the neurons and the lookup's count are inputs and weights. */
function linearNames({ columns, neurons }: StepShape): { inputs: string[]; weights: string[] } {
  const left = columns - 1 - neurons * COLUMNS_A_NEURON
  const names = (letter: string, length: number) => Array.from({ length }, (_, i) => `${letter}${i}`)
  return { inputs: names('x', Math.floor(left / 2)), weights: names('w', Math.ceil(left / 2)) }
}

export interface StepWitness {
  readonly main: Columns
  auxiliary(challenge: (name: string) => Extension): Record<string, readonly Extension[]>
  readonly inputs: readonly bigint[]
}

/**
 * A made-up trace for which all holds, always the same. Its second half repeats the first with weights and gradients
 * negated: so the sums come to zero whatever the challenges are.
 */
export function stepWitness({ shape, air, lookup }: Step): StepWitness {
  const { below } = publicRandom(1)
  const half = air.activeRows / 2
  const column = (make: (row: number) => bigint, isNegated = false) => {
    const values = new BigUint64Array(air.activeRows)
    for (let row = 0; row < half; row++) {
      values[row] = make(row)
      values[half + row] = isNegated ? subtract(0n, values[row]!) : values[row]!
    }
    return values
  }
  const { inputs, weights } = linearNames(shape)
  const main: Record<string, BigUint64Array> = {}
  for (const name of inputs) main[name] = column(() => BigInt(below(LIMB)))
  for (const name of weights) main[name] = column(() => BigInt(below(2 ** 32)), true)
  for (let i = 0; i < shape.neurons; i++) {
    const mask = column(() => BigInt(below(2)))
    const behind = column(() => BigInt(below(2 ** 14)), true)
    const gradient = behind.map((value, row) => multiply(value, mask[row]!))
    Object.assign(main, { [`mask${i}`]: mask, [`behind${i}`]: behind, [`gradient${i}`]: gradient })
    for (const [k, name] of limbNames(i).entries()) {
      main[name] = column(row => ((mask[row] === 1n) === k < LIMBS / 2 ? BigInt(below(LIMB)) : 0n))
    }
  }
  const ofNeurons = <T>(make: (neuron: number) => T) => Array.from({ length: shape.neurons }, (_, i) => make(i))
  const limbs = ofNeurons(limbNames)
  const looked = limbs.flat().map(name => [main[name]!])
  const counts = lookupCounts(lookup, looked, air.activeRows)
  main['limb.count'] = counts
  const families: Record<Family, BigUint64Array[]> = {
    x: inputs.map(name => main[name]!),
    w: weights.map(name => main[name]!),
    h: limbs.map(([low, high]) => main[low!]!.map((value, row) => value + BigInt(LIMB) * main[high!]![row]!)),
    d: ofNeurons(i => main[`gradient${i}`]!),
  }
  return {
    main,
    auxiliary: challenge => {
      const sums = products.slice(0, shape.sums).map(([left, right]) => {
        const [first, second] = [left, right].map(family =>
          combination(families[family], challenge(`${left}${right}.${family}`)),
        )
        return [`${left}${right}`, sumColumn(first!.map((value, row) => times(value, second![row]!)))] as const
      })
      return { ...lookupColumns(lookup, looked, counts, challenge), ...Object.fromEntries(sums) }
    },
    inputs: [main.x0![0]!],
  }
}

/** What is proved of such a trace. */
export function stepStatement({ inputs }: StepWitness): Statement {
  return { context: new Uint8Array(32).fill(1), inputs, roots: [] }
}

/** Σ columns_i · base^i, row by row. */
function combination(columns: readonly BigUint64Array[], base: Extension): Extension[] {
  const powers: Extension[] = [[1n, 0n]]
  for (let i = 1; i < columns.length; i++) powers.push(times(powers[i - 1]!, base))
  return Array.from(columns[0]!, (_, row) =>
    columns.reduce((sum, values, i) => plus(sum, scaled(powers[i]!, values[row]!)), ZERO),
  )
}
