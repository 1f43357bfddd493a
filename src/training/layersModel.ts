import { z } from 'zod'
import type { Standardisation } from '../data/encode.ts'
import { AppError } from '../errors/AppError.ts'
import { parameterLayout, startPart } from '../study/layout.ts'
import { isFrozen, type LayerSpec, type ModelSpec } from '../study/manifest.ts'
import type { LayersModelFile, ReadModel } from './screen.ts'

/** What a layers model of ours says of itself beside its layers. */
export interface LayersModelNotes {
  readonly name: string
  /** What the inputs are, in order; of images only their shape counts. */
  readonly inputs: readonly string[]
  readonly classes: readonly string[]
}

/**
 * A model as a tfjs layers model (Keras' Sequential), so that `tf.loadLayersModel` and what converts from it can use it
 * without this application. It takes rows as they are before standardisation: mean and deviation are folded into the first
 * dense layer. Its last activation is written out, so that it answers with probabilities.
 * @param parameters all of them, this hospital's own part included
 * @example tf.loadLayersModel(tf.io.browserFiles([modelJson, weights]))
 */
export function writeLayersModel(
  model: ModelSpec,
  parameters: Float32Array,
  standardisation: Standardisation | null,
  notes: LayersModelNotes,
): LayersModelFile {
  const layout = parameterLayout(model)
  const values = folded(model, parameters, standardisation)
  const last = model.layers.length - 1
  const layers = model.layers.map((layer, index) => ({
    class_name: classNames[layer.type],
    config: {
      ...(index === 0 && { batch_input_shape: [null, ...model.input], dtype: 'float32' }),
      ...configOf(layer, index === last ? (layout.outputs === 1 ? 'sigmoid' : 'softmax') : null),
      name: nameOf(index),
      trainable: !isFrozen(layer),
    },
  }))
  const weights = layout.tensors.map(({ layer, kind, shape }) => ({
    name: `${nameOf(layer)}/${kind === 'weight' ? 'kernel' : 'bias'}`,
    shape,
    dtype: 'float32',
  }))
  const bytes = new ArrayBuffer(values.length * 4)
  const view = new DataView(bytes)
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true)
  })
  const modelJson = {
    format: 'layers-model',
    generatedBy: 'Wardround',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'wardround', layers },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
    userDefinedMetadata: { ...notes, use: 'For research, not for the care of a patient.' },
  }
  return { modelJson: `${JSON.stringify(modelJson, null, 1)}\n`, weights: bytes }
}

/**
 * A tfjs layers model as a study's model: Sequential, of dense, conv2d, max pooling and flatten layers; what does nothing
 * when predicting (dropout) is left out. Its last layer's sigmoid or softmax becomes our logits. Layers that are not
 * trainable there are frozen here.
 * @param files model.json and its weights, as they are named in it
 * @param siteLocal which part each hospital keeps to itself; left out of the parameters
 * @throws AppError model.unreadable
 */
export function readLayersModel(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  siteLocal: ModelSpec['siteLocal'],
): ReadModel {
  const json = files.find(({ name }) => /\.json$/i.test(name))
  if (json === undefined) throw unreadable('The choice', 'there is no model.json among the files')
  const refuse = (reason: string, cause?: unknown) => unreadable(json.name, reason, cause)
  const parsed = modelShape.safeParse(parseJson(json.bytes, refuse))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw refuse(`it is no layers model (${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'})`, parsed.error)
  }
  const { modelTopology, weightsManifest } = parsed.data
  const topology = modelTopology.model_config ?? modelTopology
  if (topology.class_name !== 'Sequential') {
    throw refuse(`it is a ${topology.class_name ?? 'nameless'} model; only Sequential ones can be used`)
  }
  const config = topology.config
  const listed = Array.isArray(config) ? config : (config?.layers ?? [])
  const { model, named } = layersOf(listed, siteLocal, refuse)
  const layout = fitting(model, refuse)
  if (layout.size > mostParameters) {
    throw refuse(`it has ${layout.size} weights; with more than ${mostParameters} every round would take too long`)
  }
  const weights = weightsOf(weightsManifest, files, json.name, refuse)
  const parameters = new Float32Array(layout.size)
  for (const tensor of layout.tensors) {
    const { name, hasBias } = named[tensor.layer] as (typeof named)[number]
    if (tensor.kind === 'bias' && !hasBias) continue
    const role = tensor.kind === 'weight' ? 'kernel' : 'bias'
    const found = weights.filter(weight => weight.layer === name && weight.role === role)
    const [weight] = found
    if (weight === undefined || found.length > 1) throw refuse(`its layer “${name}” has no ${role} of its own`)
    if (weight.shape.join() !== tensor.shape.join()) {
      throw refuse(
        `the ${role} of “${name}” is ${weight.shape.join('x')} where the layer takes ${tensor.shape.join('x')}`,
      )
    }
    parameters.set(weight.values, tensor.offset)
  }
  if (!parameters.every(Number.isFinite)) throw refuse('its weights are not all finite numbers')
  return { model, parameters: startPart(layout, parameters) }
}

/** 40 MB a round and hospital. */
const mostParameters = 10_000_000

type Refuse = (reason: string, cause?: unknown) => AppError

const classNames: Readonly<Record<LayerSpec['type'], string>> = {
  dense: 'Dense',
  conv2d: 'Conv2D',
  maxPool: 'MaxPooling2D',
  flatten: 'Flatten',
}

function nameOf(layer: number): string {
  return `layer_${layer + 1}`
}

function configOf(layer: LayerSpec, output: 'sigmoid' | 'softmax' | null): object {
  switch (layer.type) {
    case 'dense':
      return { units: layer.units, activation: output ?? layer.activation, use_bias: true }
    case 'conv2d':
      return {
        filters: layer.filters,
        kernel_size: [layer.kernel, layer.kernel],
        strides: [1, 1],
        padding: layer.padding,
        data_format: 'channels_last',
        dilation_rate: [1, 1],
        activation: layer.activation,
        use_bias: true,
      }
    case 'maxPool':
      return {
        pool_size: [layer.size, layer.size],
        strides: [layer.size, layer.size],
        padding: 'valid',
        data_format: 'channels_last',
      }
    case 'flatten':
      return { data_format: 'channels_last' }
  }
}

/** W' = W / deviation and b' = b − Σ mean · W', so that the model takes rows as they are. In doubles, rounded once. */
function folded(model: ModelSpec, parameters: Float32Array, by: Standardisation | null): Float32Array {
  const result = new Float32Array(parameters)
  if (by === null) return result
  const [weight, bias] = parameterLayout(model).tensors
  if (weight === undefined || bias === undefined || weight.shape.length !== 2) {
    throw new TypeError('only rows of a table are standardised, and those meet a dense layer first')
  }
  const [inputs, units] = weight.shape as readonly [number, number]
  for (let unit = 0; unit < units; unit++) {
    let shift = parameters[bias.offset + unit] as number
    for (let input = 0; input < inputs; input++) {
      const at = weight.offset + input * units + unit
      const scaled = (parameters[at] as number) / (by.deviation[input] as number)
      shift -= (by.mean[input] as number) * scaled
      result[at] = scaled
    }
    result[bias.offset + unit] = shift
  }
  return result
}

function layersOf(
  listed: readonly { readonly class_name: string; readonly config: Record<string, unknown> }[],
  siteLocal: ModelSpec['siteLocal'],
  refuse: Refuse,
): { readonly model: ModelSpec; readonly named: readonly { readonly name: string; readonly hasBias: boolean }[] } {
  let input: number[] | undefined
  const layers: LayerSpec[] = []
  const named: { name: string; hasBias: boolean }[] = []
  /** Of the last layer with weights, if nothing but an activation may follow. */
  let output: string | undefined
  for (const { class_name: kind, config } of listed) {
    const name = typeof config.name === 'string' ? config.name : kind
    const shape = config.batch_input_shape ?? config.batch_shape
    if (Array.isArray(shape)) input ??= shape.slice(1) as number[]
    const says = (key: string, ...allowed: readonly unknown[]) => {
      const value = config[key]
      const text = JSON.stringify(value)
      if (value !== undefined && value !== null && !allowed.some(one => JSON.stringify(one) === text)) {
        throw refuse(`its layer “${name}” has ${key} ${text}, which is not supported`)
      }
    }
    const activation = (given: unknown): 'linear' | 'relu' | 'tanh' => {
      const word = given === undefined || given === null ? 'linear' : String(given)
      output = undefined
      if (word === 'linear' || word === 'relu' || word === 'tanh') return word
      if (word !== 'sigmoid' && word !== 'softmax') {
        throw refuse(`its layer “${name}” has activation “${word}”, which is not supported`)
      }
      output = word
      return 'linear'
    }
    if (output !== undefined && kind !== 'Dropout') {
      throw refuse(`a ${output} comes before its last layer, which is not supported`)
    }
    const frozen = config.trainable === false ? { frozen: true as const } : {}
    switch (kind) {
      case 'InputLayer':
      case 'Dropout':
        break
      case 'Dense':
        layers.push({
          type: 'dense',
          units: wholeOf(config.units, name, refuse),
          activation: activation(config.activation),
          ...frozen,
        })
        named.push({ name, hasBias: config.use_bias !== false })
        break
      case 'Conv2D': {
        const kernel = squareOf(config.kernel_size, name, 'kernel', refuse)
        says('strides', 1, [1], [1, 1])
        says('dilation_rate', 1, [1], [1, 1])
        says('data_format', 'channels_last')
        says('padding', 'same', 'valid')
        layers.push({
          type: 'conv2d',
          filters: wholeOf(config.filters, name, refuse),
          kernel,
          padding: config.padding === 'same' ? 'same' : 'valid',
          activation: activation(config.activation),
          ...frozen,
        })
        named.push({ name, hasBias: config.use_bias !== false })
        break
      }
      case 'MaxPooling2D': {
        const size = squareOf(config.pool_size ?? 2, name, 'pool', refuse)
        says('strides', size, [size, size])
        says('padding', 'valid')
        says('data_format', 'channels_last')
        layers.push({ type: 'maxPool', size })
        named.push({ name, hasBias: false })
        break
      }
      case 'Flatten':
        says('data_format', 'channels_last')
        layers.push({ type: 'flatten' })
        named.push({ name, hasBias: false })
        break
      case 'Activation':
      case 'ReLU':
      case 'Softmax': {
        const before = layers[layers.length - 1]
        const given = kind === 'Activation' ? config.activation : kind.toLowerCase()
        if (before === undefined || !('activation' in before) || before.activation !== 'linear') {
          throw refuse(`its layer “${name}” follows no layer that it could belong to`)
        }
        layers[layers.length - 1] = { ...before, activation: activation(given) }
        break
      }
      default:
        throw refuse(`it has a ${kind} layer; supported are Dense, Conv2D, MaxPooling2D, Flatten and Dropout`)
    }
  }
  const last = layers[layers.length - 1]
  if (input === undefined) throw refuse('it does not say what it takes as input')
  if (!input.every(size => Number.isInteger(size) && size > 0)) throw refuse('its input has no fixed size')
  if (isFrozen(last)) throw refuse('its last layer is not trainable, so that the hospitals could learn nothing with it')
  if (last?.type === 'dense' && output === 'softmax' && last.units === 1) {
    throw refuse('a softmax of one number is always 1; for yes and no use a sigmoid')
  }
  if (last?.type === 'dense' && output === 'sigmoid' && last.units > 1) {
    throw refuse('several classes need a softmax, so that one of them is right')
  }
  return { model: { input, layers, siteLocal }, named }
}

function fitting(model: ModelSpec, refuse: Refuse) {
  try {
    return parameterLayout(model)
  } catch (cause) {
    throw refuse(cause instanceof AppError ? String(cause.details.reason) : 'its layers do not fit', cause)
  }
}

interface Weight {
  readonly layer: string
  readonly role: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** All weights by their layer's name: "dense_1/kernel", or as Keras writes it, "sequential/dense_1/kernel:0". */
function weightsOf(
  manifest: z.infer<typeof modelShape>['weightsManifest'],
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  json: string,
  refuse: Refuse,
): readonly Weight[] {
  return manifest.flatMap(({ paths, weights }) => {
    const parts = paths.map(path => {
      const name = path.split('/').pop() as string
      const others = files.filter(file => file.name !== json)
      // A browser renames what it downloads twice; where there is one file for one path, it is that.
      const only = manifest.length === 1 && paths.length === 1 && others.length === 1 ? others[0] : undefined
      const file = files.find(one => one.name === name) ?? only
      if (file === undefined) throw refuse(`its weights “${name}” are not among the files`)
      return file.bytes
    })
    const total = parts.reduce((sum, part) => sum + part.length, 0)
    const bytes = new Uint8Array(total)
    let offset = 0
    for (const part of parts) {
      bytes.set(part, offset)
      offset += part.length
    }
    const view = new DataView(bytes.buffer)
    let at = 0
    const read = weights.map(({ name, shape, dtype, quantization }): Weight => {
      if (dtype !== 'float32' || quantization !== undefined) {
        throw refuse(`its weights “${name}” are ${quantization ? 'quantised' : dtype}; only float32 can be used`)
      }
      const count = shape.reduce((product, n) => product * n, 1)
      if (at + count * 4 > total) throw refuse('its weights’ file is too short')
      const values = new Float32Array(count)
      for (let i = 0; i < count; i++) values[i] = view.getFloat32(at + i * 4, true)
      at += count * 4
      const path = name.replace(/:\d+$/, '').split('/')
      return { role: path[path.length - 1] ?? '', layer: path[path.length - 2] ?? '', shape, values }
    })
    if (at !== total) throw refuse('its weights’ file is longer than its description')
    return read
  })
}

function wholeOf(value: unknown, layer: string, refuse: Refuse): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw refuse(`its layer “${layer}” does not say its size`)
}

function squareOf(value: unknown, layer: string, what: string, refuse: Refuse): number {
  const sizes = Array.isArray(value) ? value : [value]
  if (sizes.some(size => size !== sizes[0])) throw refuse(`its layer “${layer}” has a ${what} that is not square`)
  return wholeOf(sizes[0], layer, refuse)
}

function parseJson(bytes: Uint8Array, refuse: Refuse): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw refuse('it is no JSON', cause)
  }
}

function unreadable(file: string, reason: string, cause?: unknown): AppError {
  return new AppError('model.unreadable', { file, reason }, cause)
}

const layerShape = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) })
const topologyShape = z.object({
  class_name: z.string().optional(),
  config: z.union([z.array(layerShape), z.object({ layers: z.array(layerShape) })]).optional(),
})
const modelShape = z.object({
  modelTopology: topologyShape.extend({ model_config: topologyShape.optional() }),
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(z.string().min(1)).min(1),
        weights: z.array(
          z.object({
            name: z.string(),
            shape: z.array(z.number().int().nonnegative()),
            dtype: z.string(),
            quantization: z.unknown().optional(),
          }),
        ),
      }),
    )
    .min(1),
})
