import { kernelsWasm } from './generated/kernels.ts'

/**
 * What src/field/assembly exports. Addresses are places in the memory, whose size is fixed; counts are of elements, at
 * most `capacity`.
 */
export interface Kernels {
  readonly memory: WebAssembly.Memory
  readonly capacity: number
  readonly key: number
  readonly target: number
  readonly source: number
  readonly words: number
  keystream(target: number, counter: number, groups: number, nonce0: number, nonce1: number, nonce2: number): void
  keepCanonical(count: number): number
  /** 0 where an element was not canonical; likewise below. */
  add(from: number, count: number): number
  subtract(from: number, count: number): number
  /** @param weight a signed 64-bit integer with the weight's bits */
  addScaled(from: number, count: number, weight: bigint): number
  /** A signed 64-bit integer with the sum's bits; the modulus' where an element was not canonical. */
  inner(count: number): bigint
  innerSmall(count: number): bigint
}

/** A new instance of the kernels, with a memory of its own. */
export async function loadKernels(): Promise<Kernels> {
  const bytes = Uint8Array.from(atob(kernelsWasm), character => character.charCodeAt(0))
  const { instance } = await WebAssembly.instantiate(bytes)
  const { capacity, key, target, source, words, ...rest } = instance.exports
  const addresses = Object.entries({ capacity, key, target, source, words }).map(([name, value]) => [
    name,
    (value as WebAssembly.Global).value as number,
  ])
  return { ...rest, ...Object.fromEntries(addresses) } as Kernels
}
