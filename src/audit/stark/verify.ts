import { sameBytes } from '../../crypto/bytes.ts'
import { DIGEST_BYTES, SALT_BYTES } from '../../field/digests.ts'
import { rootOfUnity } from '../../field/domain.ts'
import {
  type Extension,
  embed,
  isSame,
  minus,
  ONE,
  plus,
  raised,
  reciprocal,
  scaled,
  times,
  valueAt,
  ZERO,
} from '../../field/extension.ts'
import { isElement } from '../../field/goldilocks.ts'
import { Reader, Writer } from './bytes.ts'
import { quotientAt } from './constraints.ts'
import { type Coset, evaluationDomain, folded, foldedDomain, pointOf } from './fri.ts'
import { decodeKey, keyHash, type VerifyingKey } from './key.ts'
import { leafDigest, type OpenedLeaf, rootOver } from './merkle.ts'
import { chunkMask, finalLength, foldings, LOG2_FINAL, LOG2_FOLD, type Parameters } from './parameters.ts'
import { type PinPoint, pinOver, pinPointOf, splitInputs } from './pins.ts'
import { Transcript } from './transcript.ts'

/** What a proof is about. */
export interface Statement {
  /** 32 bytes that say what it is for: chain, contract, hospital, round and step, hashed. A proof is good for one alone. */
  readonly context: Uint8Array
  /** The AIR's inputs, in its order, then for each pinned oracle its pin: see inputsWithPins. */
  readonly inputs: readonly bigint[]
  /** Roots of the external oracles, 24 bytes each, in the AIR's order. */
  readonly roots: readonly Uint8Array[]
}

/** Why a proof is refused; the contract has the same, in this order. */
export const refusals = [
  'statement',
  'malformed',
  'constraints',
  'work',
  'opening',
  'folding',
  'finalPolynomial',
] as const
export type Refusal = (typeof refusals)[number]

/** Thrown where a proof does not show what it should. */
export class ProofRefused extends Error {
  override readonly name = 'ProofRefused'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`The proof is refused: ${refusal}.`)
    this.refusal = refusal
  }
}

/**
 * Checks a proof. Written for reading: this is the specification, and the contract does the same.
 *
 * Nothing that decides how much is checked comes from the proof: domains, degrees, numbers of columns, queries and bits of work
 * follow from the key and the parameters. Every byte of the proof is read once, in order, and none may be left.
 * @param key of the AIR: trusted, see decodeKey
 * @throws ProofRefused
 *
 * @example
 * verify(air.key, { context, inputs: [144n], roots: [] }, proof, air.parameters)
 */
export function verify(key: Uint8Array, statement: Statement, proof: Uint8Array, parameters: Parameters): void {
  const air = decodeKey(key)
  const { context, inputs, roots } = statement
  const pinned = air.oracles.filter(({ isPinned }) => isPinned).length
  const fits =
    context.length === 32 &&
    inputs.length === air.inputs + 2 * pinned &&
    inputs.every(isElement) &&
    roots.length === air.externals &&
    roots.every(({ length }) => length === DIGEST_BYTES)
  if (!fits) throw new ProofRefused('statement')
  const from = new Reader(proof)
  try {
    check(air, begin(key, statement, parameters), statement, from, parameters)
    if (!from.isAtEnd) throw new ProofRefused('malformed')
  } catch (error) {
    // The reader's: the end of the bytes, or an element that is not canonical.
    if (error instanceof RangeError) throw new ProofRefused('malformed')
    throw error
  }
}

/** What is proven and how, without the statement: what every transcript begins with. */
export function beginning(key: Uint8Array, parameters: Parameters): Uint8Array {
  const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
  const to = new Writer().raw(new TextEncoder().encode('wardround/stark/1')).raw(keyHash(key))
  to.uint(log2Blowup, 1).uint(LOG2_FOLD, 1).uint(LOG2_FINAL, 1)
  return to.uint(queries, 2).uint(queryGrinding, 1).uint(roundGrinding, 1).bytes()
}

/** The transcript of a statement, to which the prover has not said anything yet. */
export function begin(key: Uint8Array, { context, inputs, roots }: Statement, parameters: Parameters): Transcript {
  const to = new Writer().raw(beginning(key, parameters)).raw(context)
  for (const input of inputs) to.element(input)
  for (const root of roots) to.raw(root)
  const transcript = new Transcript()
  transcript.absorb(to.bytes())
  return transcript
}

function check(
  air: VerifyingKey,
  transcript: Transcript,
  { inputs: stated, roots: externalRoots }: Statement,
  from: Reader,
  parameters: Parameters,
): void {
  const read = (length: number) => {
    const bytes = from.raw(length)
    transcript.absorb(bytes)
    return bytes
  }
  const work = (bits: number) => {
    if (!transcript.accepts(from.raw(8), bits)) throw new ProofRefused('work')
  }

  // What is said of the pinned oracles is in the transcript already, and the points are their roots'.
  const { own: inputs, pins: saidPins } = splitInputs(stated, air.inputs)
  const pinned = air.oracles.flatMap(({ isPinned }, oracle) => (isPinned ? [oracle] : []))
  const pins = pinned.map((oracle, i) => ({ oracle, ...pinPointOf(externalRoots[oracle]!), said: saidPins[i]! }))

  // The commitments: main columns, challenges, auxiliary columns, quotient.
  const own = air.oracles.slice(air.externals)
  const roots = [...externalRoots]
  for (const _ of own.filter(({ isExtension }) => !isExtension)) roots.push(read(DIGEST_BYTES))
  const challenges = Array.from({ length: air.challenges }, () => transcript.extension())
  for (const _ of own.filter(({ isExtension }) => isExtension)) roots.push(read(DIGEST_BYTES))
  const alpha = transcript.extension()
  roots.push(read(DIGEST_BYTES))
  const oracles = [...air.oracles, { isExtension: true, columns: air.chunks + 1, shifted: 0 }]

  // A point outside of all domains, and what the prover says that everything is there.
  const z = transcript.outside()
  const counts = {
    columns: sum(air.oracles.map(({ columns }) => columns)),
    shifted: sum(air.oracles.map(({ shifted }) => shifted)),
  }
  const said = readExtensions(read(16 * (counts.columns + counts.shifted + air.chunks + 1)))
  const columns = said.slice(0, counts.columns + counts.shifted)
  const chunks = said.slice(columns.length, columns.length + air.chunks)
  const mask = said.slice(-1)
  const chunkLength = 2 ** air.log2Rows - chunkMask(parameters)
  const whole = valueAt(chunks, raised(z, BigInt(chunkLength)))
  if (!isSame(whole, quotientAt(air, columns, { inputs, challenges }, alpha, z))) throw new ProofRefused('constraints')

  // One function in place of all: of low degree only if they all are and have these values.
  work(parameters.roundGrinding)
  const gamma = transcript.extension()
  const combination: Combination = {
    oracles,
    here: [...columns.slice(0, counts.columns), ...chunks, ...mask],
    next: columns.slice(counts.columns),
    z,
    nextZ: scaled(z, rootOfUnity(air.log2Rows)),
    pins,
    gamma,
  }

  // FRI: folded by eight again and again, the last polynomial sent.
  const layers = Array.from({ length: foldings(air.log2Rows) }, () => {
    const root = read(DIGEST_BYTES)
    work(parameters.roundGrinding)
    return { root, beta: transcript.extension() }
  })
  const final = readExtensions(read(16 * finalLength(air.log2Rows)))
  work(parameters.queryGrinding)

  // The same positions in everything.
  const log2Domain = air.log2Rows + parameters.log2Blowup
  const positions = ascending(transcript.positions(parameters.queries, log2Domain))
  const rows = positions.map((): Extension[] => [])
  for (const [i, { isExtension, columns }] of oracles.entries()) {
    const leaves = positions.map((index, at): OpenedLeaf => {
      const salt = from.raw(SALT_BYTES)
      const row = from.raw(columns * (isExtension ? 16 : 8))
      rows[at]!.push(...(isExtension ? readExtensions(row) : readElements(row)))
      return { index, digest: leafDigest(salt, row) }
    })
    if (!isUnder(roots[i]!, leaves, log2Domain, from)) throw new ProofRefused('opening')
  }
  let domain = evaluationDomain(log2Domain)
  let values = new Map(
    positions.map((position, at) => [position, combined(combination, rows[at]!, pointOf(domain, position))]),
  )
  for (const { root, beta } of layers) {
    values = foldLayer(values, domain, { root, beta }, from)
    domain = foldedDomain(domain)
  }
  for (const [position, value] of values) {
    if (!isSame(valueAt(final, embed(pointOf(domain, position))), value)) throw new ProofRefused('finalPolynomial')
  }
}

interface Combination {
  readonly oracles: readonly { readonly columns: number; readonly shifted: number }[]
  /** What every column, chunk and the mask are said to be at z. */
  readonly here: readonly Extension[]
  /** What the shifted columns are said to be at the next row's z. */
  readonly next: readonly Extension[]
  readonly z: Extension
  readonly nextZ: Extension
  readonly pins: readonly (PinPoint & { readonly oracle: number; readonly said: Extension })[]
  readonly gamma: Extension
}

/**
 * The combination of all functions in one point, from their values there:
 * Σ γᵗ (f_t(x) − f_t(z)) / (x − z) + Σ γ^(T+s) (f_s(x) − f_s(ωz)) / (x − ωz) + Σ γ^(T+S+i) (g_i(x) − g_i(z_i)) / (x − z_i), t over all
 * T functions, s over the S shifted ones, i over the pinned oracles: g_i is the sum of an oracle's columns that its pin is of.
 */
function combined(
  { oracles, here, next, z, nextZ, pins, gamma }: Combination,
  row: readonly Extension[],
  x: bigint,
): Extension {
  const rows: (readonly Extension[])[] = []
  let first = 0
  for (const { columns } of oracles) {
    rows.push(row.slice(first, first + columns))
    first += columns
  }
  const shifted = oracles.flatMap(({ shifted: count }, i) => rows[i]!.slice(0, count))
  const point = embed(x)
  let weight = ONE
  const part = (values: readonly Extension[], claims: readonly Extension[], at: Extension) => {
    let numerator = ZERO
    for (const [i, value] of values.entries()) {
      numerator = plus(numerator, times(weight, minus(value, claims[i]!)))
      weight = times(weight, gamma)
    }
    return times(numerator, reciprocal(minus(point, at)))
  }
  const ofColumns = plus(part(row, here, z), part(shifted, next, nextZ))
  return pins.reduce(
    (sum, { oracle, said, ...at }) => plus(sum, part([pinOver(rows[oracle]!, at)], [said], at.point)),
    ofColumns,
  )
}

/** Checks that a layer holds what was computed for it, and computes the next one's values at the positions that follow. */
function foldLayer(
  values: ReadonlyMap<number, Extension>,
  domain: Coset,
  { root, beta }: { readonly root: Uint8Array; readonly beta: Extension },
  from: Reader,
): Map<number, Extension> {
  const log2Leaves = domain.log2Size - LOG2_FOLD
  const size = 2 ** log2Leaves
  const siblings = new Map<number, Extension[]>()
  const leaves = ascending([...values.keys()].map(position => position % size)).map((index): OpenedLeaf => {
    const content = from.raw(16 * 2 ** LOG2_FOLD)
    siblings.set(index, readExtensions(content))
    return { index, digest: leafDigest(content) }
  })
  if (!isUnder(root, leaves, log2Leaves, from)) throw new ProofRefused('opening')
  for (const [position, value] of values) {
    const held = siblings.get(position % size)![Math.floor(position / size)]!
    if (!isSame(held, value)) throw new ProofRefused('folding')
  }
  return new Map([...siblings].map(([index, eight]) => [index, folded(eight, pointOf(domain, index), beta)]))
}

function isUnder(root: Uint8Array, leaves: readonly OpenedLeaf[], height: number, from: Reader): boolean {
  return sameBytes(
    rootOver(leaves, height, () => from.raw(DIGEST_BYTES)),
    root,
  )
}

function readExtensions(bytes: Uint8Array): Extension[] {
  const from = new Reader(bytes)
  return Array.from({ length: bytes.length / 16 }, () => from.extension())
}

function readElements(bytes: Uint8Array): Extension[] {
  const from = new Reader(bytes)
  return Array.from({ length: bytes.length / 8 }, () => embed(from.element()))
}

/** Each once, in order. */
export function ascending(positions: readonly number[]): number[] {
  return [...new Set(positions)].sort((a, b) => a - b)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
