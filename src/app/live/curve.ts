import type { EvaluatedModel } from '../../rounds/state.ts'
import type { CurvePoint, LiveLoss } from '../desks/liveView.ts'

/** The rounds that were evaluated in this tab, in order; the local model where one was measured. */
export function curveOf(evaluations: readonly EvaluatedModel[]): readonly CurvePoint[] {
  return [...evaluations]
    .sort((a, b) => a.round - b.round)
    .map(({ round, federated, local }) => ({
      round,
      federated: { accuracy: federated.accuracy, logLoss: federated.logLoss },
      local: local && { accuracy: local.accuracy, logLoss: local.logLoss },
    }))
}

/** Points kept of one round's training: a phone's width in pixels has no room for more. */
const MOST_POINTS = 120

/**
 * Adds a batch's loss. Another round begins anew; beyond 120 points every second one is dropped, so that a long training keeps
 * its shape.
 */
export function withLoss(known: LiveLoss | null, round: number, step: number, loss: number): LiveLoss {
  if (!Number.isFinite(loss)) return known ?? { round, steps: [], losses: [] }
  const last = known?.steps.at(-1)
  if (known === null || known.round !== round || (last !== undefined && step < last)) {
    return { round, steps: [step], losses: [loss] }
  }
  if (step === last) return known
  const steps = [...known.steps, step]
  const losses = [...known.losses, loss]
  if (steps.length <= MOST_POINTS) return { round, steps, losses }
  // The newest stays.
  const isKept = (_: unknown, i: number) => (steps.length - 1 - i) % 2 === 0
  return { round, steps: steps.filter(isKept), losses: losses.filter(isKept) }
}

/**
 * A range for an axis of measures that holds all of them, in steps that can be read.
 *
 * @param step width of a step, e.g. 0.1
 * @param within never beyond these, e.g. [0, 1] for accuracy
 */
export function rangeOf(
  values: readonly (number | null)[],
  step: number,
  within: readonly [number, number],
): readonly [number, number] {
  const known = values.filter(value => value !== null)
  if (known.length === 0) return within
  // Guards against 0.30000000000000004 rounding a step up.
  const tidy = (steps: number) => Number((steps * step).toFixed(6))
  const low = Math.max(within[0], tidy(Math.floor(Math.min(...known) / step + 1e-9)))
  const high = Math.min(within[1], tidy(Math.ceil(Math.max(...known) / step - 1e-9)))
  if (high > low) return [low, high]
  return [Math.max(within[0], tidy(low / step - 1)), Math.min(within[1], tidy(high / step + 1))]
}
