import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { initialParameters, parameterLayout, sharedPart } from '../study/layout.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { digitsStudy } from '../study/studies/digits.ts'
import { createEngine, type Engine } from './engine.ts'
import { readLayersModel, writeLayersModel } from './layersModel.ts'
import type { LayersModelFile } from './screen.ts'

const notes = { name: 'Test', inputs: [], classes: ['no', 'yes'] }
const table: ModelSpec = {
  input: [4],
  layers: [
    { type: 'dense', units: 5, activation: 'tanh' },
    { type: 'dense', units: 1, activation: 'linear' },
  ],
  siteLocal: 'bias',
}
const images: ModelSpec = {
  input: [9, 9, 2],
  layers: [
    { type: 'conv2d', filters: 3, kernel: 3, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'conv2d', filters: 4, kernel: 2, padding: 'valid', activation: 'tanh' },
    { type: 'flatten' },
    { type: 'dense', units: 3, activation: 'linear' },
  ],
  siteLocal: 'none',
}
let engine: Engine

beforeAll(async () => {
  engine = await createEngine('cpu')
})

const filesOf = ({ modelJson, weights }: LayersModelFile) => [
  { name: 'model.json', bytes: new TextEncoder().encode(modelJson) },
  { name: 'weights.bin', bytes: new Uint8Array(weights) },
]

function random(count: number, seed: number): Float32Array {
  const numbers = publicRandom(seed)
  return Float32Array.from({ length: count }, () => 2 * numbers.unit() - 1)
}

/** As anybody would load the two files that were saved. */
async function inStockTfjs({ modelJson, weights }: LayersModelFile, inputs: Float32Array, shape: readonly number[]) {
  const { modelTopology, weightsManifest } = JSON.parse(modelJson)
  const loaded = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weights }),
  )
  const output = tf.tidy(
    () => loaded.predict(tf.tensor(inputs, [inputs.length / shape.reduce((a, b) => a * b, 1), ...shape])) as tf.Tensor,
  )
  const values = await output.data()
  output.dispose()
  loaded.dispose()
  return values as Float32Array
}

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

describe('a model written as a tfjs layers model', () => {
  it('answers in stock tfjs as here, for images through convolutions', async () => {
    const parameters = random(parameterLayout(images).size, 1)
    const inputs = random(20 * 162, 2)
    const ours = await engine.predict(images, parameters, inputs, 20)
    const theirs = await inStockTfjs(writeLayersModel(images, parameters, null, notes), inputs, images.input)
    expect(farthest(ours, theirs)).toBeLessThan(1e-5)
  })

  it('takes rows of a table as they are, with the standardisation inside', async () => {
    const parameters = random(parameterLayout(table).size, 3)
    const by = { mean: Float64Array.of(60, 0.2, 130, -4), deviation: Float64Array.of(9, 0.4, 17, 1) }
    const rows = random(4 * 50, 4).map((value, i) => value * 20 + (by.mean[i % 4] as number))
    const standardised = rows.map((value, i) => (value - (by.mean[i % 4] as number)) / (by.deviation[i % 4] as number))
    const ours = await engine.predict(table, parameters, standardised, 50)
    const theirs = await inStockTfjs(writeLayersModel(table, parameters, by, notes), rows, table.input)
    expect(farthest(ours, theirs)).toBeLessThan(1e-5)
  })

  it.each([
    ['a table’s', table],
    ['convolutions', images],
    ['the digits’', digitsStudy().manifest.model],
  ])('comes back as it was: %s', (_, model) => {
    const parameters = initialParameters(model, 9).map((value, i) => value + i / 1e6)
    const read = readLayersModel(filesOf(writeLayersModel(model, parameters, null, notes)), model.siteLocal)
    expect(read.model).toEqual(model)
    expect(read.parameters).toEqual(sharedPart(parameterLayout(model), parameters))
  })
})

it('says of frozen layers that they are not trainable, and reads them back with their weights', () => {
  const [first, ...rest] = images.layers as [LayerSpec, ...LayerSpec[]]
  const frozen: ModelSpec = { ...images, layers: [{ ...first, frozen: true } as LayerSpec, ...rest] }
  const parameters = random(parameterLayout(frozen).size, 6)
  const file = writeLayersModel(frozen, parameters, null, notes)
  const { layers } = JSON.parse(file.modelJson).modelTopology.config
  expect(layers.map(({ config }: { config: { trainable: boolean } }) => config.trainable)).toEqual([
    ...[false, true, true, true, true],
  ])
  expect(readLayersModel(filesOf(file), 'none')).toEqual({ model: frozen, parameters })
})

describe('a layers model that somebody brings', () => {
  const saved = async (model: tf.LayersModel) => {
    let artifacts: tf.io.ModelArtifacts | undefined
    await model.save(
      tf.io.withSaveHandler(async given => {
        artifacts = given
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) }
      }),
    )
    if (artifacts === undefined) throw new Error('nothing was saved')
    const weights = tf.io.CompositeArrayBuffer.join(artifacts.weightData)
    const manifest = tf.io.getWeightSpecs([{ paths: ['./weights.bin'], weights: artifacts.weightSpecs ?? [] }])
    const modelJson = JSON.stringify({
      modelTopology: artifacts.modelTopology,
      weightsManifest: [{ paths: ['./weights.bin'], weights: manifest }],
    })
    return { modelJson, weights }
  }

  it('is read as stock tfjs saves it, and answers as there', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [9, 9, 2], filters: 3, kernelSize: 3, activation: 'relu', useBias: false }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 6 }),
        tf.layers.activation({ activation: 'tanh' }),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    })
    const inputs = random(10 * 162, 5)
    const output = model.predict(tf.tensor(inputs, [10, 9, 9, 2])) as tf.Tensor
    const read = readLayersModel(filesOf(await saved(model)), 'none')
    const ours = await engine.predict(read.model, read.parameters, inputs, 10)
    expect(farthest(ours, (await output.data()) as Float32Array)).toBeLessThan(1e-5)
  })

  it('finds its weights though a browser renamed the file', () => {
    const [json, weights] = filesOf(writeLayersModel(table, random(31, 1), null, notes)) as [
      { name: string; bytes: Uint8Array },
      { name: string; bytes: Uint8Array },
    ]
    expect(
      readLayersModel(
        [
          { ...json, name: 'model (1).json' },
          { ...weights, name: 'weights (1).bin' },
        ],
        'bias',
      ).model,
    ).toEqual(table)
  })

  const dense = (units: number, activation = 'linear') =>
    tf.layers.dense({ inputShape: [4], units, activation } as never)
  it.each([
    ['an LSTM', tf.sequential({ layers: [tf.layers.lstm({ inputShape: [3, 2], units: 2 })] }), 'LSTM layer'],
    [
      'strides',
      tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [9, 9, 1], filters: 2, kernelSize: 3, strides: 2 })] }),
      'strides [2,2]',
    ],
    [
      'another activation',
      tf.sequential({ layers: [dense(3, 'elu'), tf.layers.dense({ units: 1 })] }),
      'activation “elu”',
    ],
    [
      'a sigmoid in the middle',
      tf.sequential({ layers: [dense(3, 'sigmoid'), tf.layers.dense({ units: 1 })] }),
      'before its last layer',
    ],
    ['a softmax of one', tf.sequential({ layers: [dense(1, 'softmax')] }), 'always 1'],
    [
      'nothing to learn',
      tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 1, trainable: false })] }),
      'last layer is not trainable',
    ],
    ['no head', tf.sequential({ layers: [dense(3, 'relu')] }), 'the last layer must be dense and linear'],
    [
      'branches',
      (() => {
        const input = tf.input({ shape: [4] })
        return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 1 }).apply(input) as tf.SymbolicTensor })
      })(),
      'only Sequential',
    ],
  ])('is refused in words: %s', async (_, model, words) => {
    const files = filesOf(await saved(model))
    expect(() => readLayersModel(files, 'none')).toThrow(
      expect.objectContaining({ code: 'model.unreadable', message: expect.stringContaining(words) }),
    )
  })

  it('is refused when files are missing, cut off, no JSON, or hold other numbers than they say', () => {
    const [json, weights] = filesOf(writeLayersModel(table, random(31, 1), null, notes)) as [
      { name: string; bytes: Uint8Array },
      { name: string; bytes: Uint8Array },
    ]
    const text = new TextDecoder().decode(json.bytes)
    const changed = (from: string, to: string) => ({ ...json, bytes: new TextEncoder().encode(text.replace(from, to)) })
    const cases: [readonly { name: string; bytes: Uint8Array }[], string][] = [
      [[weights], 'no model.json'],
      [[json], 'not among the files'],
      [[json, { ...weights, bytes: weights.bytes.slice(0, 40) }], 'too short'],
      [[json, { ...weights, bytes: new Uint8Array(weights.bytes.length + 4) }], 'longer'],
      [[{ ...json, bytes: weights.bytes }, weights], 'no JSON'],
      [[{ ...json, bytes: new TextEncoder().encode('{"a":1}') }, weights], 'no layers model'],
      [[changed('"float32"\n    },', '"int32"\n    },'), weights], 'float32'],
      [[json, { ...weights, bytes: new Uint8Array(weights.bytes.length).fill(255) }], 'not all finite'],
    ]
    for (const [files, words] of cases) {
      let thrown: unknown
      try {
        readLayersModel(files, 'none')
      } catch (error) {
        thrown = error
      }
      expect(isAppError(thrown, 'model.unreadable'), words).toBe(true)
      expect((thrown as Error).message).toContain(words)
    }
  })
})
