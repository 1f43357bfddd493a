import type { StarkField } from '../../../src/field/starkField.ts'

/** Counts the nonces that this field tries from now on. @returns what tells how many */
export function countNonces(field: StarkField): () => number {
  let tried = 0
  const grind = field.grind.bind(field)
  field.grind = (state, start, count, bits) => {
    const found = grind(state, start, count, bits)
    tried += found < 0n ? count : Number(found - start) + 1
    return found
  }
  return () => tried
}
