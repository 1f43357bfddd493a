/** Pulls an intercept to 0 with the force of a hundredth of a patient, so that one class alone does not send it to infinity. */
const prior = 0.01
const smallest = 1e-7

/**
 * The intercept(s) that fit these patients best when everything else of the model stays: the site-local part of a study
 * whose last bias is not shared.
 * @param probabilities what the model says with all intercepts at 0: of yes (one output) or of each class
 * @returns as many numbers as the model has outputs
 */
export function fitIntercept(probabilities: Float32Array, labels: Int32Array, outputs: number): Float32Array {
  return outputs === 1 ? Float32Array.of(fitOne(probabilities, labels)) : fitMany(probabilities, labels, outputs)
}

/** Newton's method on a convex function of one number; steps are bounded, since far out the curvature vanishes. */
function fitOne(probabilities: Float32Array, labels: Int32Array): number {
  const logits = Float64Array.from(probabilities, p => {
    const kept = Math.min(1 - smallest, Math.max(smallest, p))
    return Math.log(kept / (1 - kept))
  })
  let intercept = 0
  for (let step = 0; step < 50; step++) {
    let gradient = prior * intercept
    let curvature = prior
    for (let i = 0; i < logits.length; i++) {
      const p = 1 / (1 + Math.exp(-(logits[i] as number) - intercept))
      gradient += p - (labels[i] as number)
      curvature += p * (1 - p)
    }
    const change = Math.max(-1, Math.min(1, gradient / curvature))
    intercept -= change
    if (Math.abs(change) < 1e-9) break
  }
  return intercept
}

/** Böhning's bound on the curvature of the softmax (1992) makes every step an improvement. */
function fitMany(probabilities: Float32Array, labels: Int32Array, outputs: number): Float32Array {
  const count = labels.length
  const intercepts = new Float64Array(outputs)
  const row = new Float64Array(outputs)
  for (let step = 0; step < 50; step++) {
    const gradient = Float64Array.from(intercepts, intercept => prior * intercept)
    for (let i = 0; i < count; i++) {
      let total = 0
      for (let c = 0; c < outputs; c++) {
        row[c] = Math.max(smallest, probabilities[i * outputs + c] as number) * Math.exp(intercepts[c] as number)
        total += row[c] as number
      }
      for (let c = 0; c < outputs; c++) {
        gradient[c] = (gradient[c] as number) + (row[c] as number) / total - (labels[i] === c ? 1 : 0)
      }
    }
    for (let c = 0; c < outputs; c++)
      intercepts[c] = (intercepts[c] as number) - (2 * (gradient[c] as number)) / (count + prior)
  }
  return Float32Array.from(intercepts)
}
