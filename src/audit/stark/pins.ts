import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../crypto/bytes.ts'
import { type Extension, valueAt } from '../../field/extension.ts'
import { Transcript } from './transcript.ts'

/** First byte of what a pin's point is derived from: no other hash of the protocol begins so. */
const PIN = 6

/** Where the polynomials of a pinned oracle are told apart from all others that are close to the same word. */
export interface PinPoint {
  /** Not in the base field, and so outside of every domain. */
  readonly point: Extension
  /** Of the second column; its powers are those of the columns after it. */
  readonly weight: Extension
}

/**
 * The point of an oracle, from its root alone: nobody knows it before the columns are committed to.
 * @param root 24 bytes
 */
export function pinPointOf(root: Uint8Array): PinPoint {
  const drawn = new Transcript(keccak_256(concatBytes(Uint8Array.of(PIN), root)))
  return { point: drawn.outside(), weight: drawn.extension() }
}

/**
 * The pin of an oracle, Σ weightʲ fⱼ(point): one element for all of its columns.
 * @param values of the columns in the point, in the order in which they are committed to
 */
export function pinOver(values: readonly Extension[], { weight }: PinPoint): Extension {
  return valueAt(values, weight)
}

/** The inputs of a statement: the AIR's own, then two for the pin of each external oracle that has one. */
export function inputsWithPins(
  own: readonly bigint[],
  externals: readonly { readonly pin?: Extension | undefined }[],
): bigint[] {
  return [...own, ...externals.flatMap(({ pin = [] }) => pin)]
}

/** What `inputsWithPins` joined. @param own how many inputs the AIR has */
export function splitInputs(
  inputs: readonly bigint[],
  own: number,
): { readonly own: readonly bigint[]; readonly pins: readonly Extension[] } {
  const pins: Extension[] = []
  for (let i = own; i + 1 < inputs.length; i += 2) pins.push([inputs[i]!, inputs[i + 1]!])
  return { own: inputs.slice(0, own), pins }
}
