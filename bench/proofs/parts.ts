import type { Air } from '../../src/audit/stark/air.ts'
import { siblingsOf } from '../../src/audit/stark/merkle.ts'
import { finalLength, foldings, LOG2_FOLD } from '../../src/audit/stark/parameters.ts'
import { Transcript } from '../../src/audit/stark/transcript.ts'
import { ascending, type Statement, verify } from '../../src/audit/stark/verify.ts'
import { DIGEST_BYTES, SALT_BYTES } from '../../src/field/digests.ts'

/** What a proof's bytes are for, by name: they add up to its length. */
export type ProofParts = Readonly<Record<string, number>>

/** @param positions that are opened, as they were drawn */
export function proofParts(
  {
    oracles,
    externals,
    chunks,
    log2Rows,
    parameters,
  }: Pick<Air, 'oracles' | 'externals' | 'chunks' | 'log2Rows' | 'parameters'>,
  positions: readonly number[],
): ProofParts {
  const log2Domain = log2Rows + parameters.log2Blowup
  const opened = ascending(positions)
  const widths: readonly (readonly [string, number])[] = [
    ...oracles.map(({ name, columns, isExtension }) => [name, columns.length * (isExtension ? 16 : 8)] as const),
    ['quotient', 16 * (chunks + 1)],
  ]
  const paths = (leaves: readonly number[], height: number) => DIGEST_BYTES * siblingsOf(leaves, height).length
  const said = oracles.reduce((sum, { columns, shifted }) => sum + columns.length + shifted, 0) + chunks + 1
  const folds = foldings(log2Rows)
  let folding = 16 * finalLength(log2Rows)
  let layer = opened
  for (let height = log2Domain - LOG2_FOLD, i = 0; i < folds; i++, height -= LOG2_FOLD) {
    layer = ascending(layer.map(position => position % 2 ** height))
    folding += layer.length * 16 * 2 ** LOG2_FOLD + paths(layer, height)
  }
  return {
    ...Object.fromEntries(widths.map(([name, bytes]) => [`rows of ${name}`, opened.length * bytes])),
    salts: opened.length * widths.length * SALT_BYTES,
    'paths of all of these': widths.length * paths(opened, log2Domain),
    'FRI: layers, paths, polynomial': folding,
    'values outside': 16 * said,
    'roots and nonces': DIGEST_BYTES * (widths.length - externals + folds) + 8 * (folds + 2),
  }
}

/**
 * The positions that a proof opens, as the verifier draws them.
 * @throws ProofRefused
 */
export function positionsOf({ key, parameters }: Air, statement: Statement, proof: Uint8Array): number[] {
  const { positions } = Transcript.prototype
  let drawn: number[] = []
  Transcript.prototype.positions = function (...options) {
    drawn = positions.apply(this, options)
    return drawn
  }
  try {
    verify(key, statement, proof, parameters)
  } finally {
    Transcript.prototype.positions = positions
  }
  return drawn
}
