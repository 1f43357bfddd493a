import { GENERATOR, rootOfUnity } from '../../field/domain.ts'
import { type Extension, ONE, times } from '../../field/extension.ts'
import { inverse, multiply, power, subtract } from '../../field/goldilocks.ts'
import type { StarkField } from '../../field/starkField.ts'
import type { Air, Place } from './air.ts'
import type { Commitment } from './commitment.ts'
import { evaluationDomain, pointOf } from './fri.ts'
import { MachineProgram, type Slot } from './machine.ts'
import type { Pace } from './pace.ts'

/** How many cosets of the trace's domain the quotient is computed on: as many points as it may have coefficients. */
export function quotientCosets({ chunks }: Pick<Air, 'chunks'>): number {
  return 2 ** Math.ceil(Math.log2(chunks))
}

/** What quotientPolynomial counts as work. */
export function quotientWork(air: Air): number {
  return quotientCosets(air) * air.rows * (vectorsOf(air) + air.instructions.length)
}

/** The challenges of a proof that its constraints read, and the one that joins them. */
export interface QuotientChallenges {
  readonly inputs: readonly bigint[]
  readonly challenges: readonly Extension[]
  readonly alpha: Extension
}

/**
 * The coefficients of Σ αⁱ Cᵢ / Dᵢ, see quotientAt: the constraints' program runs over all rows of as many cosets as it takes, where
 * the divisors are not zero.
 * @param oracles their columns as polynomials, in the AIR's order
 * @returns an extension vector of quotientCosets · rows coefficients, and whether it is the quotient: otherwise that is no polynomial
 * of the degree that the AIR says, and a constraint does not hold
 */
export async function quotientPolynomial(
  field: StarkField,
  air: Air,
  oracles: readonly Commitment[],
  challenges: QuotientChallenges,
  pace: Pace,
): Promise<{ coefficients: number; isPolynomial: boolean }> {
  const cosets = quotientCosets(air)
  const size = cosets * air.rows
  const quotient = field.allocate(2 * size)
  const start = field.mark()
  const evaluation = new CosetEvaluation(field, air, oracles, challenges)
  const domain = evaluationDomain(air.log2Rows + Math.log2(cosets))
  for (let coset = 0; coset < cosets; coset++) {
    const { re, im } = evaluation.at(pointOf(domain, coset))
    for (const [half, target] of [
      [re, quotient],
      [im, quotient + 8 * size],
    ] as const) {
      const values = field.words(half, air.rows)
      const whole = field.words(target, size)
      for (let row = 0; row < air.rows; row++) whole[coset + cosets * row] = values[row]!
    }
    await pace.did(quotientWork(air) / cosets)
  }
  field.release(start)
  field.interpolate(quotient, domain.log2Size, 2)
  moveFromCoset(field, quotient, size, GENERATOR)
  field.release(start)
  const most = air.chunks * air.chunkLength
  const isPolynomial = [quotient, quotient + 8 * size].every(half =>
    field.words(half + 8 * most, size - most).every(coefficient => coefficient === 0n),
  )
  return { coefficients: quotient, isPolynomial }
}

/** Coefficients of f(offset · x) become those of f(x): an extension vector, in place. */
export function moveFromCoset(field: StarkField, at: number, size: number, offset: bigint): void {
  const start = field.mark()
  const powers = field.allocate(size)
  field.powers(powers, size, 1n, inverse(offset))
  for (const half of [at, at + 8 * size]) {
    const words = field.words(half, size)
    const factors = field.words(powers, size)
    for (let k = 0; k < size; k++) words[k] = multiply(words[k]!, factors[k]!)
  }
  field.release(start)
}

function vectorsOf({ oracles }: Air): number {
  return oracles.reduce((sum, { columns, isExtension }) => sum + columns.length * (isExtension ? 2 : 1), 0)
}

/** Runs the constraints' program over one coset at a time. */
class CosetEvaluation {
  readonly #field: StarkField
  readonly #air: Air
  readonly #oracles: readonly Commitment[]
  /** Where the columns' values go, one row longer than the trace: the first row follows the last. */
  readonly #values: number
  readonly #stride: number
  /** Polynomials that everybody knows: periodic columns, and the rows that are left out. */
  readonly #known: number
  readonly #knownValues: number
  readonly #rowsToInverse: Map<number, number>
  readonly #points: number
  readonly #vanishing: Slot
  readonly #result: { readonly re: number; readonly im: number }
  readonly #program: MachineProgram
  readonly #run: (rows: number) => void

  constructor(field: StarkField, air: Air, oracles: readonly Commitment[], challenges: QuotientChallenges) {
    const { rows } = air
    this.#field = field
    this.#air = air
    this.#oracles = oracles
    this.#stride = 8 * (rows + 2)
    this.#values = field.allocate(vectorsOf(air) * (rows + 2))
    this.#known = field.allocate((air.periodics.length + 1) * rows)
    this.#knownValues = field.allocate((air.periodics.length + 1) * rows)
    this.#points = field.allocate(rows)
    const single = air.constraints.flatMap(({ place }) => (typeof place === 'object' ? [place.row] : []))
    this.#rowsToInverse = new Map([...new Set(single)].map(row => [row, field.allocate(rows)]))
    this.#result = { re: field.allocate(rows), im: field.allocate(rows) }
    this.#writeKnown()
    this.#program = new MachineProgram(field)
    this.#vanishing = this.#program.temporary(false)
    this.#write(challenges)
    this.#run = this.#program.load()
  }

  /** Σ αⁱ Cᵢ / Dᵢ on shift · H, in the trace's order. */
  at(shift: bigint): { readonly re: number; readonly im: number } {
    const { rows, log2Rows, periodics } = this.#air
    const field = this.#field
    let values = this.#values
    for (const { coefficients, vectors } of this.#oracles) {
      field.evaluate(coefficients, values, log2Rows, vectors, shift, this.#stride)
      for (let i = 0; i < vectors; i++, values += this.#stride) {
        const column = field.words(values, rows + 1)
        column[rows] = column[0]!
      }
    }
    field.evaluate(this.#known, this.#knownValues, log2Rows, periodics.length + 1, shift, 8 * rows)
    const root = rootOfUnity(log2Rows)
    field.powers(this.#points, rows, shift, root)
    for (const [row, target] of this.#rowsToInverse) {
      const points = field.words(this.#points, rows)
      const left = power(root, BigInt(row))
      field.words(target, rows).set(points.map(point => subtract(point, left)))
      field.batchInverse(target, rows)
    }
    // xⁿ is the same on all of a coset of ⟨ω⟩.
    this.#program.fill(this.#vanishing, inverse(subtract(power(shift, BigInt(rows)), 1n)))
    this.#run(rows)
    return this.#result
  }

  #writeKnown(): void {
    const { rows, activeRows, log2Rows, periodics } = this.#air
    const known = this.#field.words(this.#known, (periodics.length + 1) * rows).fill(0n)
    for (const [i, { coefficients }] of periodics.entries()) {
      const gap = rows / coefficients.length
      for (const [k, coefficient] of coefficients.entries()) known[i * rows + k * gap] = coefficient
    }
    const root = rootOfUnity(log2Rows)
    let leftOut = [1n]
    for (let row = activeRows; row < rows; row++) leftOut = timesLinear(leftOut, power(root, BigInt(row)))
    known.set(leftOut, periodics.length * rows)
  }

  /** The program: what the constraints compute, then each place's share of the sum over its divisor. */
  #write({ inputs, challenges, alpha }: QuotientChallenges): void {
    const { instructions, constraints, constants, periodics, activeRows, rows, log2Rows } = this.#air
    const program = this.#program
    const vector = (re: number): Slot => ({ re, im: null, advances: true })
    const values: Slot[] = [
      ...this.#columnSlots(false),
      ...this.#columnSlots(true),
      ...periodics.map((_, i) => vector(this.#knownValues + 8 * i * rows)),
      ...inputs.map(input => program.constant(input)),
      ...challenges.map(challenge => program.constant(challenge)),
      ...constants.map(constant => program.constant(constant)),
    ]
    for (const { operation, a, b } of instructions) values.push(program.put(operation, values[a]!, values[b]!))
    const sums = new Map<string, { sum: Slot; place: Place }>()
    let weight = ONE
    for (const { value, place } of constraints) {
      const term = program.put('multiply', program.constant(weight), values[value]!)
      const key = JSON.stringify(place)
      const known = sums.get(key)
      if (known === undefined) sums.set(key, { sum: term, place })
      else program.put('add', known.sum, term, known.sum)
      weight = times(weight, alpha)
    }
    const leftOut = vector(this.#knownValues + 8 * periodics.length * rows)
    const every = program.put('multiply', leftOut, this.#vanishing)
    const last = program.constant(power(rootOfUnity(log2Rows), BigInt(activeRows - 1)))
    const transition = program.put('multiply', every, program.put('subtract', vector(this.#points), last))
    const result: Slot = { ...this.#result, advances: true }
    let isFirst = true
    for (const { sum, place } of sums.values()) {
      const factor =
        place === 'every' ? every : place === 'transition' ? transition : vector(this.#rowsToInverse.get(place.row)!)
      const share = program.put('multiply', sum, factor, isFirst ? result : undefined)
      if (!isFirst) program.put('add', result, share, result)
      isFirst = false
    }
  }

  #columnSlots(isNext: boolean): Slot[] {
    const slots: Slot[] = []
    let first = this.#values + (isNext ? 8 : 0)
    for (const { columns, shifted, isExtension } of this.#air.oracles) {
      const width = isExtension ? 2 : 1
      for (let i = 0; i < (isNext ? shifted : columns.length); i++) {
        const re = first + i * width * this.#stride
        slots.push({ re, im: isExtension ? re + this.#stride : null, advances: true })
      }
      first += columns.length * width * this.#stride
    }
    return slots
  }
}

/** A polynomial's coefficients times x − root. */
function timesLinear(coefficients: readonly bigint[], root: bigint): bigint[] {
  return [0n, ...coefficients].map((above, k) => {
    const here = coefficients[k]
    return here === undefined ? above : subtract(above, multiply(here, root))
  })
}
