import { AppError } from '../errors/AppError.ts'
import type { ModelSpec } from '../study/manifest.ts'
import type { Network } from './layers.ts'

export interface Examples {
  /** Row after row, as many numbers each as the model takes. */
  readonly inputs: Float32Array
  /** Class of each row, from 0; 0 or 1 for a model with one output. */
  readonly labels: Int32Array
  readonly count: number
}

/**
 * What the model should say for each example, row after row: the label itself for one output, else one number a class.
 * @throws AppError study.badManifest when a label is of no class of the model, or there are not as many as examples
 */
export function oneHot({ labels, count }: Examples, outputs: number): Float32Array {
  if (labels.length !== count) throw wrongSize('labels', labels.length, count)
  const classes = Math.max(2, outputs)
  const targets = new Float32Array(count * outputs)
  for (let i = 0; i < count; i++) {
    const label = labels[i]!
    if (label < 0 || label >= classes) {
      throw new AppError('study.badManifest', {
        reason: `a patient has class ${label}; the model knows 0 to ${classes - 1}`,
      })
    }
    if (outputs === 1) targets[i] = label
    else targets[i * outputs + label] = 1
  }
  return targets
}

/**
 * Checks that parameters and inputs are as long as the model takes them.
 * @throws AppError study.badManifest
 */
export function checkSizes(
  model: ModelSpec,
  network: Network,
  parameters: Float32Array,
  inputs: Float32Array,
  count: number,
): void {
  if (parameters.length !== network.layout.size) throw wrongSize('parameters', parameters.length, network.layout.size)
  const expected = count * model.input.reduce((a, b) => a * b, 1)
  if (inputs.length !== expected) throw wrongSize('inputs', inputs.length, expected)
}

/** The error for a vector of another length than the model's. */
export function wrongSize(what: string, actual: number, expected: number): AppError {
  return new AppError('study.badManifest', { reason: `${what}: ${actual} numbers where the model takes ${expected}` })
}
