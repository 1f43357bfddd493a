import { MODULUS } from '../../field/Field.ts'
import { MOST_STEPS } from '../training/roundShape.ts'
import { checkMembers, drawnOf, wordsOf } from './draw.ts'

/**
 * What chance decides of a hospital's round, to the byte, so that a contract can draw the same: in which order its
 * batches are trained and with which signs its noise is added, from the round's seed, known before it trains; in which
 * directions its weights are summed up, from the beacon, known once it has committed to them.
 *
 * H is keccak256 of packed bytes: tag ‖ seed or beacon ‖ uint8 member. The order is that of all batches drawn without
 * replacement (draw.ts), from the chain of words that begins with H. Signs and gammas are of the one word H.
 */
const ORDER = new TextEncoder().encode('wardround/round/order/1')
const SIGNS = new TextEncoder().encode('wardround/round/signs/1')
const GAMMAS = new TextEncoder().encode('wardround/round/gamma/1')

/**
 * The batches in the order in which they are trained.
 * @param seed of the round, 32 bytes
 * @param member the hospital's index in the study
 * @throws RangeError for a seed of another length, and for numbers that make no sense
 */
export function orderOf(seed: Uint8Array, member: number, steps: number): number[] {
  checkSteps(steps)
  const batches = Array.from({ length: steps }, (_, batch) => batch)
  return drawnOf(batches, steps, wordsFrom(ORDER, seed, member))
}

/**
 * By batch: whether its noise is added to the gradient or taken away, by the word's bits, the lowest first.
 * @throws RangeError as orderOf
 */
export function signsOf(seed: Uint8Array, member: number, steps: number): (1 | -1)[] {
  checkSteps(steps)
  const word = wordsFrom(SIGNS, seed, member).next().value
  return Array.from({ length: steps }, (_, batch) => ((word >> BigInt(batch)) & 1n ? 1 : -1))
}

/**
 * The elements whose powers are a round's two directions: the word's upper and lower half modulo p.
 * @param beacon 32 bytes
 * @throws RangeError for a beacon of another length, and for a member that is none
 */
export function gammasOf(beacon: Uint8Array, member: number): readonly [bigint, bigint] {
  const word = wordsFrom(GAMMAS, beacon, member).next().value
  return [(word >> 128n) % MODULUS, (word % 2n ** 128n) % MODULUS]
}

function wordsFrom(tag: Uint8Array, seed: Uint8Array, member: number): Generator<bigint, never> {
  if (seed.length !== 32) throw new RangeError(`a seed of ${seed.length} bytes`)
  checkMembers([member])
  return wordsOf(tag, seed, Uint8Array.of(member))
}

function checkSteps(steps: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > MOST_STEPS) throw new RangeError(`${steps} steps`)
}
