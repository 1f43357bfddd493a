import type { Air } from '../../src/audit/stark/air.ts'
import { foldings, LOG2_FOLD } from '../../src/audit/stark/parameters.ts'
import { quotientCosets } from '../../src/audit/stark/quotient.ts'
import { SALT_BYTES } from '../../src/field/digests.ts'
import type { Kernels } from './page/job.ts'

/** What a proof cannot do without, as the protocol is: what goes on beside it is overhead. */
export interface Budget {
  readonly butterflies: number
  readonly permutations: number
  /** Expected, for all works together. */
  readonly nonces: number
  /** Of the rows that are opened, with their salts: all but what shows that they are under the roots. */
  readonly rowBytes: number
}

/** Bytes that a permutation of keccak256 takes in; a message has one at least for its padding. */
const RATE = 136

export function budgetOf(air: Air): Budget {
  const { log2Rows, rows, parameters, chunks } = air
  const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
  const widths = [
    ...air.oracles.map(({ columns, isExtension }) => columns.length * (isExtension ? 2 : 1)),
    // The quotient's chunks and the mask.
    2 * (chunks + 1),
  ]
  const vectors = widths.reduce((sum, width) => sum + width, 0)
  const columns = vectors - widths.at(-1)!
  const transform = (rows / 2) * log2Rows
  const leaves = rows * 2 ** log2Blowup
  const folds = foldings(log2Rows)
  let permutations = 0
  for (const width of widths) permutations += leaves * (permutationsOf(1 + SALT_BYTES + 8 * width) + 1)
  for (let i = 1; i <= folds; i++) permutations += (leaves >> (LOG2_FOLD * i)) * (permutationsOf(1 + 16 * 8) + 1)
  return {
    // Interpolation, the domain of the commitments and of FRI, the quotient's.
    butterflies: transform * (columns + (vectors + 2) * 2 ** log2Blowup + columns * quotientCosets(air)),
    permutations,
    nonces: 2 ** queryGrinding + (folds + 1) * 2 ** roundGrinding,
    rowBytes: queries * (widths.length * SALT_BYTES + 8 * vectors),
  }
}

function permutationsOf(bytes: number): number {
  return Math.floor(bytes / RATE) + 1
}

/** Milliseconds that this takes by kernels that run alone. */
export function floorOf({ butterflies, permutations, nonces }: Budget, kernels: Kernels) {
  return {
    transforms: (butterflies * kernels.butterfly) / 1e6,
    hashing: (permutations * kernels.permutation) / 1e6,
    work: (nonces * kernels.nonce) / 1e6,
  }
}
