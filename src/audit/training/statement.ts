import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes } from '../../crypto/bytes.ts'
import type { Extension } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { add, multiply, toField } from '../../field/goldilocks.ts'
import type { Address, Hex } from '../../study/types.ts'
import { BLINDS, type RoundShape } from './roundShape.ts'
import { checkPlan, type RoundPlan } from './roundTraining.ts'

/** Elements whose powers weigh the weights after a round, drawn when they are committed to: see gammasOf. */
export type Gammas = readonly [bigint, bigint]
/** What the weights after a round come to under them. */
export type Phi = readonly [bigint, bigint]

export interface RoundInputs {
  /** The weights that everybody began with, Q32. */
  readonly start: BigInt64Array
  readonly plan: RoundPlan
  /** Where the round is blinded. */
  readonly gammas?: Gammas
  readonly phi?: Phi
}

/** Where a round is submitted. */
export interface RoundContext {
  /** Of the study's contract (EIP-712): chain and contract are in it. */
  readonly domainSeparator: Hex
  readonly hospital: Address
  readonly round: number
  /** How many rounds the hospital was asked to take part in before. */
  readonly contribution: number
  /** What the hospital says of its masks, which no equation of the proof is about; none where the round is not blinded. */
  readonly products: readonly bigint[]
}

const CONTEXT = new TextEncoder().encode('wardround/round/1')

/**
 * What is said of a round, in the AIR's order, without the pin of its data: see inputsWithPins.
 * @throws RangeError for a start or a plan that is not of the shape, and where a blinded round has no gammas and phi
 */
export function roundInputs(shape: RoundShape, { start, plan, gammas, phi }: RoundInputs): bigint[] {
  const { inputs, steps, contributions, noise, blinded } = shape
  checkPlan(shape, plan)
  if (start.length !== inputs) throw new RangeError(`${start.length} weights where there are ${inputs}`)
  if (blinded !== (gammas !== undefined && phi !== undefined)) {
    throw new RangeError('gammas and phi are of blinded rounds, and of those in any case')
  }
  const times = Array.from({ length: steps }, (_, batch) => BigInt(plan.order.indexOf(batch)))
  const picks = Array.from({ length: contributions }, (_, c) => (c === plan.contribution ? 1n : 0n))
  return [
    ...elementsOf(start),
    ...times,
    ...(noise === null ? [] : [...plan.signs.map(toField), ...picks]),
    ...(blinded ? [...gammas!, ...phi!] : []),
  ]
}

/** Powers of an element, the highest first: what weighs so many numbers in a sum by Horner's rule. */
export function direction(gamma: bigint, length: number): BigUint64Array<ArrayBuffer> {
  const powers = new BigUint64Array(length)
  for (let i = length - 1, power = 1n; i >= 0; i--, power = multiply(power, gamma)) powers[i] = power
  return powers
}

/**
 * What weights and the blinds behind them come to under each gamma.
 * @param weights Q32
 * @throws RangeError where there are not 4 blinds
 */
export function phiOf(gammas: Gammas, weights: BigInt64Array, blinds: BigUint64Array): Phi {
  if (blinds.length !== BLINDS) throw new RangeError(`${blinds.length} blinds, not ${BLINDS}`)
  const numbers = [...elementsOf(weights), ...blinds]
  const [first, second] = gammas.map(gamma => numbers.reduce((sum, number) => add(multiply(sum, gamma), number), 0n))
  return [first!, second!]
}

/** What a hospital puts on the chain before the first round: which data it will train on. @param root 24 bytes */
export function dataLeaf(root: Uint8Array, pin: Extension): Hex {
  return hash(digestWord(root), ...pin.map(uintWord))
}

/** What a hospital puts on the chain with its update: from which weights to which. @param afterRoot 24 bytes */
export function traceOf(afterRoot: Uint8Array, start: BigInt64Array): Hex {
  const elements = elementsOf(start)
  // The list stands behind the two words that come first, its length before it.
  return hash(digestWord(afterRoot), uintWord(64n), uintWord(BigInt(elements.length)), ...elements.map(uintWord))
}

/** The context of a round's proof: it is good for one answer in one round of one hospital in one contract alone. */
export function contextOf({ domainSeparator, hospital, round, contribution, products }: RoundContext): Uint8Array {
  return keccak_256(
    concatBytes(
      keccak_256(CONTEXT),
      hexToBytes(domainSeparator),
      padded(hexToBytes(hospital)),
      uintWord(BigInt(round)),
      uintWord(BigInt(contribution)),
      keccak_256(concatBytes(uintWord(32n), uintWord(BigInt(products.length)), ...products.map(uintWord))),
    ),
  )
}

/** The elements that stand for weights. */
export function elementsOf(weights: BigInt64Array): bigint[] {
  return Array.from(weights, weight => (weight < 0n ? MODULUS + weight : weight))
}

function hash(...words: readonly Uint8Array[]): Hex {
  return bytesToHex(keccak_256(concatBytes(...words)))
}

/** Solidity's 32-byte words: numbers stand at the end of one, bytes of a fixed length at its beginning. */
function uintWord(value: bigint): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)
}

function padded(bytes: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array(32 - bytes.length), bytes)
}

function digestWord(digest: Uint8Array): Uint8Array {
  return concatBytes(digest, new Uint8Array(32 - digest.length))
}
