import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBatch, decodeWeights, encodeBatches, encodeWeights } from './batch.ts'
import { HIT, INPUT_LIMIT, ONE } from './shape.ts'
import { batchOf, shapes } from './testing.ts'

const shape = { inputs: 3, hidden: 0, outputs: 1, batch: 2, shift: 6, largestInput: INPUT_LIMIT }
const rows = {
  inputs: Float32Array.of(0.5, -1, 9, -9, 1 / 8192, -1 / 8192),
  labels: Int32Array.of(1, 0, 1),
  count: 3,
}

describe('batches', () => {
  it('hold rows in Q12, clamped to ±8, with a constant 1 behind, and are filled up', () => {
    expect(encodeBatches(shape, rows)).toEqual([
      {
        inputs: Int32Array.of(2048, -4096, ONE, 32_768, -32_768, ONE),
        targets: Int32Array.of(HIT, 0),
        present: Uint8Array.of(1, 1),
      },
      // Halves go up.
      { inputs: Int32Array.of(1, 0, ONE, 0, 0, 0), targets: Int32Array.of(HIT, 0), present: Uint8Array.of(1, 0) },
    ])
  })

  it('are clamped to the shape’s largest input where that is less', () => {
    const [, second] = encodeBatches({ ...shape, largestInput: ONE, batch: 1 }, rows)
    expect(second?.inputs).toEqual(Int32Array.of(ONE, -ONE, ONE))
  })

  it('take rows in the order given, each once', () => {
    const [first, second] = encodeBatches(shape, rows, [2, 0, 1])
    expect(first?.inputs).toEqual(Int32Array.of(1, 0, ONE, 2048, -4096, ONE))
    expect(second?.inputs.subarray(0, 3)).toEqual(Int32Array.of(32_768, -32_768, ONE))
  })

  it('have a target for each of several outputs', () => {
    const labels = Int32Array.of(2, 0, 1)
    const [first] = encodeBatches({ ...shape, outputs: 3 }, { ...rows, labels })
    expect(first?.targets).toEqual(Int32Array.of(0, 0, HIT, HIT, 0, 0))
  })

  it('are refused for a label of no class, for NaN, and where rows have another width', () => {
    expect(() => encodeBatches(shape, { ...rows, labels: Int32Array.of(1, 2, 0) })).toThrow('class 2')
    expect(() => encodeBatches(shape, { ...rows, inputs: new Float32Array(6).fill(Number.NaN) })).toThrow(RangeError)
    expect(() => encodeBatches(shape, { ...rows, count: 2 })).toThrow(RangeError)
  })
})

describe('the check of a batch', () => {
  it('passes every batch of the shape', () => {
    fc.assert(
      fc.property(
        shapes.chain(some => fc.tuple(fc.constant(some), batchOf(some))),
        ([some, batch]) => checkBatch(some, batch),
      ),
    )
  })

  const good = encodeBatches(shape, rows)[1]!
  it.each([
    ['an input beyond the largest', { inputs: Int32Array.of(INPUT_LIMIT + 1, 0, ONE, 0, 0, 0) }],
    ['a row without its constant', { inputs: Int32Array.of(0, 0, 0, 0, 0, 0) }],
    ['a constant in an empty row', { inputs: Int32Array.of(0, 0, ONE, 0, 0, ONE) }],
    ['a target between', { targets: Int32Array.of(HIT, HIT / 2) }],
    ['a row more than there', { present: Uint8Array.of(2, 0), inputs: Int32Array.of(0, 0, 2 * ONE, 0, 0, 0) }],
    ['a missing row', { inputs: Int32Array.of(0, 0, ONE) }],
  ])('refuses %s', (_, change) => {
    expect(() => checkBatch(shape, good)).not.toThrow()
    expect(() => checkBatch(shape, { ...good, ...change })).toThrow(RangeError)
  })
})

it('weights go to Q32 and back as they are, and are refused where they are not the shape’s', () => {
  const parameters = Float32Array.of(0.1, -15.5, 2 ** -30)
  const weights = encodeWeights(shape, parameters)
  expect(weights).toEqual(BigInt64Array.of(429496736n, -66571993088n, 4n))
  expect(decodeWeights(weights)).toEqual(parameters)
  expect(() => encodeWeights(shape, Float32Array.of(1))).toThrow(RangeError)
})
