import type { StudyInfo } from '../../chain/reads.ts'
import type { AppErrorData } from '../../errors/AppError.ts'
import type { Progress } from '../../rounds/ports.ts'
import type { Address, Hex } from '../../study/types.ts'
import type {
  ColumnMapping,
  CsvCheck,
  FilePredictions,
  PatientInput,
  Prediction,
  ResultDetails,
} from '../../training/screen.ts'

/** A model of the study that the chain holds. */
export interface VersionRow {
  readonly version: number
  /** The contract's number. */
  readonly round: number
  /** Unix seconds. */
  readonly time: number
  /** Mean of the survivors' median gains over the model before, in basis points of its loss. */
  readonly metric: number
  readonly signatures: number
  /** Who signed it; empty until the chain's events are read. */
  readonly signers: readonly Address[]
  readonly modelHash: Hex
  /** sha-256 digest of the header block. */
  readonly header: Hex
  /** Of the transaction that finalised it; null until the chain's events are read. */
  readonly transaction: Hex | null
}

/** All models of the study, oldest first. */
export interface VersionsView {
  readonly rows: readonly VersionRow[]
  /** The version recommended for use: the last one unless the sponsor went back. */
  readonly recommended: number | null
  /** Why the sponsor recommends an older one; null where that did not happen. */
  readonly rollback: string | null
  /** Sponsor, rules and manifest's address. */
  readonly info: StudyInfo
  /** Of the transaction that funded the study; null where it is not known. */
  readonly opened: Hex | null
}

/** Results of one model, and which it is. */
export interface ShownDetails {
  /** The contract's number of the round that made the model. */
  readonly round: number
  readonly details: ResultDetails
}

export interface ShownPrediction {
  readonly input: PatientInput
  readonly prediction: Prediction
  /** The contract's number of the round that made the model. */
  readonly round: number
}

/** A file of patients on its way to predictions. */
export interface FileView {
  readonly file: File
  readonly check: CsvCheck | null
  readonly mapping: ColumnMapping
  readonly busy: 'checking' | 'predicting' | null
  readonly progress: Progress | null
  readonly result: FilePredictions | null
  readonly error: AppErrorData | null
}

/** What the pages of results and model show. In memory, for this session only. */
export interface ModelView {
  readonly shown: ShownDetails | null
  /** null: nothing is computed. */
  readonly computing: { readonly progress: Progress | null } | null
  readonly detailsError: AppErrorData | null
  /** The contract's round of the model whose results the person did not want to wait for. */
  readonly cancelled: number | null
  readonly versions: VersionsView | null
  readonly versionsError: AppErrorData | null
  /** The contract's round of the model that predictions use; null: the newest installed one. */
  readonly used: number | null
  /** A version that is being fetched and opened, by the contract's round. */
  readonly opening: number | null
  /** Another version on the same held-out patients. */
  readonly compared: ShownDetails | null
  readonly prediction: ShownPrediction | null
  readonly file: FileView | null
}

export const initialModelView: ModelView = {
  shown: null,
  computing: null,
  detailsError: null,
  cancelled: null,
  versions: null,
  versionsError: null,
  used: null,
  opening: null,
  compared: null,
  prediction: null,
  file: null,
}
