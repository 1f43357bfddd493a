import { AppError } from '../errors/AppError.ts'
import { maxWeight } from './weights.ts'

/** One survivor's contribution, as its plaintext gives it. */
export interface WeightedUpdate {
  /** Member index in the study. */
  readonly index: number
  /** 1 to 8. */
  readonly weight: number
  /** Difference to the base. */
  readonly vector: Float32Array
}

/** Largest value of an update's element; anything beyond is no training of a sane model and would eat the average's digits. */
export const maxElement = 1e6

/**
 * base + Σ wᵢ·uᵢ / Σ wᵢ in member order, accumulated in float64, rounded once to float32.
 * Only + − × ÷, exact in IEEE 754: every seat computes the same bytes, in whatever order updates arrived.
 * @throws AppError aggregation.empty, aggregation.badUpdate
 */
export function averageUpdates(base: Float32Array, updates: readonly WeightedUpdate[]): Float32Array<ArrayBuffer> {
  if (updates.length === 0) throw new AppError('aggregation.empty')
  const ordered = [...updates].sort((a, b) => a.index - b.index)
  ordered.forEach((update, place) => {
    if (place > 0 && ordered[place - 1]?.index === update.index) throw new AppError('aggregation.badUpdate')
    checkUpdate(update.vector, update.weight, base.length)
  })
  const total = ordered.reduce((sum, update) => sum + update.weight, 0)
  const sums = new Float64Array(base.length)
  for (const { weight, vector } of ordered) {
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + weight * (vector[i] as number)
  }
  const result = new Float32Array(base.length)
  for (let i = 0; i < result.length; i++) result[i] = (base[i] as number) + (sums[i] as number) / total
  return result
}

/**
 * Refuses what cannot be averaged: another size, an impossible weight, elements that are not finite or absurdly large.
 * @throws AppError aggregation.badUpdate
 */
export function checkUpdate(vector: Float32Array, weight: number, size: number): void {
  const sane =
    vector.length === size &&
    Number.isInteger(weight) &&
    weight >= 1 &&
    weight <= maxWeight &&
    // NaN compares false.
    vector.every(value => Math.abs(value) <= maxElement)
  if (!sane) throw new AppError('aggregation.badUpdate')
}
