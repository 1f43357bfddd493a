import { concatBytes } from '../../crypto/bytes.ts'
import { DIGEST_BYTES, SALT_BYTES } from '../../field/digests.ts'
import type { Extension } from '../../field/extension.ts'
import { loadField } from '../../field/loadField.ts'
import type { StarkField } from '../../field/starkField.ts'
import type { Air } from './air.ts'
import { bigEndian } from './bytes.ts'
import { evaluationDomain, pointOf } from './fri.ts'
import { hashOfWords, Masks } from './masks.ts'
import { siblingsOf } from './merkle.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { pinOver, pinPointOf } from './pins.ts'
import { type Columns, orderedColumns } from './trace.ts'
import { beginning } from './verify.ts'

/** Columns that lie in the field's memory as polynomials, and the tree over their rows. All addresses. */
export interface Commitment {
  /** Base vectors of coefficients, one after another; an extension column is two. */
  readonly coefficients: number
  readonly vectors: number
  readonly salts: number
  readonly tree: number
  /** 24 bytes. */
  readonly root: Uint8Array
}

type Shape = Pick<Air, 'log2Rows' | 'parameters'>

/** What `commit` counts as work. */
export function workOf(vectors: number, { log2Rows, parameters }: Shape): number {
  // A vector's transform takes about as long as hashing what it adds to the leaves, and a tree as two vectors.
  return (vectors + 4) * 2 ** (log2Rows + parameters.log2Blowup)
}

/**
 * Commits to polynomials: evaluates them coset by coset, so that no more than one coset's values are held at a time, and hashes
 * each row with its salt into a tree's leaf.
 */
export async function commit(
  field: StarkField,
  shape: Shape,
  { coefficients, vectors, saltKey }: { coefficients: number; vectors: number; saltKey: Uint8Array },
  pace: Pace,
): Promise<Commitment> {
  const { log2Rows } = shape
  const { log2Blowup } = shape.parameters
  const [rows, cosets] = [2 ** log2Rows, 2 ** log2Blowup]
  const log2Domain = log2Rows + log2Blowup
  const leaves = 2 ** log2Domain
  const { salts, tree } = withSalts(field, leaves, saltKey)
  const start = field.mark()
  const values = field.allocate(vectors * rows)
  const domain = evaluationDomain(log2Domain)
  for (let coset = 0; coset < cosets; coset++) {
    field.evaluate(coefficients, values, log2Rows, vectors, pointOf(domain, coset), 8 * rows)
    field.hashRows(values, 8 * rows, rows, vectors, salts, tree + DIGEST_BYTES * leaves, coset, cosets)
    await pace.did(workOf(vectors, shape) / cosets)
  }
  field.merkle(tree, log2Domain)
  field.release(start)
  return { coefficients, vectors, salts, tree, root: rootOf(field, tree) }
}

/** The same from a tree that was kept: nothing is evaluated or hashed again. */
export function recommit(
  field: StarkField,
  { log2Rows, parameters }: Shape,
  {
    coefficients,
    vectors,
    saltKey,
    kept,
  }: { coefficients: number; vectors: number; saltKey: Uint8Array; kept: BigUint64Array },
): Commitment {
  const leaves = 2 ** (log2Rows + parameters.log2Blowup)
  const { salts, tree } = withSalts(field, leaves, saltKey)
  field.words(tree, treeWords(leaves)).set(kept)
  return { coefficients, vectors, salts, tree, root: rootOf(field, tree) }
}

/** Room for so many leaves' salts, which are written, and for their tree, which is not. */
function withSalts(field: StarkField, leaves: number, saltKey: Uint8Array): Pick<Commitment, 'salts' | 'tree'> {
  const salts = field.allocate((leaves * SALT_BYTES) / 8)
  const tree = field.allocate(treeWords(leaves))
  const start = field.mark()
  const key = field.allocate(4)
  field.bytes(key, 32).set(saltKey)
  field.salts(key, salts, leaves)
  field.bytes(key, 32).fill(0)
  field.release(start)
  return { salts, tree }
}

function treeWords(leaves: number): number {
  return (2 * leaves * DIGEST_BYTES) / 8
}

function rootOf(field: StarkField, tree: number): Uint8Array {
  return field.bytes(tree + DIGEST_BYTES, DIGEST_BYTES).slice()
}

/** What is said of a commitment at some positions: for each its salt and row, then the nodes that its tree's root takes. */
export function openingAt(
  field: StarkField,
  { log2Rows, parameters }: Shape,
  { coefficients, vectors, salts, tree }: Commitment,
  positions: readonly number[],
): Uint8Array[] {
  const log2Domain = log2Rows + parameters.log2Blowup
  const domain = evaluationDomain(log2Domain)
  const start = field.mark()
  const row = field.allocate(vectors)
  const parts: Uint8Array[] = []
  for (const position of positions) {
    parts.push(field.bytes(salts + SALT_BYTES * position, SALT_BYTES).slice())
    field.evaluateAtBase(coefficients, 2 ** log2Rows, vectors, pointOf(domain, position), row)
    parts.push(bigEndian(field.words(row, vectors)))
  }
  field.release(start)
  return [...parts, ...nodesOf(field, tree, siblingsOf(positions, log2Domain))]
}

/** Digests of a tree by their places. */
export function nodesOf(field: StarkField, tree: number, places: readonly number[]): Uint8Array[] {
  return places.map(place => field.bytes(tree + DIGEST_BYTES * place, DIGEST_BYTES).slice())
}

/** The values in a point of polynomials of so many coefficients, which lie in the field's memory one after another. */
export function valuesAt(
  field: StarkField,
  { coefficients, vectors }: Pick<Commitment, 'coefficients' | 'vectors'>,
  length: number,
  [re, im]: Extension,
): Extension[] {
  const start = field.mark()
  const at = field.allocate(2 * vectors)
  field.evaluateAt(coefficients, length, vectors, re, im, at)
  const words = field.words(at, 2 * vectors).slice()
  field.release(start)
  return Array.from({ length: vectors }, (_, i) => [words[2 * i]!, words[2 * i + 1]!])
}

/** The pin of columns that are committed to. */
export function pinOf(
  field: StarkField,
  columns: Pick<Commitment, 'coefficients' | 'vectors' | 'root'>,
  rows: number,
): Extension {
  const at = pinPointOf(columns.root)
  return pinOver(valuesAt(field, columns, rows, at.point), at)
}

/** Columns committed to before any proof, to be opened in later ones: kept secret, but for the root. */
export interface ExternalOracle {
  readonly root: Uint8Array
  /** Coefficients of the columns, with their padding, one column after another. */
  readonly coefficients: BigUint64Array
  /** 32 bytes. */
  readonly saltKey: Uint8Array
  /** All digests, 48 bytes a leaf, where they are kept for a proof that comes soon: else it hashes everything again. */
  readonly tree?: BigUint64Array
  /** Where the AIR pins the oracle: what tells its columns from all others under the same root. Public, as the root is. */
  readonly pin?: Extension
}

export interface CommitOptions extends PaceOptions {
  /** 32 secret bytes, see Masks. */
  readonly maskKey: Uint8Array
  /** Whether to keep the tree; default not: it is many times as large as the columns. */
  readonly keepTree?: boolean
}

/**
 * Commits to an AIR's external oracle. The same AIR, columns and key give the same root; what hides them is for this AIR alone.
 * @param oracle its name in the AIR
 * @throws TraceError where the columns are not the oracle's; the signal's reason
 */
export async function commitOracle(
  field: StarkField,
  air: Air,
  oracle: string,
  columns: Columns,
  { maskKey, keepTree = false, ...pace }: CommitOptions,
): Promise<ExternalOracle> {
  const shape = air.oracles.slice(0, air.externals).find(({ name }) => name === oracle)
  if (shape === undefined) throw new RangeError(`${air.name} has no external oracle ${oracle}`)
  const ordered = orderedColumns<bigint>(air, shape, columns)
  const start = field.mark()
  try {
    const values = field.allocate(ordered.length * air.rows)
    field.words(values, ordered.length * air.rows).fill(0n)
    ordered.forEach((column, i) => {
      field.words(values + 8 * i * air.rows, air.activeRows).set(column)
    })
    // Padding is enough for as many openings as the AIR says: another one may not be given the same.
    const what = concatBytes(beginning(air.key, air.parameters), hashOfWords(field, values, ordered.length * air.rows))
    const masks = new Masks(await loadField(), maskKey, what)
    pad(field, air, values, ordered.length, masks.elements(`${oracle} padding`, ordered.length * paddingOf(air)))
    field.interpolate(values, air.log2Rows, ordered.length)
    const saltKey = masks.key(`${oracle} salts`)
    const vectors = ordered.length
    const pacing = new Pace(pace, workOf(vectors, air))
    const made = await commit(field, air, { coefficients: values, vectors, saltKey }, pacing)
    const words = treeWords(air.rows * 2 ** air.parameters.log2Blowup)
    return {
      root: made.root,
      coefficients: field.words(values, vectors * air.rows).slice(),
      saltKey,
      ...(shape.isPinned ? { pin: pinOf(field, made, air.rows) } : {}),
      ...(keepTree ? { tree: field.words(made.tree, words).slice() } : {}),
    }
  } finally {
    field.release(start)
  }
}

/** Rows of padding. */
export function paddingOf({ rows, activeRows }: Pick<Air, 'rows' | 'activeRows'>): number {
  return rows - activeRows
}

/** Writes random elements into the padding of vectors that lie one after another. */
export function pad(
  field: StarkField,
  { rows, activeRows }: Pick<Air, 'rows' | 'activeRows'>,
  at: number,
  vectors: number,
  elements: BigUint64Array,
): void {
  const padding = rows - activeRows
  for (let i = 0; i < vectors; i++) {
    field.words(at + 8 * (i * rows + activeRows), padding).set(elements.subarray(i * padding, (i + 1) * padding))
  }
}
