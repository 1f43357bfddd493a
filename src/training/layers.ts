import * as tf from '@tensorflow/tfjs-core'
import { type ParameterLayout, parameterLayout } from '../study/layout.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'

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
}

/** Input and output of each layer, in order. */
export type Tape = { readonly input: tf.Tensor; readonly output: tf.Tensor }[]

interface Layer {
  forward(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor
  backward(step: Step): Gradients
}

interface Step {
  readonly dy: tf.Tensor
  readonly x: tf.Tensor
  readonly y: tf.Tensor
  readonly weight: tf.Tensor
  readonly wants: { readonly x: boolean; readonly weight: boolean; readonly bias: boolean }
}

interface Gradients {
  readonly x?: tf.Tensor | undefined
  readonly weight?: tf.Tensor | undefined
  readonly bias?: tf.Tensor | undefined
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
      const first = layout.tensors.findIndex((_, i) => wanted[i])
      const firstLayer = first < 0 ? layers.length : layout.tensors[first]!.layer
      let dy: tf.Tensor = gradient
      for (let i = layers.length - 1; i >= firstLayer; i--) {
        const at = weightOf[i]!
        const { input, output } = tape[i]!
        const result = layers[i]!.backward({
          dy: tf.reshape(dy, [-1, ...inputOf[i + 1]!]),
          x: input,
          y: output,
          weight: parameters[at]!,
          wants: { x: i > firstLayer, weight: wanted[at] ?? false, bias: wanted[at + 1] ?? false },
        })
        if (at >= 0) {
          gradients[at] = result.weight
          gradients[at + 1] = result.bias
        }
        if (result.x) dy = result.x
      }
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
        backward({ dy, x, y, weight, wants }) {
          const dz = beforeActivation(layer.activation, dy, y) as tf.Tensor2D
          return {
            weight: wants.weight ? tf.matMul(x as tf.Tensor2D, dz, true, false) : undefined,
            bias: wants.bias ? tf.sum(dz, 0) : undefined,
            x: wants.x ? tf.matMul(dz, weight as tf.Tensor2D, false, true) : undefined,
          }
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
        backward({ dy, x, y, weight, wants }) {
          const dz = beforeActivation(layer.activation, dy, y)
          return {
            weight: wants.weight
              ? kernel('Conv2DBackpropFilter', { x, dy: dz }, { ...attrs, filterShape: weight.shape })
              : undefined,
            bias: wants.bias ? tf.sum(dz, [0, 1, 2]) : undefined,
            x: wants.x
              ? kernel('Conv2DBackpropInput', { dy: dz, filter: weight }, { ...attrs, inputShape: x.shape })
              : undefined,
          }
        },
      }
    }
    case 'maxPool': {
      const attrs = { filterSize: layer.size, strides: layer.size, pad: 'valid' }
      return {
        forward: x => tf.maxPool(x as tf.Tensor4D, layer.size, layer.size, 'valid'),
        backward: ({ dy, x, y }) => ({ x: kernel('MaxPoolGrad', { dy, input: x, output: y }, attrs) }),
      }
    }
    case 'flatten':
      return {
        forward: x => tf.reshape(x, [x.shape[0]!, -1]),
        backward: ({ dy, x }) => ({ x: tf.reshape(dy, x.shape) }),
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
