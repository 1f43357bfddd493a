import type { ExactBatch } from '../batch.ts'
import type { ExactShape } from '../shape.ts'

/** Steps that are handed over at once: systems reset a graphics processor that does not answer for two seconds. */
const mostSteps = 64
const mostBytes = 2 ** 22

/** How batches lie one behind the other. */
export interface BatchLayout {
  /** Bytes of a batch. */
  readonly size: number
  /** Bytes from a batch to the next. */
  readonly stride: number
  /** How many lie there at once. */
  readonly capacity: number
}

/** @param alignment bytes that offsets are multiples of on the device */
export function batchLayout({ inputs, outputs, batch }: ExactShape, alignment: number): BatchLayout {
  const size = 4 * (batch * (inputs + outputs + 1) + 1)
  const stride = Math.ceil(size / alignment) * alignment
  return { size, stride, capacity: Math.max(1, Math.min(mostSteps, Math.floor(mostBytes / stride))) }
}

/** Batches as the shader reads them. @param step the first one's number; the others' follow */
export function pack(
  batches: readonly ExactBatch[],
  { size, stride }: BatchLayout,
  step: number,
): Int32Array<ArrayBuffer> {
  const words = new Int32Array((batches.length * stride) / 4)
  batches.forEach(({ inputs, targets, present }, i) => {
    const at = (i * stride) / 4
    words.set(inputs, at)
    words.set(targets, at + inputs.length)
    words.set(present, at + inputs.length + targets.length)
    words[at + size / 4 - 1] = step + i
  })
  return words
}
