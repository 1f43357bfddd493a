import { type Field, MODULUS } from './Field.ts'
import { add, isElement } from './goldilocks.ts'
import type { Kernels } from './kernels.ts'

/** The words of four blocks, which the keystream's kernel makes at a time. */
const groupWords = 32

/**
 * The field on WASM kernels. Vectors of any length pass through the kernels' buffers piece by piece, so the memory stays
 * as small as it is.
 */
export function wasmField(kernels: Kernels): Field {
  const { memory, capacity } = kernels
  const key = new Uint8Array(memory.buffer, kernels.key, 32)
  const target = new BigUint64Array(memory.buffer, kernels.target, capacity)
  const source = new BigUint64Array(memory.buffer, kernels.source, capacity)
  const direction = new Int8Array(memory.buffer, kernels.source, capacity)
  const words = new BigUint64Array(memory.buffer, kernels.words, capacity)

  /** Runs a kernel on a piece of the caller's target; its source lies in the memory already. */
  const change = (vector: BigUint64Array, at: number, count: number, from: number, kernel: Kernel) => {
    const piece = vector.subarray(at, at + count)
    target.set(piece)
    if (!kernel(from, count)) throw new RangeError('a vector holds what is no element of the field')
    piece.set(target.subarray(0, count))
  }
  const combine = (vector: BigUint64Array, other: BigUint64Array, kernel: Kernel) => {
    checkLengths(vector, other)
    for (let at = 0; at < vector.length; at += capacity) {
      const count = Math.min(capacity, vector.length - at)
      source.set(other.subarray(at, at + count))
      change(vector, at, count, kernels.source, kernel)
    }
  }
  /** Hands over the stream of a key in pieces that start at `words`. */
  const stream = (bytes: Uint8Array, length: number, use: (at: number, count: number) => void) => {
    if (bytes.length !== 32) throw new RangeError(`a key of ${bytes.length} bytes`)
    try {
      key.set(bytes)
      let block = 0
      for (let at = 0; at < length; ) {
        const groups = Math.min(capacity / groupWords, Math.ceil((length - at) / groupWords))
        kernels.keystream(kernels.words, block, groups, 0, 0, 0)
        block += 4 * groups
        const count = Math.min(kernels.keepCanonical(groups * groupWords), length - at)
        use(at, count)
        at += count
      }
    } finally {
      key.fill(0)
      words.fill(0n)
    }
  }
  const inners = (bytes: Uint8Array, vectors: readonly Int8Array[]): bigint[] => {
    const sums = vectors.map(() => 0n)
    const length = vectors[0]?.length ?? 0
    for (const vector of vectors) checkLengths(vector, vectors[0]!)
    stream(bytes, length, (at, count) => {
      vectors.forEach((vector, i) => {
        direction.set(vector.subarray(at, at + count))
        sums[i] = add(sums[i]!, BigInt.asUintN(64, kernels.innerSmall(count)))
      })
    })
    return sums
  }

  return {
    add(vector, other) {
      combine(vector, other, kernels.add)
    },
    subtract(vector, other) {
      combine(vector, other, kernels.subtract)
    },
    addScaled(vector, other, weight) {
      combine(vector, other, scaling(kernels, weight))
    },
    inner(a, b) {
      checkLengths(a, b)
      let sum = 0n
      for (let at = 0; at < a.length; at += capacity) {
        const count = Math.min(capacity, a.length - at)
        target.set(a.subarray(at, at + count))
        source.set(b.subarray(at, at + count))
        const part = BigInt.asUintN(64, kernels.inner(count))
        if (!isElement(part)) throw new RangeError('a vector holds what is no element of the field')
        sum = add(sum, part)
      }
      return sum
    },
    expand(bytes, length) {
      const result = new BigUint64Array(length)
      stream(bytes, length, (at, count) => {
        result.set(words.subarray(0, count), at)
      })
      return result
    },
    addMask(vector, bytes, weight) {
      const kernel = scaling(kernels, weight)
      stream(bytes, vector.length, (at, count) => {
        change(vector, at, count, kernels.words, kernel)
      })
    },
    maskInner: (bytes, vector) => inners(bytes, [vector])[0]!,
    maskInners: inners,
  }
}

type Vector = BigUint64Array | Int8Array
type Kernel = (from: number, count: number) => number

/** What adds so many times the source; the weights of a plain mask, 1 and −1, need no products. */
function scaling(kernels: Kernels, weight: bigint): Kernel {
  if (!isElement(weight)) throw new RangeError(`${weight} is no element of the field`)
  if (weight === 1n) return kernels.add
  if (weight === MODULUS - 1n) return kernels.subtract
  return (from, count) => kernels.addScaled(from, count, weight)
}

function checkLengths(a: Vector, b: Vector): void {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} elements`)
}
