import { starkWasm } from './generated/stark.ts'

/**
 * What src/field/assembly/stark exports: see there, and StarkField, which checks what these trust. Addresses are bytes
 * in the memory, counts are of elements, elements are canonical; what returns an element returns a signed integer of
 * its bits.
 */
export interface StarkKernels {
  readonly memory: WebAssembly.Memory
  /**
   * The first byte that no static data takes. From here on lies the table of twiddles: 2^n words for sizes up to 2^n.
   */
  readonly base: number
  /** Bytes that may be hashed at once. */
  readonly longest: number
  interpolate(at: number, log2n: number, columns: number): void
  evaluate(
    coefficients: number,
    target: number,
    log2n: number,
    columns: number,
    shift: bigint,
    table: number,
    stride: number,
  ): void
  powers(target: number, count: number, first: bigint, factor: bigint): void
  powersExtension(target: number, n: number, x0: bigint, x1: bigint): void
  innerProducts(vectors: number, n: number, columns: number, weights: number, target: number, step: number): void
  accumulate(target: number, source: number, n: number, f0: bigint, f1: bigint): void
  accumulateExtension(target: number, source: number, n: number, f0: bigint, f1: bigint): void
  divideByLinear(at: number, n: number, z0: bigint, z1: bigint): void
  batchInverse(at: number, count: number, scratch: number): void
  fold(source: number, target: number, log2Size: number, offsetInverse: bigint, b0: bigint, b1: bigint): void
  run(program: number, instructions: number, blocks: number): void
  hash(at: number, length: number, target: number): void
  hashRows(
    values: number,
    stride: number,
    rows: number,
    columns: number,
    salts: number,
    leaves: number,
    first: number,
    step: number,
  ): void
  hashCosets(re: number, im: number, log2Size: number, leaves: number): void
  merkle(tree: number, log2Leaves: number): void
  grind(state: number, start: bigint, count: bigint, bits: number): bigint
  salts(key: number, target: number, count: number): void
}

/** A new instance of the kernels, with a memory of its own. */
export async function loadStarkKernels(): Promise<StarkKernels> {
  const bytes = Uint8Array.from(atob(starkWasm), character => character.charCodeAt(0))
  const { instance } = await WebAssembly.instantiate(bytes)
  const { base, longest, ...rest } = instance.exports
  return { ...rest, base: numberOf(base), longest: numberOf(longest) } as StarkKernels
}

function numberOf(value: WebAssembly.ExportValue | undefined): number {
  return (value as WebAssembly.Global).value as number
}
