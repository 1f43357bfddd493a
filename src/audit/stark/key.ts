import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Air, Instruction, Operation, Place } from './air.ts'
import { Reader, Writer } from './bytes.ts'

/**
 * What a verifier knows of an AIR: the same for both verifiers, byte for byte, so that they cannot drift apart. Big-endian:
 *
 * | bytes | |
 * |---|---|
 * | 1, 1, 4 | version 1; log2 of the rows; active rows |
 * | 1, 1 | oracles; how many of them are external |
 * | 1, 2, 2 for each oracle | 1 where it holds extension elements, 2 where it is pinned, else 0; columns; shifted columns |
 * | 2, 2, 1 | inputs; challenges; chunks of the quotient |
 * | 2, then 8 each | constants |
 * | 1, then for each 1 and 8 each | periodic columns: log2 of the period, coefficients |
 * | 2, then 5 each | instructions: 0 add, 1 subtract, 2 multiply; a; b |
 * | 2, then 7 each | constraints: value; 0 every row, 1 transition, 2 one row; the row, else 0 |
 */
export interface VerifyingKey {
  readonly log2Rows: number
  readonly activeRows: number
  readonly oracles: readonly {
    readonly isExtension: boolean
    readonly isPinned: boolean
    readonly columns: number
    readonly shifted: number
  }[]
  readonly externals: number
  /** The AIR's own: a statement has two more for each pinned oracle. */
  readonly inputs: number
  readonly challenges: number
  readonly chunks: number
  readonly constants: readonly bigint[]
  /** Coefficients of each periodic column's polynomial. */
  readonly periodics: readonly (readonly bigint[])[]
  readonly instructions: readonly Instruction[]
  readonly constraints: readonly { readonly value: number; readonly place: Place }[]
}

const VERSION = 1
/** Kinds of oracles. */
const EXTENSION = 1
const PINNED = 2
const operations: readonly Operation[] = ['add', 'subtract', 'multiply']

export function encodeKey(air: Omit<Air, 'key'>): Uint8Array {
  const to = new Writer()
  to.uint(VERSION, 1).uint(air.log2Rows, 1).uint(air.activeRows, 4)
  to.uint(air.oracles.length, 1).uint(air.externals, 1)
  for (const { isExtension, isPinned, columns, shifted } of air.oracles) {
    to.uint(isExtension ? EXTENSION : isPinned ? PINNED : 0, 1)
      .uint(columns.length, 2)
      .uint(shifted, 2)
  }
  to.uint(air.inputs.length, 2).uint(air.challenges.length, 2).uint(air.chunks, 1)
  to.uint(air.constants.length, 2)
  for (const constant of air.constants) to.element(constant)
  to.uint(air.periodics.length, 1)
  for (const { coefficients } of air.periodics) {
    to.uint(Math.log2(coefficients.length), 1)
    for (const coefficient of coefficients) to.element(coefficient)
  }
  to.uint(air.instructions.length, 2)
  for (const { operation, a, b } of air.instructions) to.uint(operations.indexOf(operation), 1).uint(a, 2).uint(b, 2)
  to.uint(air.constraints.length, 2)
  for (const { value, place } of air.constraints) {
    to.uint(value, 2).uint(place === 'every' ? 0 : place === 'transition' ? 1 : 2, 1)
    to.uint(typeof place === 'object' ? place.row : 0, 4)
  }
  return to.bytes()
}

/**
 * Reads a key. It is trusted to describe an AIR: whoever deploys a verifier with it has looked at where it comes from.
 * @throws RangeError where the bytes are no key
 */
export function decodeKey(bytes: Uint8Array): VerifyingKey {
  const from = new Reader(bytes)
  const list = <T>(count: number, read: () => T) => Array.from({ length: count }, read)
  if (from.uint(1) !== VERSION) throw new RangeError('a key of another version')
  const [log2Rows, activeRows] = [from.uint(1), from.uint(4)]
  const [oracleCount, externals] = [from.uint(1), from.uint(1)]
  const oracles = list(oracleCount, () => {
    const kind = from.uint(1)
    return {
      isExtension: kind === EXTENSION,
      isPinned: kind === PINNED,
      columns: from.uint(2),
      shifted: from.uint(2),
    }
  })
  const [inputs, challenges, chunks] = [from.uint(2), from.uint(2), from.uint(1)]
  const constants = list(from.uint(2), () => from.element())
  const periodics = list(from.uint(1), () => list(2 ** from.uint(1), () => from.element()))
  const instructions = list(from.uint(2), () => {
    const operation = operations[from.uint(1)]
    if (operation === undefined) throw new RangeError('a key with an unknown operation')
    return { operation, a: from.uint(2), b: from.uint(2) }
  })
  const constraints = list(from.uint(2), () => {
    const value = from.uint(2)
    const [kind, row] = [from.uint(1), from.uint(4)]
    const place: Place = kind === 0 ? 'every' : kind === 1 ? 'transition' : { row }
    return { value, place }
  })
  if (!from.isAtEnd) throw new RangeError('a key with something after its end')
  return {
    log2Rows,
    activeRows,
    oracles,
    externals,
    inputs,
    challenges,
    chunks,
    constants,
    periodics,
    instructions,
    constraints,
  }
}

/** The name of a key: keccak256 of its bytes. */
export function keyHash(key: Uint8Array): Uint8Array {
  return keccak_256(key)
}
