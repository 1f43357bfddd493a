import {
  decodeMean,
  type Encoding,
  encodeUpdate,
  stepsPerUnit,
  toIntegers,
} from '../../src/aggregation/masking/encoding.ts'
import { openSum } from '../../src/aggregation/masking/open.ts'
import { allSums, roundOf, submitAll } from '../../src/aggregation/masking/testing.ts'
import { maxWeight } from '../../src/aggregation/weights.ts'
import type { Field } from '../../src/field/Field.ts'

/** Three seats of which two recover a seed, held by nobody in the sum. */
const round = roundOf([100, 101, 102], 2)
/** Wide enough that the noise of differential privacy is not clamped. */
const encoding: Encoding = { hospitals: 50, clip: 8, fractionBits: 24, maxWeight }

/** All that anybody sees of a masked round: one vector of each hospital, and the sum that the seats open. */
export interface MaskedView {
  /** Read as if they were updates. */
  readonly submitted: readonly Float64Array[]
  /** The weighted mean of the updates. */
  readonly opened: Float64Array
}

/** Masked aggregation from encoding to the opened sum, with fresh seeds. */
export async function maskedView(
  field: Field,
  updates: readonly { readonly weight: number; readonly vector: Float32Array }[],
): Promise<MaskedView> {
  const all = await submitAll(
    field,
    round,
    updates.map(({ vector }) => encodeUpdate(vector, encoding)),
    updates.map(({ weight }) => weight),
  )
  const inputs = all.map(({ weight, submission }) => ({ weight, masked: submission.masked }))
  const sum = await openSum(field, round, encoding, inputs, await allSums(field, round, all))
  const total = updates.reduce((weights, { weight }) => weights + weight, 0)
  return {
    submitted: inputs.map(({ masked }) =>
      Float64Array.from(toIntegers(masked), value => Number(value) / stepsPerUnit(encoding)),
    ),
    opened: decodeMean(sum, encoding, total),
  }
}
