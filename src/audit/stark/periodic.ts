import { rootOfUnity } from '../../field/domain.ts'
import { type Extension, embed, plus, raised, times, ZERO } from '../../field/extension.ts'
import { add, inverse, multiply, power } from '../../field/goldilocks.ts'

/**
 * The coefficients of the polynomial that takes these values on the subgroup of their number: an inverse transform, by halves.
 * @param values a power of two of base elements
 */
export function interpolated(values: readonly bigint[]): bigint[] {
  const size = values.length
  const root = inverse(rootOfUnity(Math.log2(size)))
  const scale = inverse(BigInt(size))
  return transformed(values, root).map(value => multiply(value, scale))
}

/** The value in a point x of the trace's domain or outside it: the polynomial at x^(rows / period). */
export function periodicAt(coefficients: readonly bigint[], log2Rows: number, x: Extension): Extension {
  const y = raised(x, BigInt(2 ** log2Rows / coefficients.length))
  let value = ZERO
  for (let k = coefficients.length - 1; k >= 0; k--) value = plus(times(value, y), embed(coefficients[k]!))
  return value
}

function transformed(values: readonly bigint[], root: bigint): bigint[] {
  const size = values.length
  if (size === 1) return [...values]
  const square = multiply(root, root)
  const even = transformed(
    values.filter((_, i) => i % 2 === 0),
    square,
  )
  const odd = transformed(
    values.filter((_, i) => i % 2 === 1),
    square,
  )
  return values.map((_, k) => {
    const half = k % (size / 2)
    return add(even[half]!, multiply(power(root, BigInt(k)), odd[half]!))
  })
}
