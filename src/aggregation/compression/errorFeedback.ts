import type { SparsePlan } from './randomK.ts'

/**
 * Error feedback (Seide et al. 2014; Stich et al. 2018): what a round leaves out goes out in a later one.
 *
 * The residual is a Float32Array as long as the shared parameters, zeros at first. A round trains from startOf(base, residual),
 * sends select(owed, plan) with owed = owedAfter(base, trained), and keeps residualAfter(owed, …), where
 * owed = residual + update. Training from the base alone and adding the residual afterwards would repeat in every round the
 * step that is still waiting, and overshoot once it is sent: on digits with k = size/9 that does not converge.
 *
 * With differential privacy the update is noised before it becomes part of what is owed. The residual is then made of noised
 * updates: selecting from it is post-processing, and that the next update starts from it is adaptive composition. Neither
 * costs more than the update did.
 *
 * The residual holds what patients' data taught: it never leaves the training worker but as part of what is sent, is kept
 * encrypted like the journalled update, and starts again at zeros when a patient withdraws consent. A void round's update is
 * dropped, sent part and rest, as it is without compression: the next round starts from what was owed before it.
 */

/**
 * Where a hospital trains from: the global model and what the hospital still owes it.
 * @throws RangeError where the lengths differ
 */
export function startOf(base: Float32Array, residual: Float32Array): Float32Array<ArrayBuffer> {
  if (base.length !== residual.length) throw new RangeError('base and residual differ in length')
  const start = new Float32Array(base.length)
  for (let i = 0; i < start.length; i++) start[i] = base[i]! + residual[i]!
  return start
}

/**
 * What a hospital owes the global model once it has trained (and sanitised): the way from the base to its own parameters,
 * rounded to float32.
 * @throws RangeError where the lengths differ
 */
export function owedAfter(base: Float32Array, trained: Float32Array): Float32Array<ArrayBuffer> {
  if (base.length !== trained.length) throw new RangeError('base and trained parameters differ in length')
  const owed = new Float32Array(base.length)
  for (let i = 0; i < owed.length; i++) owed[i] = trained[i]! - base[i]!
  return owed
}

/**
 * What is left for later rounds: owed − what was sent, so that nothing is lost between rounds.
 * @param sent at the plan's coordinates as it was encoded, clamped and rounded: what that cost is owed as well
 * @throws RangeError where a length does not fit the plan
 */
export function residualAfter(
  owed: Float32Array,
  { size, coordinates }: SparsePlan,
  sent: Float32Array,
): Float32Array<ArrayBuffer> {
  if (owed.length !== size || sent.length !== coordinates.length) throw new RangeError('not of the plan’s size')
  const residual = new Float32Array(owed)
  for (let i = 0; i < sent.length; i++) residual[coordinates[i]!]! -= sent[i]!
  return residual
}
