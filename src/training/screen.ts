import type { BadCell } from '../data/csv.ts'
import type { ColumnMapping } from '../data/mapping.ts'
import type { ModelSpec } from '../study/manifest.ts'

/**
 * What the training worker shows to this hospital's own screen: never stored, sent or logged. Every function of the worker
 * that returns one of these wraps it in LocalOnly.
 */

export type { CsvCheck } from '../data/csvCheck.ts'
export type { ColumnMapping }

/** The first patients of a shipped hospital. */
export interface ShippedPreview {
  readonly columns: readonly string[]
  readonly head: readonly (readonly string[])[]
  readonly patients: number
  /** Of a study of images: the first ones, 0 to 255, row by row; null for tables. */
  readonly images: {
    readonly height: number
    readonly width: number
    readonly channels: number
    readonly pixels: readonly Uint8Array[]
  } | null
}

/** Why a way to train is not used. */
export type Unused =
  /** There is none here; it was not tried, for others are better wherever it is; it did not start; it is the quicker one. */
  | { readonly kind: 'noGraphics' | 'noWasm' | 'needless' | 'noStart' | 'quicker' }
  /** The graphics processor is emulated, by this adapter. */
  | { readonly kind: 'software'; readonly adapter: string }
  /** A step takes so many times as long as on what is used. */
  | { readonly kind: 'slower'; readonly times: number }

/** What this computer can do. */
export interface DeviceCheck {
  readonly backend: string
  /** Every way to train that was tried, and why it is not used. */
  readonly tried: readonly {
    readonly backend: string
    /** Null: it is used. */
    readonly unused: Unused | null
    /** Milliseconds a step; null where it was not measured. */
    readonly step: number | null
  }[]
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
  /** Yes from here up; infinite at the first point, where nobody is. */
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

/** One patient as typed in: by the study's columns; null where a value is missing. Of a study of images: the image. */
export type PatientInput = Readonly<Record<string, string | number | null>> | ImageInput

/** An image of the study's size, 0 to 255, row by row. */
export interface ImageInput {
  readonly pixels: Uint8Array
}

export interface Prediction {
  /** Of each class, in order; of a yes/no outcome: no, yes. */
  readonly probabilities: readonly number[]
  readonly classes: readonly string[]
  /** The threshold chosen on patients that are not held out; null for more than two classes. */
  readonly threshold: number | null
  /** Columns without a value: the mean of all hospitals' patients stood in (where the study standardises; else of this one's). */
  readonly filledIn: readonly string[]
  /** Values outside of what the study's hospitals gave as the column's range. */
  readonly unusual: readonly { readonly column: string; readonly value: number; readonly range: string }[]
}

export interface FilePredictions {
  /** The person's rows with the model's columns added, as CSV. */
  readonly csv: string
  readonly rows: number
  /** Rows in which a mean stood in for something. */
  readonly filledIn: number
  /** Which columns of the file were read, and columns of the study that it does not have: a mean stood in for them. */
  readonly mapping: ColumnMapping
  readonly unmapped: readonly string[]
  /** Rows that could not be predicted, and why. */
  readonly problems: readonly BadCell[]
}

/** A model as tfjs stores layers models: model.json and its weights. */
export interface LayersModelFile {
  readonly modelJson: string
  readonly weights: ArrayBuffer
}

/** A layers model that somebody brought, as a study's model. */
export interface ReadModel {
  readonly model: ModelSpec
  /** What everybody starts from, in the order of the layers: all but what is site-local. */
  readonly parameters: Float32Array
}
