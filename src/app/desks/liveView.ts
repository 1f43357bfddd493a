/** One round as the curves show it; a measure is null where it was not taken. */
export interface CurvePoint {
  /** The contract's number. */
  readonly round: number
  readonly federated: { readonly accuracy: number; readonly logLoss: number } | null
  readonly local: { readonly accuracy: number; readonly logLoss: number } | null
}

/** The running study, as its page shows it, beside the runner's own state. */
export interface LiveView {
  readonly curve: readonly CurvePoint[]
  /** Rounds, by the contract's numbers, that this hospital has said it will sit out. */
  readonly vetoes: readonly number[]
}

export const initialLiveView: LiveView = { curve: [], vetoes: [] }
