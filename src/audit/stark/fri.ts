import { GENERATOR, rootOfUnity } from '../../field/domain.ts'
import { type Extension, plus, scaled, times, ZERO } from '../../field/extension.ts'
import { inverse, multiply, power } from '../../field/goldilocks.ts'
import { LOG2_FOLD } from './parameters.ts'

const FOLD = 2 ** LOG2_FOLD

/** A coset of a subgroup: what functions are evaluated on, in the order offset · ω⁰, offset · ω¹, … */
export interface Coset {
  readonly log2Size: number
  readonly offset: bigint
  readonly root: bigint
}

/** What committed functions are evaluated on: g · ⟨ω⟩, disjoint from the trace's domain ⟨ω⟩. */
export function evaluationDomain(log2Size: number): Coset {
  return { log2Size, offset: GENERATOR, root: rootOfUnity(log2Size) }
}

/** The eighth powers of a coset's points. */
export function foldedDomain({ log2Size, offset }: Coset): Coset {
  const smaller = log2Size - LOG2_FOLD
  return { log2Size: smaller, offset: power(offset, BigInt(FOLD)), root: rootOfUnity(smaller) }
}

export function pointOf({ offset, root }: Coset, position: number): bigint {
  return multiply(offset, power(root, BigInt(position)))
}

/**
 * Folds f, given on the eight points whose eighth power is the same, into one value: with f(x) = Σ_k x^k f_k(x⁸), it is
 * Σ_k βᵏ f_k(x⁸) = ⅛ Σ_k (β/x)ᵏ Σ_t w^(−tk) f(x wᵗ), w being of order eight.
 * @param values f(x), f(xw), …, f(xw⁷)
 * @param x the first of the points
 */
export function folded(values: readonly Extension[], x: bigint, beta: Extension): Extension {
  const backwards = inverse(rootOfUnity(LOG2_FOLD))
  const step = scaled(beta, inverse(x))
  let result = ZERO
  for (let k = FOLD - 1; k >= 0; k--) {
    const factor = power(backwards, BigInt(k))
    let sum = ZERO
    for (let t = FOLD - 1; t >= 0; t--) sum = plus(scaled(sum, factor), values[t]!)
    result = plus(times(result, step), sum)
  }
  return scaled(result, inverse(BigInt(FOLD)))
}
