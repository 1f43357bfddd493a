import type { BadCell } from '../data/csv.ts'

/**
 * What the training worker shows to this hospital's own screen: never stored, sent or logged. Every function of the worker
 * that returns one of these wraps it in LocalOnly.
 */

/** Which column of the person's file holds which column of the study; null: none chosen yet. */
export type ColumnMapping = Readonly<Record<string, string | null>>

/** A person's file against a study's columns, before anything is loaded. */
export interface CsvCheck {
  readonly file: string
  /** The file's columns and first rows, as they are. */
  readonly columns: readonly string[]
  readonly head: readonly { readonly row: number; readonly cells: readonly string[] }[]
  readonly rows: number
  /** By the study's columns, outcome included: guessed by name and label where not given. */
  readonly mapping: ColumnMapping
  /** Study columns that no column of the file was found for. */
  readonly unmapped: readonly string[]
  /** File columns that are not used: they stay in the file and are not read. */
  readonly ignored: readonly string[]
  /** Rows that can be used, rows without a value somewhere, rows with a cell that cannot be used. */
  readonly complete: number
  readonly incomplete: number
  readonly bad: number
  /** The first 200 cells that cannot be used. */
  readonly problems: readonly BadCell[]
  /** What stops the file as a whole, as a sentence; null where nothing does. */
  readonly refusal: string | null
}

/** What this computer can do. */
export interface DeviceCheck {
  readonly backend: string
  /** Every way to train that was tried, and why it is not used. */
  readonly tried: readonly { readonly backend: string; readonly isUsed: boolean; readonly reason: string }[]
  /** Measured on steps of the study's own model on this hospital's own rows. */
  readonly secondsPerRound: number
}

/** A measure with its 95 % interval. */
export interface Measured {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface RocPoint {
  readonly threshold: number
  readonly sensitivity: number
  readonly specificity: number
}

export interface CalibrationBin {
  /** Predicted probabilities from (inclusive) and to (exclusive). */
  readonly from: number
  readonly to: number
  readonly patients: number
  readonly predicted: number
  readonly observed: Measured
}

/** Counts at one threshold; yes from the threshold up. */
export interface ThresholdCounts {
  readonly threshold: number
  readonly truePositive: number
  readonly falsePositive: number
  readonly trueNegative: number
  readonly falseNegative: number
}

/** One model on this hospital's held-out patients. */
export interface ModelDetails {
  readonly accuracy: Measured
  readonly logLoss: Measured
  /** Mean squared error of the probabilities. */
  readonly brier: number
  /** Row = truth, column = prediction, at the likeliest class. */
  readonly confusion: readonly (readonly number[])[]
  /** Everything below is null for more than two classes. */
  readonly auc: Measured | null
  readonly roc: readonly RocPoint[] | null
  readonly calibration: readonly CalibrationBin[] | null
  /** At thresholds 0, 0.01, … 1. */
  readonly thresholds: readonly ThresholdCounts[] | null
  /** At the threshold that did best (Youden) on patients that are not held out. */
  readonly chosen: { readonly threshold: number; readonly sensitivity: Measured; readonly specificity: Measured } | null
}

export interface Subgroup {
  /** In words, e.g. "Age 50 to 64 years". */
  readonly name: string
  readonly patients: number
  readonly federated: Measured
  readonly local: Measured | null
}

/** What the results page shows. */
export interface ResultDetails {
  /** Held-out patients of this hospital. */
  readonly patients: number
  readonly classes: readonly string[]
  readonly federated: ModelDetails
  readonly local: ModelDetails | null
  /** Federated minus local on the same patients (paired bootstrap); null without a local model. */
  readonly difference: {
    readonly accuracy: Measured
    readonly auc: Measured | null
    readonly logLoss: Measured
  } | null
  /** With at least 20 patients each. */
  readonly subgroups: readonly Subgroup[]
  /** Names of groups that are too small to be shown. */
  readonly tooSmall: readonly string[]
}

/** One patient as typed in: by the study's columns; null where a value is missing. */
export type PatientInput = Readonly<Record<string, string | number | null>>

export interface Prediction {
  /** Of each class, in order; of a yes/no outcome: no, yes. */
  readonly probabilities: readonly number[]
  readonly classes: readonly string[]
  /** The threshold chosen on patients that are not held out; null for more than two classes. */
  readonly threshold: number | null
  /** Columns without a value: the mean of all hospitals' patients stood in. */
  readonly filledIn: readonly string[]
  /** Values outside of what the study's hospitals gave as the column's range. */
  readonly unusual: readonly { readonly column: string; readonly value: number; readonly range: string }[]
}

export interface FilePredictions {
  /** The person's rows with the model's columns added, as CSV. */
  readonly csv: string
  readonly rows: number
  readonly filledIn: number
  /** Rows that could not be predicted, and why. */
  readonly problems: readonly BadCell[]
}

/** A model as tfjs stores layers models: model.json and its weights. */
export interface LayersModelFile {
  readonly modelJson: string
  readonly weights: ArrayBuffer
}
