import { describe, expect, it } from 'vitest'
import type { ExactBatch } from '../engine/batch.ts'
import { exactStep } from '../engine/model.ts'
import { type ExactShape, ONE } from '../engine/shape.ts'
import type { ExternalOracle } from '../stark/commitment.ts'
import { prove } from '../stark/prove.ts'
import { fieldFor, refusalOf, tinyParameters } from '../stark/testing.ts'
import type { Columns } from '../stark/trace.ts'
import type { Statement } from '../stark/verify.ts'
import { stepAir } from './stepAir.ts'
import { traceOf } from './stepTrace.ts'
import {
  columnsOf,
  commitStep,
  Forging,
  proveOptions,
  type StepCase,
  statementOf,
  stepCase,
  withAfterMoved,
  witnessOf,
} from './testing.ts'

const shape: ExactShape = { inputs: 3, hidden: 3, outputs: 2, batch: 3, shift: 5, largestInput: ONE }
const honest = stepCase(shape)
const { step, weights, batch, after } = honest
const { air } = step

/** A batch of the rows in another order. */
function reordered({ inputs, targets, present }: ExactBatch, order: readonly number[]): ExactBatch {
  const rows = (list: Int32Array, width: number) =>
    Int32Array.from(order.flatMap(b => [...list.subarray(b * width, (b + 1) * width)]))
  return {
    inputs: rows(inputs, shape.inputs),
    targets: rows(targets, shape.outputs),
    present: Uint8Array.from(order, b => present[b]!),
  }
}

/** A step with another end. */
function endingIn(end: (weight: bigint, i: number) => bigint): Columns {
  return columnsOf({ ...honest, after: BigInt64Array.from(after, end) })
}

/** A step whose numbers are of other weights or rows, from the weights and rows committed to, to where they lead. */
function ofOthers(others: Pick<StepCase, 'weights' | 'batch'>): Columns {
  const columns = { ...columnsOf(honest), ...traceOf(step, { ...others, after }).main }
  return withAfterMoved(step, columns)
}

const moved = (i: number) => after[i]! - weights[i]!
const otherBatch = stepCase(shape, 2).batch
const updateRefusal = 'weights move by the step'
const sumRefusal = 'cells are what the matrices come to'

/** What a hospital might commit to instead of a step's end, or do instead of the step; and what refuses it. */
const wrongSteps: readonly (readonly [what: string, columns: Columns, refusal: string])[] = [
  ['no step', endingIn((_, i) => weights[i]!), updateRefusal],
  ['another model', endingIn((_, i) => stepCase(shape, 3).weights[i]!), updateRefusal],
  ['an update turned round', endingIn((_, i) => weights[i]! - moved(i)), updateRefusal],
  ['an update ten times as large', endingIn((_, i) => weights[i]! + 10n * moved(i)), updateRefusal],
  ['one weight a unit off', endingIn((weight, i) => (i === 5 ? weight + 1n : weight)), updateRefusal],
  [
    'the last weight a unit off',
    endingIn((weight, i) => (i === after.length - 1 ? weight - 1n : weight)),
    updateRefusal,
  ],
  ['weights that are swapped', endingIn((_, i) => after[i < 2 ? 1 - i : i]!), updateRefusal],
  [
    'another learning rate',
    columnsOf({ ...honest, after: exactStep({ ...shape, shift: 4 }, weights, batch) }),
    updateRefusal,
  ],
  ['of the rows of another batch', ofOthers({ weights, batch: otherBatch }), sumRefusal],
  ['of rows in another order than committed to', ofOthers({ weights, batch: reordered(batch, [1, 0, 2]) }), sumRefusal],
  ['of gradients at other weights', ofOthers({ weights: after, batch }), sumRefusal],
]

interface Proven {
  readonly statement: Statement
  readonly externals: readonly ExternalOracle[]
  readonly proof: Uint8Array
}

async function forged(columns: Columns): Promise<Proven> {
  const externals = await commitStep(step, columns)
  const statement = statementOf(externals)
  const field = await fieldFor(air)
  const proof = await new Forging(field, air, statement, witnessOf(step, columns, externals), proveOptions).run()
  return { statement, externals, proof }
}

describe('a step', () => {
  it.each(wrongSteps)('that is %s is not proven, and refused when forged', async (_, columns, refusal) => {
    const externals = await commitStep(step, columns)
    const statement = statementOf(externals)
    const field = await fieldFor(air)
    const proving = prove(field, air, statement, witnessOf(step, columns, externals), proveOptions)
    await expect(proving).rejects.toThrow(`"${refusal}" does not hold`)
    const { proof } = await forged(columns)
    expect(refusalOf({ air, statement }, proof)).toBe('constraints')
  })

  it('is the same from rows in another order, committed to in that order', async () => {
    const other: StepCase = { ...honest, batch: reordered(batch, [2, 0, 1]) }
    const [{ statement, proof }, first] = [await forged(columnsOf(other)), await commitStep(step, columnsOf(honest))]
    expect(refusalOf({ air, statement }, proof)).toBe(null)
    const [batchRoot, ...weightRoots] = statement.roots
    expect(weightRoots).toEqual(first.slice(1).map(({ root }) => root))
    expect(batchRoot).not.toEqual(first[0].root)
  })

  it('is proven for its own statement alone', async () => {
    const { statement, proof } = await forged(columnsOf(honest))
    const refused = (changes: Partial<Statement>, of = air) =>
      refusalOf({ air: of, statement: { ...statement, ...changes } }, proof)
    expect(refused({})).toBe(null)
    const [rows, before, end] = statement.roots as [Uint8Array, Uint8Array, Uint8Array]
    expect(refused({ roots: [rows, end, before] })).not.toBe(null)
    for (const i of [0, 1, 2]) {
      const roots = statement.roots.map((root, k) =>
        k === i ? root.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) : root,
      )
      expect(refused({ roots })).not.toBe(null)
    }
    expect(refused({ context: new Uint8Array(32).fill(8) })).not.toBe(null)
    for (const changes of [{ shift: 4 }, { inputs: 4 }, { hidden: 2 }, { batch: 2 }]) {
      const other = stepAir({ ...shape, ...changes }, { parameters: tinyParameters }).air
      expect(refused({}, other)).not.toBe(null)
    }
  })
})
