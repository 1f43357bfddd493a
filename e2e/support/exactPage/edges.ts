import { type ExactShape, HIT, INPUT_LIMIT, ONE, WEIGHT_LIMIT, weightCount } from '../../../src/audit/engine/shape.ts'
import { SIGMOID } from '../../../src/audit/engine/sigmoid.ts'
import { extremeBatch, type Step } from '../../../src/audit/engine/testing.ts'

const small: ExactShape = { inputs: 2, hidden: 1, outputs: 1, batch: 1, shift: 6, largestInput: INPUT_LIMIT }
const present = Uint8Array.of(1)

/** Trainings in which every number is as large as can be. */
export function extremes(): Step[] {
  const weights = [WEIGHT_LIMIT - 1n, -WEIGHT_LIMIT, 2n ** 27n, 0n, -1n]
  return [0, 3].flatMap(hidden => {
    const shape = { inputs: 9, hidden, outputs: 2, batch: 5, shift: 0, largestInput: INPUT_LIMIT }
    return weights.flatMap(weight =>
      ([1, -1] as const).map(sign => ({
        shape,
        weights: new BigInt64Array(weightCount(shape)).fill(weight),
        batches: [extremeBatch(shape, sign)],
      })),
    )
  })
}

/** A step with an activation of so much, from an input of 8 and a weight of nearly 8, and the constant's weight. */
export function withActivation(activation: bigint): Step {
  const sign = activation < 0n ? -1 : 1
  return {
    shape: small,
    weights: BigInt64Array.of(32_767n << 20n, (activation - BigInt(sign * 8 * 32_767)) << 20n, 0n, 0n),
    batches: [{ inputs: Int32Array.of(sign * INPUT_LIMIT, ONE), targets: Int32Array.of(HIT), present }],
  }
}

/** A step with a gradient of so much, from forty errors that are the largest and the same. */
export function withGradient(gradient: bigint): Step {
  const outputs = 40
  const weight = (gradient << 32n) / BigInt(SIGMOID[255]! * outputs)
  return {
    shape: { ...small, outputs },
    weights: BigInt64Array.of(0n, 0n, ...Array(outputs).fill(weight), ...Array(outputs).fill(15n << 32n)),
    batches: [{ inputs: Int32Array.of(0, ONE), targets: new Int32Array(outputs), present }],
  }
}

/** A step after which a weight is so much: two inputs that cancel make it move by 1. */
export function withWeight(weight: bigint): Step {
  const before = weight < 0n ? weight + 2n ** 32n : weight - 2n ** 32n
  return {
    shape: { ...small, inputs: 3, hidden: 0, shift: 0 },
    weights: BigInt64Array.of(before, -before, 0n),
    batches: [{ inputs: Int32Array.of(2 * ONE, 2 * ONE, ONE), targets: Int32Array.of(weight < 0n ? 0 : HIT), present }],
  }
}
