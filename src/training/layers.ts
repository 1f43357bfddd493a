import * as tf from '@tensorflow/tfjs-core'
import { type ParameterLayout, parameterLayout } from '../study/layout.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import {
  convFilter,
  denseWeight,
  type ExampleGradient,
  bias as exampleBias,
  type SamePatient,
} from './exampleGradients.ts'

/**
 * A model as two passes over tensors. The backward pass is written out instead of recorded: it needs no tape, it may use the
 * fused forward kernels, and it computes only the gradients that are wanted.
 */
export interface Network {
  readonly layout: ParameterLayout
  /**
   * Logits [batch, outputs] for inputs [batch, features]. Call within tf.tidy.
   * @param parameters one tensor for each of layout.tensors, in that order
   * @param tape filled with what backward needs; leave it out to predict
   */
  forward(inputs: tf.Tensor2D, parameters: readonly tf.Tensor[], tape?: Tape): tf.Tensor2D
  /**
   * Gradients of the parameters, given the gradient of the logits. Call within the same tf.tidy as forward.
   * @param wanted which of layout.tensors to compute; the others come back undefined
   */
  backward(
    gradient: tf.Tensor2D,
    parameters: readonly tf.Tensor[],
    tape: Tape,
    wanted: readonly boolean[],
  ): readonly (tf.Tensor | undefined)[]
  /**
   * As backward, but for each patient: norms, and sums weighted by patient. One pass. Call within the same tf.tidy as
   * forward.
   * @param gradient of each example's own loss, not of the batch's mean
   * @param same which rows are of one patient; left out where each row is a patient
   */
  exampleGradients(
    gradient: tf.Tensor2D,
    parameters: readonly tf.Tensor[],
    tape: Tape,
    wanted: readonly boolean[],
    same?: SamePatient,
  ): readonly (ExampleGradient | undefined)[]
}

/** Input and output of each layer, in order. */
export type Tape = { readonly input: tf.Tensor; readonly output: tf.Tensor }[]

/** One layer: a function of its input, and how a gradient of its output is passed back. */
interface Layer {
  forward(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor
  /** The gradient before the activation, from the one after it and the layer's output. */
  before(dy: tf.Tensor, y: tf.Tensor): tf.Tensor
  /** The gradient of the layer's input. */
  input(dz: tf.Tensor, x: tf.Tensor, y: tf.Tensor, weight: tf.Tensor): tf.Tensor
  readonly parameters?: LayerParameters
}

/** Gradients of a layer's weight and bias, summed over the batch and for each patient. */
interface LayerParameters {
  weight(x: tf.Tensor, dz: tf.Tensor): tf.Tensor
  bias(dz: tf.Tensor): tf.Tensor
  exampleWeight(x: tf.Tensor, dz: tf.Tensor, same: SamePatient): ExampleGradient
}

/**
 * Builds the network of a model.
 * @throws AppError study.badManifest when the layers do not fit
 */
export function createNetwork(model: ModelSpec): Network {
  const layout = parameterLayout(model)
  const layers = model.layers.map(createLayer)
  const weightOf = model.layers.map((_, i) => layout.tensors.findIndex(t => t.layer === i && t.kind === 'weight'))
  const inputOf = [model.input, ...layout.activations]

  /** Walks from the logits down to the first layer with a wanted tensor, and visits each that has parameters. */
  const descend = (
    gradient: tf.Tensor2D,
    parameters: readonly tf.Tensor[],
    tape: Tape,
    wanted: readonly boolean[],
    visit: (of: LayerParameters, at: number, x: tf.Tensor, dz: tf.Tensor) => void,
  ): void => {
    const first = layout.tensors.findIndex((_, i) => wanted[i])
    const firstLayer = first < 0 ? layers.length : layout.tensors[first]!.layer
    let dy: tf.Tensor = gradient
    for (let i = layers.length - 1; i >= firstLayer; i--) {
      const layer = layers[i]!
      const at = weightOf[i]!
      const { input, output } = tape[i]!
      const dz = layer.before(tf.reshape(dy, [-1, ...inputOf[i + 1]!]), output)
      if (layer.parameters) visit(layer.parameters, at, input, dz)
      if (i > firstLayer) dy = layer.input(dz, input, output, parameters[at]!)
    }
  }

  return {
    layout,

    forward(inputs, parameters, tape) {
      let x: tf.Tensor = model.input.length === 1 ? inputs : tf.reshape(inputs, [-1, ...model.input])
      layers.forEach((layer, i) => {
        const at = weightOf[i]!
        const output = layer.forward(x, parameters[at]!, parameters[at + 1]!)
        tape?.push({ input: x, output })
        x = output
      })
      return x as tf.Tensor2D
    },

    backward(gradient, parameters, tape, wanted) {
      const gradients: (tf.Tensor | undefined)[] = layout.tensors.map(() => undefined)
      descend(gradient, parameters, tape, wanted, (of, at, x, dz) => {
        if (wanted[at]) gradients[at] = of.weight(x, dz)
        if (wanted[at + 1]) gradients[at + 1] = of.bias(dz)
      })
      return gradients
    },

    exampleGradients(gradient, parameters, tape, wanted, same) {
      const gradients: (ExampleGradient | undefined)[] = layout.tensors.map(() => undefined)
      descend(gradient, parameters, tape, wanted, (of, at, x, dz) => {
        if (wanted[at]) gradients[at] = of.exampleWeight(x, dz, same)
        if (wanted[at + 1]) gradients[at + 1] = exampleBias(dz, same)
      })
      return gradients
    },
  }
}

function createLayer(layer: LayerSpec): Layer {
  switch (layer.type) {
    case 'dense':
      return {
        forward: (x, weight, bias) =>
          activate(
            layer.activation,
            tf.fused.matMul({
              a: x as tf.Tensor2D,
              b: weight as tf.Tensor2D,
              bias,
              activation: fusable(layer.activation),
            }),
          ),
        before: (dy, y) => beforeActivation(layer.activation, dy, y),
        input: (dz, _x, _y, weight) => tf.matMul(dz as tf.Tensor2D, weight as tf.Tensor2D, false, true),
        parameters: {
          weight: (x, dz) => tf.matMul(x as tf.Tensor2D, dz as tf.Tensor2D, true, false),
          bias: dz => tf.sum(dz, 0),
          exampleWeight: (x, dz, same) => denseWeight(x as tf.Tensor2D, dz as tf.Tensor2D, same),
        },
      }
    case 'conv2d': {
      const attrs = { strides: 1, pad: layer.padding, dataFormat: 'NHWC' as const }
      return {
        forward: (x, weight, bias) =>
          activate(
            layer.activation,
            tf.fused.conv2d({
              ...attrs,
              x: x as tf.Tensor4D,
              filter: weight as tf.Tensor4D,
              bias,
              activation: fusable(layer.activation),
            }),
          ),
        before: (dy, y) => beforeActivation(layer.activation, dy, y),
        input: (dz, x, _y, weight) =>
          kernel('Conv2DBackpropInput', { dy: dz, filter: weight }, { ...attrs, inputShape: x.shape }),
        parameters: {
          weight(x, dz) {
            const filterShape = [layer.kernel, layer.kernel, x.shape[3]!, layer.filters]
            return kernel('Conv2DBackpropFilter', { x, dy: dz }, { ...attrs, filterShape })
          },
          bias: dz => tf.sum(dz, [0, 1, 2]),
          exampleWeight: (x, dz, same) =>
            convFilter(x as tf.Tensor4D, dz as tf.Tensor4D, layer.kernel, layer.padding, same),
        },
      }
    }
    case 'maxPool': {
      const attrs = { filterSize: layer.size, strides: layer.size, pad: 'valid' }
      return {
        forward: x => tf.maxPool(x as tf.Tensor4D, layer.size, layer.size, 'valid'),
        before: dy => dy,
        input: (dy, x, y) => kernel('MaxPoolGrad', { dy, input: x, output: y }, attrs),
      }
    }
    case 'flatten':
      return {
        forward: x => tf.reshape(x, [x.shape[0]!, -1]),
        before: dy => dy,
        input: (dy, x) => tf.reshape(dy, x.shape),
      }
  }
}

type Activation = 'linear' | 'relu' | 'tanh'

/** No backend fuses tanh everywhere. */
function fusable(activation: Activation): 'linear' | 'relu' {
  return activation === 'relu' ? 'relu' : 'linear'
}

function activate(activation: Activation, z: tf.Tensor): tf.Tensor {
  return activation === 'tanh' ? tf.tanh(z) : z
}

/** The gradient before the activation, from the one after it and the activation's own output. */
function beforeActivation(activation: Activation, dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  switch (activation) {
    case 'linear':
      return dy
    case 'relu':
      return tf.mul(dy, tf.step(y))
    case 'tanh':
      return tf.mul(dy, tf.sub(1, tf.square(y)))
  }
}

/** Runs a kernel that tfjs reaches only from its own tape. */
function kernel(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor
}
