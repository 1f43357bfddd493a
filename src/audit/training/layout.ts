import type { ExactShape } from '../engine/shape.ts'

/** Rows from the first to the one before the end. */
export interface Section {
  readonly first: number
  readonly end: number
}

/** A block for each row of the batch, a power of two of cells long. */
export interface Cells extends Section {
  readonly block: number
}

/** A kind of rows of the matrices. */
export type SectionName = 'errors' | 'units' | 'one' | 'gradients' | 'inputs'

/**
 * Where in a step's trace everything stands. Two things share the rows:
 *
 * Matrices, a row for each number that sums run over: the outputs (whose errors stand there), hidden units, the unit
 * that is always 1, hidden units again (gradients), inputs. A column for each row of the batch, and one for each weight
 * of a row.
 *
 * Cells, a row for each number that is rounded: for each row of the batch a block of the hidden units and one of the
 * outputs, the larger blocks first. In a block the last unit comes first, so that a sum by Horner's rule gives unit j
 * its j-th power.
 */
export interface StepLayout {
  readonly shape: ExactShape
  readonly sections: Readonly<Record<SectionName, Section>>
  readonly cells: Readonly<Record<'hidden' | 'outputs', Cells>>
  /** Weights of a row. */
  readonly width: number
  /** Rows that are taken; there must be an active one more. */
  readonly rows: number
}

/** Without a hidden layer its sections and cells are empty. */
export function stepLayout(shape: ExactShape): StepLayout {
  const { inputs, hidden, outputs, batch } = shape
  let at = 0
  const section = (length: number): Section => {
    const first = at
    at += length
    return { first, end: at }
  }
  const sections = {
    errors: section(outputs),
    units: section(hidden),
    one: section(hidden === 0 ? 0 : 1),
    gradients: section(hidden),
    inputs: section(inputs),
  }
  const matrixRows = at
  const blocks = { hidden: blockOf(hidden), outputs: blockOf(outputs) }
  at = 0
  const cells = (block: number): Cells => ({ ...section(batch * block), block })
  const isHiddenFirst = blocks.hidden >= blocks.outputs
  const [first, second] = [
    cells(Math.max(blocks.hidden, blocks.outputs)),
    cells(Math.min(blocks.hidden, blocks.outputs)),
  ]
  return {
    shape,
    sections,
    cells: isHiddenFirst ? { hidden: first, outputs: second } : { hidden: second, outputs: first },
    width: Math.max(hidden, outputs),
    rows: Math.max(matrixRows, at),
  }
}

/** The sections that a shape has, in the order of their rows. */
export function sectionNames({ hidden }: ExactShape): readonly SectionName[] {
  return hidden === 0 ? ['errors', 'inputs'] : ['errors', 'units', 'one', 'gradients', 'inputs']
}

export function isIn({ first, end }: Section, row: number): boolean {
  return row >= first && row < end
}

/** The row of a cell: of a row of the batch and of one of its units. */
export function cellRow({ first, block }: Cells, row: number, unit: number): number {
  return first + row * block + (block - 1 - unit)
}

function blockOf(units: number): number {
  return units === 0 ? 0 : 2 ** Math.ceil(Math.log2(units))
}

/** Of a net: the widths of its layers. */
export function nameOf({ inputs, hidden, outputs }: ExactShape): string {
  return [inputs, hidden, outputs].filter(Boolean).join('-')
}

/** Names of columns that differ in a number. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}
