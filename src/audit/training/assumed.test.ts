import { describe, expect, it } from 'vitest'
import { inverse, multiply } from '../../field/goldilocks.ts'
import type { ExactBatch } from '../engine/batch.ts'
import { exactStep } from '../engine/model.ts'
import { type ExactShape, HIT, ONE } from '../engine/shape.ts'
import { tinyParameters } from '../stark/testing.ts'
import { cellRow } from './layout.ts'
import { stepAir } from './stepAir.ts'
import {
  brokenConstraint,
  type Change,
  columnsOf,
  element,
  integer,
  statedIn,
  withAfterMoved,
  withChanges,
} from './testing.ts'

// What a step's AIR takes for granted, as others prove it: these would be accepted. Nothing that is proven of a step
// holds for weights and rows of which nothing is known.

const shape: ExactShape = { inputs: 2, hidden: 0, outputs: 1, batch: 1, shift: 6, largestInput: ONE }
const step = stepAir(shape, { parameters: tinyParameters })
const batch: ExactBatch = {
  inputs: Int32Array.from([3, ONE]),
  targets: Int32Array.from([HIT]),
  present: Uint8Array.from([1]),
}
/** From weights of 0 the output is in the middle, and misses the target by a half. */
const weights = new BigInt64Array(2)
const miss = -BigInt(HIT / 2)
const columns = columnsOf({ step, weights, batch, after: exactStep(shape, weights, batch) })
const { inputs, errors } = step.layout.sections
const cell = cellRow(step.layout.cells.outputs, 0, 0)
const set = (column: string, row: number, value: bigint): Change => ({ column, row, value })

/** The weights after a step with these cells changed, which holds though the engine refuses it. */
function acceptedAfter(...changes: Change[]): bigint[] {
  const changed = withAfterMoved(step, withChanges(step, columns, changes))
  expect(brokenConstraint(step, changed, [])).toBe(null)
  const stated = statedIn(step, changed)
  expect(() => exactStep(shape, stated.weights, stated.batch)).toThrow(RangeError)
  return [0, 1].map(k => integer(changed.after0![inputs.first + k]!))
}

describe("a step's AIR", () => {
  it('moves the weights by 3 and ONE times a half, as it should', () => {
    const changed = withAfterMoved(step, columns)
    expect(brokenConstraint(step, changed, [])).toBe(null)
    expect([...statedIn(step, changed).after]).toEqual([3n * -miss, BigInt(ONE) * -miss])
  })

  it('lets a weight near p be multiplied to a small sum: a third of 1 is far beyond the table, not within', () => {
    const third = inverse(3n)
    expect(integer(third) > 2n ** 62n || integer(third) < -(2n ** 62n)).toBe(true)
    const after = acceptedAfter(set('before0', inputs.first, third), set('dropped0', cell, 1n))
    // The model's sum would be beyond the table, and its miss not a half.
    expect(after[0]).toBe(integer(element(third + 3n * -miss)))
  })

  it('lets an input that is no number of a table take a weight anywhere', () => {
    const wanted = 12_345n
    const input = multiply(element(-wanted), inverse(element(miss)))
    expect(acceptedAfter(set('x0', inputs.first, input))[0]).toBe(wanted)
  })

  it('lets a target that is neither 0 nor 1 take all weights further than a miss can', () => {
    const [far, row] = [-(2n ** 22n), errors.first]
    const after = acceptedAfter(set('target', cell, BigInt(HIT / 2) - far), set('factor0', row, far))
    expect(after).toEqual([3n * -far, BigInt(ONE) * -far])
  })

  it('lets a row be present twice', () => {
    const after = acceptedAfter(set('present', cell, 2n), set('factor0', errors.first, 2n * miss))
    expect(after).toEqual([3n * -miss * 2n, BigInt(ONE) * -miss * 2n])
  })

  it('lets the constant input be 0, so that no bias is learned', () => {
    expect(acceptedAfter(set('x0', inputs.first + 1, 0n))).toEqual([3n * -miss, 0n])
  })
})
