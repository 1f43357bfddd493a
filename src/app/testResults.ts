import type { Measured, ModelDetails, ResultDetails } from '../training/screen.ts'

/** Made-up results for unit tests. */
export function measured(value: number, low: number, high: number): Measured {
  return { value, low, high }
}

export function modelDetails(difference: Partial<ModelDetails> = {}): ModelDetails {
  return {
    accuracy: measured(0.8, 0.7, 0.9),
    logLoss: measured(0.45, 0.35, 0.6),
    brier: 0.15,
    confusion: [
      [50, 10],
      [6, 34],
    ],
    auc: measured(0.86, 0.78, 0.93),
    roc: [],
    calibration: [],
    thresholds: Array.from({ length: 101 }, (_, i) => ({
      threshold: i / 100,
      truePositive: i <= 40 ? 34 : 20,
      falseNegative: i <= 40 ? 6 : 20,
      trueNegative: i <= 40 ? 50 : 58,
      falsePositive: i <= 40 ? 10 : 2,
    })),
    chosen: { threshold: 0.42, sensitivity: measured(0.85, 0.71, 0.93), specificity: measured(0.833, 0.72, 0.91) },
    ...difference,
  }
}

export function resultDetails(difference: Partial<ResultDetails> = {}): ResultDetails {
  return {
    patients: 100,
    classes: ['no', 'yes'],
    federated: modelDetails(),
    local: modelDetails({ accuracy: measured(0.75, 0.65, 0.85) }),
    difference: {
      accuracy: measured(0.05, -0.02, 0.12),
      auc: measured(0.02, -0.01, 0.05),
      logLoss: measured(-0.05, -0.1, 0.01),
    },
    subgroups: [],
    tooSmall: [],
    ...difference,
  }
}
