import { rootOfUnity } from '../../field/domain.ts'
import { type Extension, embed, minus, ONE, plus, raised, reciprocal, times, ZERO } from '../../field/extension.ts'
import { power } from '../../field/goldilocks.ts'
import type { Instruction, Place } from './air.ts'
import type { VerifyingKey } from './key.ts'
import { periodicAt } from './periodic.ts'

/** What the constraints' program reads beside the columns. */
export interface Surroundings {
  readonly inputs: readonly bigint[]
  readonly challenges: readonly Extension[]
  /** Each periodic column's value. */
  readonly periodics: readonly Extension[]
}

/**
 * The list of values after the program has run: see Air.
 * @param columns every oracle's columns in this row, then each oracle's shifted columns in the next
 */
export function valuesOf(
  { constants, instructions }: { readonly constants: readonly bigint[]; readonly instructions: readonly Instruction[] },
  columns: readonly Extension[],
  { inputs, challenges, periodics }: Surroundings,
): Extension[] {
  const values = [...columns, ...periodics, ...inputs.map(embed), ...challenges, ...constants.map(embed)]
  const run = { add: plus, subtract: minus, multiply: times }
  for (const { operation, a, b } of instructions) values.push(run[operation](values[a]!, values[b]!))
  return values
}

/**
 * The quotient in a point z outside the trace's domain, from the columns' values there: Σ αⁱ Cᵢ(z) / Dᵢ(z), where Dᵢ vanishes where the
 * i-th constraint holds.
 */
export function quotientAt(
  key: VerifyingKey,
  columns: readonly Extension[],
  { inputs, challenges }: Pick<Surroundings, 'inputs' | 'challenges'>,
  alpha: Extension,
  z: Extension,
): Extension {
  const periodics = key.periodics.map(coefficients => periodicAt(coefficients, key.log2Rows, z))
  const values = valuesOf(key, columns, { inputs, challenges, periodics })
  const divisors = divisorsAt(key, z)
  let quotient = ZERO
  let weight = ONE
  for (const { value, place } of key.constraints) {
    quotient = plus(quotient, times(times(weight, values[value]!), divisors(place)))
    weight = times(weight, alpha)
  }
  return quotient
}

/** 1 / D(z) for each place: xⁿ − 1 without the rows that are left out, or x − ω^row. */
function divisorsAt({ log2Rows, activeRows }: VerifyingKey, z: Extension): (place: Place) => Extension {
  const rows = 2 ** log2Rows
  const root = rootOfUnity(log2Rows)
  const to = (row: number) => minus(z, embed(power(root, BigInt(row))))
  let leftOut = ONE
  for (let row = activeRows; row < rows; row++) leftOut = times(leftOut, to(row))
  const every = times(leftOut, reciprocal(minus(raised(z, BigInt(rows)), ONE)))
  const transition = times(every, to(activeRows - 1))
  return place => (place === 'every' ? every : place === 'transition' ? transition : reciprocal(to(place.row)))
}
