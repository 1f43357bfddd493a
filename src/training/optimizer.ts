import * as tf from '@tensorflow/tfjs-core'
import type { TrainingSpec } from '../study/manifest.ts'
import type { Network } from './layers.ts'

export interface Optimizer {
  /** New parameters from old ones and gradients already multiplied by the learning rate. Call within tf.tidy. */
  step(parameters: readonly tf.Tensor[], gradients: readonly (tf.Tensor | undefined)[]): tf.Tensor[]
  /** The momentum's current tensors; the caller keeps the new and disposes the old. */
  velocities(): tf.Tensor[]
  /** Sets the momentum: one tensor for each of the layout's, which the optimizer then owns. */
  restore(velocities: tf.Tensor[]): void
  dispose(): void
}

/** What of a study's training a step depends on. */
export type Steps = Pick<TrainingSpec, 'learningRate' | 'momentum' | 'l2' | 'proximal'>

/**
 * SGD on the loss + l2/2 ‖weights‖² + µ/2 ‖shared − anchor‖² (FedProx: Li et al. 2020), with heavy-ball momentum as PyTorch
 * writes it, v ← m v + g, w ← w − lr v; here v carries lr.
 */
export function createOptimizer(
  network: Network,
  { learningRate, momentum, l2, proximal }: Steps,
  anchor: Float32Array,
  wanted: readonly boolean[],
): Optimizer {
  const { tensors } = network.layout
  const rules = tensors.map((tensor, i) => {
    if (!wanted[i]) return undefined
    const pull = tensor.local ? 0 : learningRate * proximal
    const shrink = pull + (tensor.kind === 'weight' ? learningRate * l2 : 0)
    const centre = anchor.subarray(tensor.offset, tensor.offset + tensor.size)
    return {
      shrink: shrink === 0 ? undefined : tf.scalar(shrink),
      centre: pull === 0 ? undefined : tf.tidy(() => tf.mul(tf.tensor(centre, [...tensor.shape]), pull)),
    }
  })
  const inertia = momentum === 0 ? undefined : tf.scalar(momentum)
  let velocities: (tf.Tensor | undefined)[] = tensors.map(() => undefined)

  return {
    step(parameters, gradients) {
      const next = [...velocities]
      const moved = parameters.map((parameter, i) => {
        const rule = rules[i]
        let change = gradients[i]
        if (!rule || !change) return parameter
        if (rule.shrink) change = tf.add(change, tf.mul(parameter, rule.shrink))
        if (rule.centre) change = tf.sub(change, rule.centre)
        if (inertia) {
          const velocity = velocities[i]
          if (velocity) change = tf.add(tf.mul(velocity, inertia), change)
          next[i] = change
        }
        return tf.sub(parameter, change)
      })
      velocities = next
      return moved
    },
    velocities: () => velocities.filter(tensor => tensor !== undefined),
    restore(given) {
      tf.dispose(given.filter((_, i) => !wanted[i]))
      velocities = given.map((tensor, i) => (wanted[i] ? tensor : undefined))
    },
    dispose() {
      for (const rule of rules) tf.dispose([rule?.shrink, rule?.centre].filter(tensor => tensor !== undefined))
      inertia?.dispose()
      tf.dispose(velocities.filter(tensor => tensor !== undefined))
    },
  }
}

/** One tensor for each of the layout's, from a flat vector. The caller disposes them. */
export function upload(network: Network, parameters: Float32Array): tf.Tensor[] {
  return network.layout.tensors.map(({ shape, offset, size }) =>
    tf.tensor(parameters.slice(offset, offset + size), [...shape]),
  )
}

/**
 * A flat vector with the wanted tensors' values, and the start's elsewhere.
 * @param device one tensor for each of the layout's, or only the wanted ones
 */
export async function download(
  network: Network,
  device: readonly tf.Tensor[],
  start: Float32Array,
  wanted: readonly boolean[],
): Promise<Float32Array<ArrayBuffer>> {
  const result = new Float32Array(start)
  const moved = network.layout.tensors.filter((_, i) => wanted[i])
  const read = device.length === moved.length ? device : device.filter((_, i) => wanted[i])
  // One read for all: each is a round trip to a GPU.
  const flat = tf.tidy(() => tf.concat1d(read.map(tensor => tf.reshape(tensor, [-1]))))
  try {
    const values = (await flat.data()) as Float32Array
    let at = 0
    for (const { offset, size } of moved) {
      result.set(values.subarray(at, at + size), offset)
      at += size
    }
  } finally {
    flat.dispose()
  }
  return result
}
