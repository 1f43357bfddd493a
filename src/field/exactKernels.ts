import { exactWasm } from './generated/exact.ts'

/** What src/field/assembly/exact exports: see there, and ExactTrainer, which checks what these trust. */
export interface ExactKernels {
  readonly memory: WebAssembly.Memory
  /** Addresses, in bytes; known once `layOut` has run. */
  readonly table: WebAssembly.Global<'i32'>
  readonly inputs: WebAssembly.Global<'i32'>
  readonly targets: WebAssembly.Global<'i32'>
  readonly present: WebAssembly.Global<'i32'>
  readonly weights: WebAssembly.Global<'i32'>
  layOut(inputs: number, hidden: number, outputs: number, batch: number, shift: number): number
  step(): number
}

/** A new instance of the kernels, with a memory of its own. */
export async function loadExactKernels(): Promise<ExactKernels> {
  const bytes = Uint8Array.from(atob(exactWasm), character => character.charCodeAt(0))
  const { instance } = await WebAssembly.instantiate(bytes)
  return instance.exports as unknown as ExactKernels
}
