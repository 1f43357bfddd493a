import { MODULUS } from './Field.ts'
import { power } from './goldilocks.ts'

/** Generates the multiplicative group of the Goldilocks field. Also what moves evaluation domains off the trace's. */
export const GENERATOR = 7n
/** 2^32 divides p − 1, and 2^33 does not. */
export const TWO_ADICITY = 32

/**
 * The root of unity of order 2^log: 7^((p − 1) / 2^log).
 * @throws RangeError where there is none
 */
export function rootOfUnity(log: number): bigint {
  if (!Number.isInteger(log) || log < 0 || log > TWO_ADICITY) throw new RangeError(`no root of unity of order 2^${log}`)
  return power(GENERATOR, (MODULUS - 1n) >> BigInt(log))
}
