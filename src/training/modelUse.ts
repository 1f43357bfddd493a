import type { Blob, Member, WithLocal, Work } from '../rounds/ports.ts'
import type { Hex, LocalOnly } from '../study/types.ts'
import type {
  ColumnMapping,
  FilePredictions,
  LayersModelFile,
  PatientInput,
  Prediction,
  ResultDetails,
} from './screen.ts'

/** A person's file. Its name crosses beside it: not every runtime keeps a File's name when it is cloned. */
export interface NamedFile {
  readonly name: string
  readonly blob: globalThis.Blob
}

/** A version that loadVersion gave; null: the model that is installed. */
export type Version = number | null

/** What a hospital does with a model on its own computer. Nothing here touches what it trains from. */
export interface ModelUse {
  /**
   * Opens another model of the study, to be used beside the installed one.
   * @returns what to call it by: its round
   * @throws AppError crypto.cannotOpen, crypto.wrongBinding, crypto.badCommitment, aggregation.badUpdate
   */
  loadVersion(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<number>
  /**
   * Everything the results page shows, on this hospital's held-out patients.
   * @throws AppError training.noModel, training.cancelled
   */
  details(
    options: { readonly version: Version; readonly withLocal: WithLocal },
    work?: Work,
  ): Promise<LocalOnly<ResultDetails>>
  /** One patient. @throws AppError training.noModel, data.badInput */
  predict(input: PatientInput, version: Version): Promise<LocalOnly<Prediction>>
  /**
   * A file of patients; what cannot be predicted is said row by row.
   * @throws AppError training.noModel, training.cancelled, data.empty, data.noHeader, data.unreadable, data.columnsDiffer
   */
  predictCsv(
    file: NamedFile,
    mapping: ColumnMapping | null,
    version: Version,
    work?: Work,
  ): Promise<LocalOnly<FilePredictions>>
  /** The model with this hospital's own part, as a tfjs layers model. @throws AppError training.noModel */
  exportModel(version: Version): Promise<LocalOnly<LayersModelFile>>
}
