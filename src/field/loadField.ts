import type { Field } from './Field.ts'
import { loadKernels } from './kernels.ts'
import { wasmField } from './wasmField.ts'

let loading: Promise<Field> | undefined

/** The field's fast implementation: one instance for each window or worker, compiled on the first call. */
export function loadField(): Promise<Field> {
  loading ??= loadKernels().then(wasmField)
  return loading
}
