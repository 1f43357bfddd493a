import type { Extension } from '../../field/extension.ts'
import { BLOCK_ROWS, INSTRUCTION_LENGTH, OPCODES, type StarkField } from '../../field/starkField.ts'
import type { Operation } from './air.ts'

/** Values of a block's rows in the field's memory. */
export interface Slot {
  readonly re: number
  /** Where the second halves are; null: a base vector. */
  readonly im: number | null
  /** Whether it is a vector of all rows, or stays for every block. */
  readonly advances: boolean
}

/** A program for StarkField.run under construction: picks opcodes by what the operands are. */
export class MachineProgram {
  readonly #field: StarkField
  readonly #instructions: number[] = []

  constructor(field: StarkField) {
    this.#field = field
  }

  /** The result of an operation in a slot of its own, or in the one given. */
  put(operation: Operation, first: Slot, second: Slot, into?: Slot): Slot {
    // Extension before base where the order does not matter: there are no opcodes for the other one.
    const isTurned = operation !== 'subtract' && first.im === null && second.im !== null
    const [a, b] = isTurned ? [second, first] : [first, second]
    const target = into ?? this.temporary(a.im !== null || b.im !== null)
    const kinds = `${a.im === null ? 'Base' : 'Extension'}${b.im === null ? 'Base' : 'Extension'}`
    const opcode = OPCODES[`${operation}${kinds}` as keyof typeof OPCODES]
    const advance = (target.advances ? 1 : 0) | (a.advances ? 2 : 0) | (b.advances ? 4 : 0)
    this.#instructions.push(opcode, target.re, target.im ?? 0, a.re, a.im ?? 0, b.re, b.im ?? 0, advance)
    return target
  }

  temporary(isExtension: boolean): Slot {
    const re = this.#field.allocate(BLOCK_ROWS)
    return { re, im: isExtension ? this.#field.allocate(BLOCK_ROWS) : null, advances: false }
  }

  /** A slot that holds the same element for every row. */
  constant(value: bigint | Extension): Slot {
    const slot = this.temporary(typeof value !== 'bigint')
    this.fill(slot, value)
    return slot
  }

  fill({ re, im }: Slot, value: bigint | Extension): void {
    this.#field.words(re, BLOCK_ROWS).fill(typeof value === 'bigint' ? value : value[0])
    if (im !== null && typeof value !== 'bigint') this.#field.words(im, BLOCK_ROWS).fill(value[1])
  }

  /** Puts the program into the memory. @returns what runs it over so many rows, a multiple of 64 */
  load(): (rows: number) => void {
    const words = this.#instructions.length / 2
    const at = this.#field.allocate(words)
    new Int32Array(this.#field.words(at, words).buffer, at, this.#instructions.length).set(this.#instructions)
    return rows => {
      this.#field.run(at, this.#instructions.length / INSTRUCTION_LENGTH, rows / BLOCK_ROWS)
    }
  }
}
