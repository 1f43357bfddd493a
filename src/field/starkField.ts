import { DIGEST_BYTES, SALT_BYTES } from './digests.ts'
import { TWO_ADICITY } from './domain.ts'
import { type Extension, isExtension, times } from './extension.ts'
import { isElement, multiply } from './goldilocks.ts'
import { loadStarkKernels, type StarkKernels } from './starkKernels.ts'

/** What an instruction of StarkField.run does: the kinds of its operands stand in the name. */
export const OPCODES = {
  addBaseBase: 0,
  subtractBaseBase: 1,
  multiplyBaseBase: 2,
  addExtensionBase: 3,
  subtractExtensionBase: 4,
  subtractBaseExtension: 5,
  multiplyExtensionBase: 6,
  addExtensionExtension: 7,
  subtractExtensionExtension: 8,
  multiplyExtensionExtension: 9,
} as const

/** Rows that an instruction works on at a time. */
export const BLOCK_ROWS = 64
/** 32-bit integers of an instruction. */
export const INSTRUCTION_LENGTH = 8

const wordBytes = 8
const pageBytes = 65_536
const alignment = 16

/**
 * A new field for a prover, with a memory of its own, which grows as needed and is freed with the field.
 * @param log2Largest the logarithm of the largest size to interpolate or evaluate; costs 2^log2Largest words
 */
export async function loadStarkField(log2Largest = 18): Promise<StarkField> {
  return new StarkField(await loadStarkKernels(), log2Largest)
}

/**
 * What a STARK prover computes over Goldilocks and its quadratic extension F_p[φ]/(φ² − 7), on vectors that lie in the
 * memory of WASM kernels. The memory is a stack: allocate what is needed, and release all of it since a mark.
 *
 * Addresses are bytes. A word is an element, 64 bits and canonical: the kernels do not look, and are wrong where a
 * vector holds anything else. An extension vector of n elements is 2n words: the n first halves (re), then the n
 * second ones (im).
 *
 * Every method throws RangeError for a vector outside of what is allocated, and for an element that is not canonical.
 *
 * @example
 * const start = field.mark()
 * const column = field.allocate(n)
 * field.words(column, n).set(values)
 * field.interpolate(column, log2n, 1)
 * field.release(start)
 */
export class StarkField {
  readonly #kernels: StarkKernels
  readonly #log2Largest: number
  readonly #bottom: number
  #top: number

  constructor(kernels: StarkKernels, log2Largest: number) {
    checkBetween(log2Largest, 0, 24)
    this.#kernels = kernels
    this.#log2Largest = log2Largest
    this.#bottom = aligned(kernels.base + wordBytes * 2 ** log2Largest)
    this.#top = this.#bottom
    this.#grow()
  }

  /** Where the stack ends, for `release`. */
  mark(): number {
    return this.#top
  }

  /** Gives back all that was allocated since the mark. */
  release(mark: number): void {
    checkBetween(mark, this.#bottom, this.#top)
    this.#top = mark
  }

  /**
   * Room for so many words. It holds whatever lay there before.
   * @returns its address, a multiple of 16
   * @throws RangeError where the memory cannot grow that far
   */
  allocate(words: number): number {
    checkCount(words)
    const at = this.#top
    this.#top = aligned(at + wordBytes * words)
    try {
      this.#grow()
    } catch (error) {
      this.#top = at
      throw error
    }
    return at
  }

  /** A view of so many words. The next `allocate`, and every method that needs room of its own, may make it stale. */
  words(at: number, count: number): BigUint64Array<ArrayBuffer> {
    this.#check(at, count)
    return new BigUint64Array(this.#kernels.memory.buffer as ArrayBuffer, at, count)
  }

  /** The same of bytes. */
  bytes(at: number, count: number): Uint8Array<ArrayBuffer> {
    this.#checkBytes(at, count)
    return new Uint8Array(this.#kernels.memory.buffer as ArrayBuffer, at, count)
  }

  /** Vectors of n = 2^log2n values on <ω_n>, one after another, become coefficients, in place. */
  interpolate(at: number, log2n: number, columns: number): void {
    checkBetween(log2n, 0, this.#log2Largest)
    this.#check(at, columns * 2 ** log2n)
    this.#kernels.interpolate(at, log2n, columns)
  }

  /**
   * Values on shift · <ω_n> of polynomials whose n = 2^log2n coefficients lie one polynomial after another.
   * @param stride bytes from one column of the target to the next
   */
  evaluate(coefficients: number, target: number, log2n: number, columns: number, shift: bigint, stride: number): void {
    checkBetween(log2n, 0, this.#log2Largest)
    const n = 2 ** log2n
    this.#check(coefficients, columns * n)
    this.#checkColumns(target, n, columns, stride)
    checkElement(shift)
    this.#withScratch(n, table => {
      this.#kernels.evaluate(coefficients, target, log2n, columns, shift, table, stride)
    })
  }

  /** Values at x of polynomials of n coefficients, which lie one after another: a word each at the target. */
  evaluateAtBase(coefficients: number, n: number, columns: number, x: bigint, target: number): void {
    this.#check(coefficients, columns * n)
    this.#check(target, columns)
    this.#withScratch(n, weights => {
      this.powers(weights, n, 1n, x)
      this.#kernels.innerProducts(coefficients, n, columns, weights, target, wordBytes)
    })
  }

  /** The same at x0 + x1 φ: two words each at the target, re and im side by side. */
  evaluateAt(coefficients: number, n: number, columns: number, x0: bigint, x1: bigint, target: number): void {
    this.#check(coefficients, columns * n)
    this.#check(target, 2 * columns)
    checkExtension([x0, x1])
    this.#withScratch(2 * n, re => {
      const im = re + wordBytes * n
      this.#kernels.powersExtension(re, n, x0, x1)
      this.#kernels.innerProducts(coefficients, n, columns, re, target, 2 * wordBytes)
      this.#kernels.innerProducts(coefficients, n, columns, im, target + wordBytes, 2 * wordBytes)
    })
  }

  /** target ← target + (f0 + f1 φ) · source: an extension vector, and a base vector of n elements. */
  accumulate(target: number, source: number, n: number, f0: bigint, f1: bigint): void {
    this.#check(target, 2 * n)
    this.#check(source, n)
    checkExtension([f0, f1])
    this.#kernels.accumulate(target, source, n, f0, f1)
  }

  /** target ← target + (f0 + f1 φ) · source for two extension vectors. */
  accumulateExtension(target: number, source: number, n: number, f0: bigint, f1: bigint): void {
    this.#check(target, 2 * n)
    this.#check(source, 2 * n)
    checkExtension([f0, f1])
    this.#kernels.accumulateExtension(target, source, n, f0, f1)
  }

  /**
   * A polynomial over the extension, its n coefficients an extension vector, is divided by x − (z0 + z1 φ), in place.
   * The remainder is dropped; the top coefficient becomes 0.
   */
  divideByLinear(at: number, n: number, z0: bigint, z1: bigint): void {
    this.#check(at, 2 * n)
    checkExtension([z0, z1])
    this.#kernels.divideByLinear(at, n, z0, z1)
  }

  /** Every element of a base vector becomes its inverse; 0 stays 0. */
  batchInverse(at: number, count: number): void {
    this.#check(at, count)
    this.#withScratch(count, scratch => {
      this.#kernels.batchInverse(at, count, scratch)
    })
  }

  /** first · factor^i, for i < count. */
  powers(target: number, count: number, first: bigint, factor: bigint): void {
    this.#check(target, count)
    checkElement(first)
    checkElement(factor)
    this.#kernels.powers(target, count, first, factor)
  }

  /**
   * Runs a program over so many blocks of 64 rows: for each block every instruction in turn, each on the block's 64
   * rows.
   *
   * An instruction is eight 32-bit integers: its opcode (OPCODES), then addresses, the result's re and im, the first
   * operand's, the second's; then what advances. Where its bit 1 is set, the result moves on by a block (512 bytes)
   * with every block, with bit 2 the first operand does, with bit 4 the second; the others stay: temporaries, and
   * constants that are 64 equal values. Of a base operand, and of a result where all operands are, the im is not used.
   * A result may take any operand's place. Addresses in the program are not checked.
   * @throws WebAssembly.RuntimeError for an unknown opcode and for an address outside of the memory
   */
  run(program: number, instructions: number, blocks: number): void {
    checkCount(blocks)
    this.#checkBytes(program, 4 * INSTRUCTION_LENGTH * instructions)
    this.#kernels.run(program, instructions, blocks)
  }

  /**
   * Folds f(x) = Σ_k x^k c_k(x^8), k < 8, to Σ_k β^k c_k for β = b0 + b1 φ. The source is the extension vector of f's
   * M = 2^log2Size values on o · <ω_M>, the target that of the M / 8 values on o^8 · <ω_M^8>: element j comes from the
   * source's j + t · M / 8, t < 8.
   * @param offsetInverse 1 / o
   */
  foldBy8(source: number, target: number, log2Size: number, offsetInverse: bigint, b0: bigint, b1: bigint): void {
    checkBetween(log2Size, 3, TWO_ADICITY)
    const size = 2 ** log2Size
    this.#check(source, 2 * size)
    this.#check(target, size / 4)
    checkElement(offsetInverse)
    checkExtension([b0, b1])
    // Three folds by 2: of x by β, of x² by β², of x⁴ by β⁴.
    this.#withScratch(size + size / 2, half => {
      const quarter = half + wordBytes * size
      const steps = [
        [source, half],
        [half, quarter],
        [quarter, target],
      ] as const
      let inverse = offsetInverse
      let beta: Extension = [b0, b1]
      steps.forEach(([from, to], i) => {
        this.#kernels.fold(from, to, log2Size - i, inverse, ...beta)
        inverse = multiply(inverse, inverse)
        beta = times(beta, beta)
      })
    })
  }

  /** keccak256 of so many bytes, at most 8,295: 32 bytes at the target. */
  hash(at: number, length: number, target: number): void {
    checkBetween(length, 0, this.#kernels.longest)
    this.#checkBytes(at, length)
    this.#checkBytes(target, 32)
    this.#kernels.hash(at, length, target)
  }

  /**
   * Leaf i = first + step · r for row r of a table: the first 24 bytes of keccak256(0x00 ‖ salt_i ‖ the row's values,
   * each as 8 bytes big-endian), at leaves + 24 · i.
   * @param values the first column
   * @param stride bytes from one column to the next
   * @param salts 16 bytes for each leaf, leaf 0's first; 0 where leaves have none
   */
  hashRows(
    values: number,
    stride: number,
    rows: number,
    columns: number,
    salts: number,
    leaves: number,
    first: number,
    step: number,
  ): void {
    checkBetween(columns, 0, Math.floor((this.#kernels.longest - 1 - SALT_BYTES) / wordBytes))
    checkCount(rows)
    checkCount(first)
    checkCount(step)
    if (rows === 0) return
    this.#checkColumns(values, rows, columns, stride)
    const end = first + step * (rows - 1) + 1
    if (salts !== 0) this.#checkBytes(salts, SALT_BYTES * end)
    this.#checkBytes(leaves, DIGEST_BYTES * end)
    this.#kernels.hashRows(values, stride, rows, columns, salts, leaves, first, step)
  }

  /**
   * Leaf j of M / 8, at leaves + 24 · j: the first 24 bytes of keccak256(0x00 ‖ the values at j + t · M / 8, t < 8,
   * each re, then im as 8 bytes big-endian), of M = 2^log2Size values over the extension. What one foldBy8 joins is
   * one leaf.
   */
  hashCosets(re: number, im: number, log2Size: number, leaves: number): void {
    checkBetween(log2Size, 3, TWO_ADICITY)
    this.#check(re, 2 ** log2Size)
    this.#check(im, 2 ** log2Size)
    this.#checkBytes(leaves, DIGEST_BYTES * 2 ** (log2Size - 3))
    this.#kernels.hashCosets(re, im, log2Size, leaves)
  }

  /**
   * Fills in the inner nodes of a tree of 24-byte digests in the order of a heap: digest 1 is the root, the leaves,
   * written before, are digests 2^log2Leaves to 2^(log2Leaves + 1) − 1. A node is the first 24 bytes of keccak256(0x01
   * ‖ left ‖ right).
   */
  merkle(tree: number, log2Leaves: number): void {
    checkBetween(log2Leaves, 0, 26)
    this.#checkBytes(tree, DIGEST_BYTES * 2 ** (log2Leaves + 1))
    this.#kernels.merkle(tree, log2Leaves)
  }

  /**
   * Looks for a nonce whose keccak256(0x04 ‖ state ‖ nonce as 8 bytes big-endian) begins with so many zero bits.
   * @param state 32 bytes
   * @param start the first nonce that is tried
   * @param count how many are
   * @returns the smallest, or −1 where none of these has
   */
  grind(state: number, start: bigint, count: number, bits: number): bigint {
    this.#checkBytes(state, 32)
    checkCount(count)
    checkBetween(bits, 0, 63)
    if (start < 0n || start + BigInt(count) > 2n ** 63n) throw new RangeError(`nonces from ${start} on`)
    return this.#kernels.grind(state, start, BigInt(count), bits)
  }

  /**
   * So many salts of 16 bytes: ChaCha20's keystream (RFC 8439) with a nonce of zeros, from block 0 on.
   * @param key 32 bytes
   */
  salts(key: number, target: number, count: number): void {
    this.#checkBytes(key, 32)
    this.#checkBytes(target, SALT_BYTES * count)
    this.#kernels.salts(key, target, count)
  }

  #withScratch(words: number, use: (at: number) => void): void {
    const start = this.mark()
    try {
      use(this.allocate(words))
    } finally {
      this.release(start)
    }
  }

  #grow(): void {
    const { memory } = this.#kernels
    const missing = this.#top - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
  }

  #checkColumns(at: number, words: number, columns: number, stride: number): void {
    checkBetween(stride, 0, this.#top)
    if (stride % wordBytes !== 0)
      throw new RangeError(`columns ${stride} bytes apart, which is no multiple of ${wordBytes}`)
    if (columns > 0) this.#check(at, (stride / wordBytes) * (columns - 1) + words)
  }

  #check(at: number, words: number): void {
    if (at % wordBytes !== 0) throw new RangeError(`words at ${at}, which is no multiple of ${wordBytes}`)
    this.#checkBytes(at, wordBytes * words)
  }

  #checkBytes(at: number, length: number): void {
    checkCount(length)
    checkBetween(at, this.#bottom, this.#top - length)
  }
}

function aligned(at: number): number {
  return Math.ceil(at / alignment) * alignment
}

function checkElement(element: bigint): void {
  if (!isElement(element)) throw new RangeError(`${element} is no element of the field`)
}

function checkExtension(element: Extension): void {
  if (!isExtension(element)) throw new RangeError(`${element} is no element of the extension`)
}

function checkCount(count: number): void {
  checkBetween(count, 0, 2 ** 32)
}

function checkBetween(value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`${value} is no integer between ${least} and ${most}`)
}
