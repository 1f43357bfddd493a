import fc from 'fast-check'
import type { ExactBatch } from './batch.ts'
import { type ExactShape, HIT, INPUT_LIMIT, ONE, weightCount } from './shape.ts'

/** A step to take. */
export interface Step {
  readonly shape: ExactShape
  readonly weights: BigInt64Array<ArrayBuffer>
  readonly batches: readonly ExactBatch[]
}

/** Small nets of all kinds. */
export const shapes: fc.Arbitrary<ExactShape> = fc.record({
  inputs: fc.integer({ min: 2, max: 12 }),
  hidden: fc.integer({ min: 0, max: 6 }),
  outputs: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 6 }),
  shift: fc.integer({ min: 0, max: 6 }),
  largestInput: fc.constantFrom(INPUT_LIMIT, ONE),
})

/**
 * A few steps, the same batches again and again, from weights below 2^-16 to the largest: few leave a range in the first
 * steps, some later, some at once. Edges are often among inputs and weights.
 */
export const trainings: fc.Arbitrary<Step> = shapes.chain(shape =>
  fc.integer({ min: 16, max: 36 }).chain(bits =>
    fc.record({
      shape: fc.constant(shape),
      weights: listOf(weightCount(shape), signed(2n ** BigInt(bits))).map(list => BigInt64Array.from(list)),
      batches: fc.array(batchOf(shape), { minLength: 1, maxLength: 3 }),
    }),
  ),
)

/** Any batch of the shape. */
export function batchOf(shape: ExactShape): fc.Arbitrary<ExactBatch> {
  const { inputs: width, outputs, batch, largestInput } = shape
  const input = fc.oneof(
    fc.constantFrom(0, largestInput, -largestInput, ONE),
    fc.integer({ min: -largestInput, max: largestInput }),
  )
  return fc
    .record({
      inputs: listOf(batch * width, input),
      targets: listOf(batch * outputs, fc.constantFrom(0, HIT)),
      present: listOf(batch, fc.constantFrom(1, 1, 1, 0)),
    })
    .map(({ inputs, targets, present }) => ({
      inputs: Int32Array.from(inputs, (value, i) =>
        i % width === width - 1 ? present[(i - width + 1) / width]! * ONE : value,
      ),
      targets: Int32Array.from(targets),
      present: Uint8Array.from(present),
    }))
}

/** A batch whose numbers are all as large as can be, all classes wrong. */
export function extremeBatch({ inputs: width, outputs, batch, largestInput }: ExactShape, sign: 1 | -1): ExactBatch {
  return {
    inputs: Int32Array.from({ length: batch * width }, (_, i) => (i % width === width - 1 ? ONE : sign * largestInput)),
    targets: new Int32Array(batch * outputs).fill(HIT),
    present: new Uint8Array(batch).fill(1),
  }
}

function signed(limit: bigint): fc.Arbitrary<bigint> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(0n, 1n, -1n, limit - 1n, -limit), weight: 1 },
    { arbitrary: fc.bigInt({ min: -limit, max: limit - 1n }), weight: 5 },
  )
}

function listOf<T>(length: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength: length, maxLength: length, size: 'max' })
}
