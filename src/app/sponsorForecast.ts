import type { Accuracies, Forecast, ForecastOptions } from '../training/privacyForecast.ts'

/** A simulation's result, and of what study. */
export interface FoundForecast {
  readonly forecast: Forecast
  readonly options: ForecastOptions
}

/**
 * What speaks of a promise: the next larger ε that was simulated, or the largest; undefined where none was.
 * @param epsilon null while it is not typed: the largest
 */
export function nearestPoint(
  points: Accuracies['points'],
  epsilon: number | null,
): Accuracies['points'][number] | undefined {
  return points.find(point => epsilon !== null && point.epsilon >= epsilon) ?? points.at(-1)
}

/**
 * By how much sending such a part of each update lowers accuracy, beside whole updates under the same noise; null where the simulation
 * was of another part, or no noise keeps the promise.
 * @param keep as the form has it @returns a share, below 0 where luck had it so
 */
export function costOfParts(
  { forecast: { points, uncompressed }, options }: FoundForecast,
  keep: number,
  epsilon: number | null,
): number | null {
  if (uncompressed === null || options.compression?.keep !== keep) return null
  const part = nearestPoint(points, epsilon)
  const whole = nearestPoint(uncompressed.points, epsilon)
  return part?.accuracy == null || whole?.accuracy == null ? null : whole.accuracy - part.accuracy
}
