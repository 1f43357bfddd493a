import type { ImageSchema, TableSchema } from '../study/manifest.ts'

/** A cell as the person's file means it: numbers and 0/1 as numbers, categories as text. */
export type Cell = number | string

export interface Row {
  /** In the order of the schema's features. */
  readonly cells: readonly Cell[]
  /** 0 or 1. */
  readonly label: number
}

export interface TableDataset {
  readonly schema: TableSchema
  /** What the model learns from. */
  readonly train: readonly Row[]
  /** What this hospital scores the others' updates on; never trained on. */
  readonly validation: readonly Row[]
  /** What is reported; never fed back. */
  readonly test: readonly Row[]
}

export interface Images {
  /** 0 to 255, one image after the other, row by row. */
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
}

export interface ImageDataset {
  readonly schema: ImageSchema
  readonly train: Images
  readonly validation: Images
  readonly test: Images
}

/** One hospital's patients. Lives in the training worker (or a simulated hospital) and nowhere else. */
export type Dataset = TableDataset | ImageDataset

/** Tells the two kinds apart where the compiler cannot see it. */
export function isTable(dataset: Dataset): dataset is TableDataset {
  return dataset.schema.kind === 'table'
}
