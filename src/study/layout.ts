import { AppError } from '../errors/AppError.ts'
import { edgeCount, edgeFilters, edgeKernel } from './edgeFilters.ts'
import { type DataSchema, isBuiltIn, isFrozen, type LayerSpec, type ModelSpec } from './manifest.ts'
import { publicRandom } from './random.ts'

/** Where one tensor of a model lies in the flat vector of all parameters. */
export interface ParameterTensor {
  /** Layer's index and role, such as `0.weight`. */
  readonly name: string
  /** Index into the model's layers. */
  readonly layer: number
  readonly kind: 'weight' | 'bias'
  /** Dense: [inputs, units]. Conv2d: [kernel, kernel, channels, filters]. Bias: [units]. */
  readonly shape: readonly number[]
  /** First element in the flat vector. */
  readonly offset: number
  /** Number of elements. */
  readonly size: number
  /** Stays at the hospital: never part of an update. */
  readonly local: boolean
  /** Keeps its first values: neither trained nor part of an update. */
  readonly frozen: boolean
}

/** All of a model's parameters as one flat vector: layer by layer, weight before bias, rows first. */
export interface ParameterLayout {
  readonly tensors: readonly ParameterTensor[]
  /** Number of all parameters. */
  readonly size: number
  /** Number of parameters that the hospitals share; the rest is site-local or frozen. */
  readonly sharedSize: number
  /** Number of parameters that everybody starts from alike: the shared and the frozen ones. */
  readonly startSize: number
  /** Width of the model's output: 1 = a logit for yes, more = one logit a class. */
  readonly outputs: number
  /** What each layer gives for one example, in order. */
  readonly activations: readonly (readonly number[])[]
}

/**
 * Lays a model's parameters out and checks on the way that every layer fits the one before it.
 * @throws AppError study.badManifest naming the first layer that does not fit
 */
export function parameterLayout(model: ModelSpec): ParameterLayout {
  const last = model.layers.length - 1
  const head = model.layers[last]
  if (head?.type !== 'dense' || head.activation !== 'linear') {
    throw misfit(last, 'the last layer must be dense and linear, because it gives the logits')
  }
  if (model.input.length !== 1 && model.input.length !== 3) {
    throw new AppError('study.badManifest', {
      reason: `model.input: ${model.input.join('x')} is neither a row of features nor height x width x channels`,
    })
  }

  const tensors: ParameterTensor[] = []
  const activations: (readonly number[])[] = []
  let offset = 0
  let sharedSize = 0
  let startSize = 0
  let shape: readonly number[] = model.input
  model.layers.forEach((layer, index) => {
    const frozen = isFrozen(layer)
    for (const [kind, tensorShape] of tensorShapes(layer, index, shape)) {
      const size = count(tensorShape)
      const local = index === last && (model.siteLocal === 'head' || (model.siteLocal === 'bias' && kind === 'bias'))
      tensors.push({ name: `${index}.${kind}`, layer: index, kind, shape: tensorShape, offset, size, local, frozen })
      offset += size
      if (!local) startSize += size
      if (!local && !frozen) sharedSize += size
    }
    shape = outputShape(layer, index, shape)
    activations.push(shape)
  })
  if (sharedSize === 0) {
    throw new AppError('study.badManifest', { reason: 'model.siteLocal: nothing is left that hospitals could share' })
  }
  return { tensors, size: offset, sharedSize, startSize, outputs: head.units, activations }
}

/**
 * Checks that a model reads what the study's data gives and answers what it asks.
 * @param width number of inputs that one row of a table becomes; images say it themselves
 * @throws AppError study.badManifest
 */
export function checkModel(model: ModelSpec, schema: DataSchema, width?: number): ParameterLayout {
  const layout = parameterLayout(model)
  const expected = schema.kind === 'images' ? [schema.height, schema.width, schema.channels] : width && [width]
  if (expected && count(expected) !== count(model.input)) {
    throw new AppError('study.badManifest', {
      reason: `model.input: the data gives ${expected.join('x')}, the model takes ${model.input.join('x')}`,
    })
  }
  const classes = schema.kind === 'images' ? schema.classes.length : 2
  if (layout.outputs !== classes && !(classes === 2 && layout.outputs === 1)) {
    throw misfit(
      model.layers.length - 1,
      `${layout.outputs} outputs for ${classes} classes; one logit a class, or a single one for yes and no`,
    )
  }
  return layout
}

/**
 * The part of a parameter vector that hospitals share, in order, as a new vector of layout.sharedSize.
 * @throws AppError aggregation.badUpdate when the vector is not of this model
 */
export function sharedPart(layout: ParameterLayout, full: Float32Array): Float32Array<ArrayBuffer> {
  if (full.length !== layout.size) throw new AppError('aggregation.badUpdate')
  return picked(sharedTensors(layout), full, layout.sharedSize)
}

/**
 * A copy of a parameter vector with its shared part replaced and the rest, site-local or frozen, kept.
 * @throws AppError aggregation.badUpdate when either vector is not of this model
 */
export function withShared(
  layout: ParameterLayout,
  full: Float32Array,
  shared: Float32Array,
): Float32Array<ArrayBuffer> {
  if (full.length !== layout.size || shared.length !== layout.sharedSize) throw new AppError('aggregation.badUpdate')
  return placed(sharedTensors(layout), full, shared)
}

/**
 * What a sponsor's own initial weights hold of a parameter vector: shared and frozen ones, in order, layout.startSize in all.
 * @throws AppError aggregation.badUpdate when the vector is not of this model
 */
export function startPart(layout: ParameterLayout, full: Float32Array): Float32Array<ArrayBuffer> {
  if (full.length !== layout.size) throw new AppError('aggregation.badUpdate')
  return picked(startTensors(layout), full, layout.startSize)
}

/**
 * A copy of a parameter vector with all that startPart takes replaced, and its site-local part kept.
 * @throws AppError aggregation.badUpdate when either vector is not of this model
 */
export function withStart(layout: ParameterLayout, full: Float32Array, start: Float32Array): Float32Array<ArrayBuffer> {
  if (full.length !== layout.size || start.length !== layout.startSize) throw new AppError('aggregation.badUpdate')
  return placed(startTensors(layout), full, start)
}

/**
 * The weights that everybody starts from: the same bytes on every machine for the same public seed.
 * He-uniform before a ReLU (He et al. 2015), Glorot-uniform otherwise (Glorot and Bengio 2010), biases zero. A model that
 * learns a single layer is convex, so that layer starts at zero. Built-in layers start with what they name.
 * @throws AppError study.badManifest when the layers do not fit
 */
export function initialParameters(model: ModelSpec, seed: number): Float32Array<ArrayBuffer> {
  const layout = parameterLayout(model)
  const parameters = new Float32Array(layout.size)
  const weights = layout.tensors.filter(tensor => tensor.kind === 'weight')
  const isConvex = weights.filter(tensor => !tensor.frozen).length === 1
  const random = publicRandom(seed)
  for (const { layer, shape, offset, size, frozen } of weights) {
    if (isConvex && !frozen) continue
    if (isBuiltIn(model.layers[layer])) {
      // Its bias comes right after it.
      parameters.set(edgeFilters(), offset)
      continue
    }
    const fanOut = shape[shape.length - 1]! * (shape.length === 4 ? shape[0]! * shape[1]! : 1)
    const fanIn = count(shape.slice(0, -1))
    const spec = model.layers[layer]!
    const relu = 'activation' in spec && spec.activation === 'relu'
    const limit = Math.sqrt(relu ? 6 / fanIn : 6 / (fanIn + fanOut))
    for (let i = 0; i < size; i++) parameters[offset + i] = (2 * random.unit() - 1) * limit
  }
  return parameters
}

function tensorShapes(
  layer: LayerSpec,
  index: number,
  input: readonly number[],
): (readonly ['weight' | 'bias', readonly number[]])[] {
  switch (layer.type) {
    case 'dense':
      if (input.length !== 1) throw misfit(index, 'a dense layer needs a flatten layer before it')
      return [
        ['weight', [input[0]!, layer.units]],
        ['bias', [layer.units]],
      ]
    case 'conv2d':
      if (input.length !== 3) throw misfit(index, 'a conv2d layer needs height x width x channels before it')
      if (isBuiltIn(layer) && (layer.kernel !== edgeKernel || layer.filters !== edgeCount || input[2] !== 1)) {
        throw misfit(index, `edges are ${edgeCount} filters of ${edgeKernel}x${edgeKernel} over 1 channel`)
      }
      return [
        ['weight', [layer.kernel, layer.kernel, input[2]!, layer.filters]],
        ['bias', [layer.filters]],
      ]
    case 'maxPool':
    case 'flatten':
      return []
  }
}

function outputShape(layer: LayerSpec, index: number, input: readonly number[]): readonly number[] {
  switch (layer.type) {
    case 'dense':
      return [layer.units]
    case 'flatten':
      return [count(input)]
    case 'conv2d': {
      if (layer.padding === 'same') return [input[0]!, input[1]!, layer.filters]
      const [height, width] = [input[0]! - layer.kernel + 1, input[1]! - layer.kernel + 1]
      if (height < 1 || width < 1) {
        throw misfit(index, `a kernel of ${layer.kernel} does not fit into ${input[0]}x${input[1]} without padding`)
      }
      return [height, width, layer.filters]
    }
    case 'maxPool': {
      if (input.length !== 3) throw misfit(index, 'a maxPool layer needs height x width x channels before it')
      const [height, width] = [Math.floor(input[0]! / layer.size), Math.floor(input[1]! / layer.size)]
      if (height < 1 || width < 1) {
        throw misfit(index, `a pool of ${layer.size} does not fit into ${input[0]}x${input[1]}`)
      }
      return [height, width, input[2]!]
    }
  }
}

function sharedTensors({ tensors }: ParameterLayout): readonly ParameterTensor[] {
  return tensors.filter(({ local, frozen }) => !local && !frozen)
}

function startTensors({ tensors }: ParameterLayout): readonly ParameterTensor[] {
  return tensors.filter(({ local }) => !local)
}

/** These tensors' values one after the other. */
function picked(tensors: readonly ParameterTensor[], full: Float32Array, size: number): Float32Array<ArrayBuffer> {
  const part = new Float32Array(size)
  let at = 0
  for (const tensor of tensors) {
    part.set(full.subarray(tensor.offset, tensor.offset + tensor.size), at)
    at += tensor.size
  }
  return part
}

/** A copy with these tensors' values from where picked puts them. */
function placed(
  tensors: readonly ParameterTensor[],
  full: Float32Array,
  part: Float32Array,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(full)
  let at = 0
  for (const tensor of tensors) {
    result.set(part.subarray(at, at + tensor.size), tensor.offset)
    at += tensor.size
  }
  return result
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1)
}

function misfit(layer: number, why: string): AppError {
  return new AppError('study.badManifest', { reason: `model.layers.${layer}: ${why}` })
}
