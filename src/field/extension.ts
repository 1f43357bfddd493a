import {
  add,
  inverse as inverseElement,
  isElement,
  multiply as multiplyElements,
  subtract as subtractElements,
} from './goldilocks.ts'

/**
 * The quadratic extension of the Goldilocks field, F_p[φ]/(φ² − 7): a + bφ as [a, b], both canonical. 7 is no square modulo
 * p. For single elements; vectors have kernels.
 */
export type Extension = readonly [re: bigint, im: bigint]

/** φ². */
export const NON_RESIDUE = 7n
export const ZERO: Extension = [0n, 0n]
export const ONE: Extension = [1n, 0n]

/** A base element in the extension. */
export function embed(element: bigint): Extension {
  return [element, 0n]
}

/** Whether both parts are canonical. */
export function isExtension([re, im]: Extension): boolean {
  return isElement(re) && isElement(im)
}

export function isSame(a: Extension, b: Extension): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

/** a + b */
export function plus(a: Extension, b: Extension): Extension {
  return [add(a[0], b[0]), add(a[1], b[1])]
}

/** a − b */
export function minus(a: Extension, b: Extension): Extension {
  return [subtractElements(a[0], b[0]), subtractElements(a[1], b[1])]
}

/** a · b */
export function times(a: Extension, b: Extension): Extension {
  return [
    add(multiplyElements(a[0], b[0]), multiplyElements(NON_RESIDUE, multiplyElements(a[1], b[1]))),
    add(multiplyElements(a[0], b[1]), multiplyElements(a[1], b[0])),
  ]
}

/** a · b for a base element b */
export function scaled(a: Extension, b: bigint): Extension {
  return [multiplyElements(a[0], b), multiplyElements(a[1], b)]
}

/**
 * 1 / a: the conjugate over the norm a₀² − 7a₁².
 * @throws RangeError for 0
 */
export function reciprocal([re, im]: Extension): Extension {
  const norm = subtractElements(multiplyElements(re, re), multiplyElements(NON_RESIDUE, multiplyElements(im, im)))
  const inverse = inverseElement(norm)
  return [multiplyElements(re, inverse), multiplyElements(subtractElements(0n, im), inverse)]
}

/** a to the power of a non-negative exponent. @throws RangeError where it is negative */
export function raised(a: Extension, exponent: bigint): Extension {
  if (exponent < 0n) throw new RangeError('a negative exponent')
  let result = ONE
  let square = a
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = times(result, square)
    square = times(square, square)
  }
  return result
}

/** Σ coefficients_k · x^k, by Horner's rule. */
export function valueAt(coefficients: readonly Extension[], x: Extension): Extension {
  let value = ZERO
  for (let k = coefficients.length - 1; k >= 0; k--) value = plus(times(value, x), coefficients[k]!)
  return value
}
