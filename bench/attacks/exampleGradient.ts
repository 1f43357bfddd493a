import { parameterLayout } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'

/** Where a dense layer lies in the flat vector of parameters. */
interface DenseLayer {
  readonly inputs: number
  readonly units: number
  readonly weight: number
  readonly bias: number
  readonly isRelu: boolean
}

/**
 * One example's cross-entropy, in nats, and its gradient: what an attacker computes for a patient whose record is known.
 * Plain loops in doubles, apart from the engine that is attacked.
 * @param model dense layers, linear or ReLU
 * @param parameters in the order of parameterLayout, as is the gradient
 * @throws RangeError for other layers
 */
export function exampleGradient(
  model: ModelSpec,
  parameters: Float32Array,
  input: Float32Array,
  label: number,
): { readonly loss: number; readonly gradient: Float64Array<ArrayBuffer> } {
  const layers = denseLayers(model)
  const activations: ArrayLike<number>[] = [input]
  for (const layer of layers) activations.push(forward(layer, parameters, activations.at(-1)!))
  const { loss, error } = crossEntropy(activations.at(-1)!, label)

  const gradient = new Float64Array(parameters.length)
  let before = error
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inputs, units, weight, bias } = layers[l]!
    const x = activations[l]!
    const below = new Float64Array(inputs)
    for (let u = 0; u < units; u++) gradient[bias + u] = before[u]!
    for (let i = 0; i < inputs; i++) {
      let sum = 0
      for (let u = 0; u < units; u++) {
        gradient[weight + i * units + u] = x[i]! * before[u]!
        sum += parameters[weight + i * units + u]! * before[u]!
      }
      // A layer below with ReLU passes nothing back where it gave 0.
      below[i] = l > 0 && layers[l - 1]!.isRelu && x[i]! <= 0 ? 0 : sum
    }
    before = below
  }
  return { loss, gradient }
}

function denseLayers(model: ModelSpec): readonly DenseLayer[] {
  const { tensors } = parameterLayout(model)
  return model.layers.flatMap((layer, index) => {
    if (layer.type === 'flatten') return []
    if (layer.type !== 'dense' || layer.activation === 'tanh') throw new RangeError(`a layer of ${layer.type}`)
    const weight = tensors.find(tensor => tensor.layer === index && tensor.kind === 'weight')!
    const bias = tensors.find(tensor => tensor.layer === index && tensor.kind === 'bias')!
    const isRelu = layer.activation === 'relu'
    return [{ inputs: weight.shape[0]!, units: layer.units, weight: weight.offset, bias: bias.offset, isRelu }]
  })
}

function forward(
  { inputs, units, weight, bias, isRelu }: DenseLayer,
  parameters: Float32Array,
  x: ArrayLike<number>,
): Float64Array {
  const y = Float64Array.from(parameters.subarray(bias, bias + units))
  for (let i = 0; i < inputs; i++) {
    if (x[i] === 0) continue
    for (let u = 0; u < units; u++) y[u]! += x[i]! * parameters[weight + i * units + u]!
  }
  return isRelu ? y.map(value => Math.max(0, value)) : y
}

/** @param logits one for yes, or one a class */
function crossEntropy(
  logits: ArrayLike<number>,
  label: number,
): { readonly loss: number; readonly error: Float64Array<ArrayBuffer> } {
  if (logits.length === 1) {
    const z = logits[0]!
    const loss = Math.max(z, 0) - z * label + Math.log1p(Math.exp(-Math.abs(z)))
    return { loss, error: Float64Array.of(1 / (1 + Math.exp(-z)) - label) }
  }
  const largest = Math.max(...Array.from(logits))
  const weights = Float64Array.from(logits, z => Math.exp(z - largest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const error = weights.map((weight, c) => weight / total - (c === label ? 1 : 0))
  return { loss: Math.log(total) + largest - logits[label]!, error }
}
