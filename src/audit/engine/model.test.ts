import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import { decodeWeights, type ExactBatch } from './batch.ts'
import { exactStep, layersOf, stepValues } from './model.ts'
import { type ExactShape, HIT, INPUT_LIMIT, ONE } from './shape.ts'
import { trainings } from './testing.ts'

const one: ExactShape = { inputs: 2, hidden: 1, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
const hit = { inputs: Int32Array.of(ONE, ONE), targets: Int32Array.of(HIT), present: Uint8Array.of(1) }

/** The weights and what they are used for: x₁w₁ + w₂, then hv₁ + v₂. */
function valuesOf(...weights: bigint[]) {
  return stepValues(one, layersOf(one, BigInt64Array.from(weights)), hit)
}

describe('a step', () => {
  it('of logistic regression is the one by hand', () => {
    const shape: ExactShape = { inputs: 2, hidden: 0, outputs: 1, batch: 2, shift: 4, largestInput: INPUT_LIMIT }
    // The second row is empty. 2·¾ − ½ = 1: 16 sixteenths, whose sigmoid is 11,978 / 2^14.
    const batch = {
      inputs: Int32Array.of(2 * ONE, ONE, 7, 0),
      targets: Int32Array.of(HIT, HIT),
      present: Uint8Array.of(1, 0),
    }
    const weights = BigInt64Array.of(3n << 30n, -(1n << 31n))
    const error = 11_978n - 16_384n
    expect(exactStep(shape, weights, batch)).toEqual(
      BigInt64Array.of((3n << 30n) - 4n * 8192n * error, -(1n << 31n) - 4n * 4096n * error),
    )
    expect(weights).toEqual(BigInt64Array.of(3n << 30n, -(1n << 31n)))
  })

  it('rounds activations with halves up, and hides negative ones', () => {
    const half = 1n << 19n
    expect(valuesOf(0n, half, 0n, 0n)).toMatchObject({ activations: [[1n]], features: [[1n, 4096n]] })
    expect(valuesOf(0n, half - 1n, 0n, 0n)).toMatchObject({ activations: [[0n]], features: [[0n, 4096n]] })
    expect(valuesOf(0n, -half, 0n, 0n)).toMatchObject({ activations: [[0n]], features: [[0n, 4096n]] })
    expect(valuesOf(0n, -half - 1n, 0n, 0n)).toMatchObject({ activations: [[-1n]], features: [[0n, 4096n]] })
  })

  it('reads the sigmoid at the nearest sixteenth, and at its ends beyond', () => {
    const errorAt = (sixteenths: bigint) => valuesOf(0n, 0n, 0n, sixteenths).errors[0]![0]! + BigInt(HIT)
    expect(errorAt(0n)).toBe(8192n)
    expect(errorAt((1n << 27n) - 1n)).toBe(8192n)
    expect(errorAt(1n << 27n)).toBe(8448n)
    expect(errorAt(127n << 28n)).toBe(16_378n)
    expect(errorAt(15n << 32n)).toBe(16_378n)
    expect(errorAt(-8n << 32n)).toBe(5n)
    expect(errorAt(-15n << 32n)).toBe(5n)
  })

  it('learns through units at 0 and above, and not through those below', () => {
    expect(valuesOf(0n, 0n, 1n << 32n, 0n)).toMatchObject({ gradients: [[-8192n]], hiddenErrors: [[-8192n]] })
    expect(valuesOf(0n, -1n << 20n, 1n << 32n, 0n)).toMatchObject({ gradients: [[-8192n]], hiddenErrors: [[0n]] })
  })

  it('is that of floats up to its roundings', () => {
    let compared = 0
    fc.assert(
      fc.property(trainings, ({ shape, weights, batches }) => {
        const after = refusedOr(() => exactStep(shape, weights, batches[0]!))
        if (after === undefined) return
        const expected = floatStep(shape, decodeWeights(weights), batches[0]!)
        // A sigmoid's argument is off by 1/32 at most, its value by a quarter of that: 1/128 for each row; beyond ±8 by 1/2980.
        const rate = shape.batch * 2 ** -shape.shift
        const largest = Math.max(1, shape.hidden === 0 ? shape.largestInput / ONE : 16)
        const tolerance = rate * largest * (1 / 128 + 1 / 1000)
        const from = shape.inputs * shape.hidden
        decodeWeights(after).forEach((weight, i) => {
          if (i >= from) expect(Math.abs(weight - expected[i]!)).toBeLessThan(tolerance + 1e-5)
        })
        compared++
      }),
      { numRuns: 200 },
    )
    expect(compared).toBeGreaterThan(50)
  })
})

function refusedOr<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (isAppError(error, 'training.diverged')) return undefined
    throw error
  }
}

/** What the last layer's weights become in doubles. */
function floatStep(shape: ExactShape, weights: Float32Array, { inputs, targets, present }: ExactBatch): number[] {
  const { inputs: width, hidden, outputs, batch, shift } = shape
  const result = [...weights]
  const from = width * hidden
  for (let b = 0; b < batch; b++) {
    const row = [...inputs.subarray(b * width, (b + 1) * width)].map(x => x / ONE)
    const units = Array.from({ length: hidden }, (_, j) =>
      Math.max(
        0,
        row.reduce((sum, x, k) => sum + x * weights[k * hidden + j]!, 0),
      ),
    )
    const features = hidden === 0 ? row : [...units, 1]
    for (let c = 0; c < outputs && present[b]; c++) {
      const sum = features.reduce((total, h, k) => total + h * weights[from + k * outputs + c]!, 0)
      const error = 1 / (1 + Math.exp(-sum)) - targets[b * outputs + c]! / HIT
      features.forEach((h, k) => {
        result[from + k * outputs + c]! -= 2 ** -shift * h * error
      })
    }
  }
  return result
}
