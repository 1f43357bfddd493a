import { describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { edgeFilters } from './edgeFilters.ts'
import {
  checkModel,
  initialParameters,
  parameterLayout,
  sharedPart,
  startPart,
  withShared,
  withStart,
} from './layout.ts'
import type { LayerSpec, ModelSpec } from './manifest.ts'
import { edgesModel } from './studies/edges.ts'

const logistic: ModelSpec = {
  input: [3],
  layers: [{ type: 'dense', units: 1, activation: 'linear' }],
  siteLocal: 'bias',
}
const cnn: ModelSpec = {
  input: [9, 7, 2],
  layers: [
    { type: 'conv2d', filters: 4, kernel: 3, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'conv2d', filters: 5, kernel: 2, padding: 'valid', activation: 'tanh' },
    { type: 'flatten' },
    { type: 'dense', units: 3, activation: 'linear' },
  ],
  siteLocal: 'head',
}

function reason(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isAppError(error, 'study.badManifest')) return String(error.details.reason)
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('parameterLayout', () => {
  test('lays a logistic regression with a site-local intercept out as weights, then the intercept', () => {
    const layout = parameterLayout(logistic)
    expect(layout.tensors).toEqual([
      { name: '0.weight', layer: 0, kind: 'weight', shape: [3, 1], offset: 0, size: 3, local: false, frozen: false },
      { name: '0.bias', layer: 0, kind: 'bias', shape: [1], offset: 3, size: 1, local: true, frozen: false },
    ])
    expect(layout).toMatchObject({ size: 4, sharedSize: 3, outputs: 1 })
  })

  test('follows shapes through convolutions and pools of odd sizes, and keeps the whole head local', () => {
    const layout = parameterLayout(cnn)
    expect(layout.activations).toEqual([[9, 7, 4], [4, 3, 4], [3, 2, 5], [30], [3]])
    expect(layout.tensors.map(t => [t.name, t.shape, t.local])).toEqual([
      ['0.weight', [3, 3, 2, 4], false],
      ['0.bias', [4], false],
      ['2.weight', [2, 2, 4, 5], false],
      ['2.bias', [5], false],
      ['4.weight', [30, 3], true],
      ['4.bias', [3], true],
    ])
    expect(layout.size).toBe(72 + 4 + 80 + 5 + 90 + 3)
    expect(layout.sharedSize).toBe(layout.size - 93)
  })

  test('names the layer that does not fit', () => {
    const dense = { type: 'dense', units: 2, activation: 'linear' } as const
    expect(reason(() => parameterLayout({ ...cnn, layers: [dense] }))).toMatch(/^model\.layers\.0: .*flatten/)
    expect(reason(() => parameterLayout({ ...cnn, layers: [{ type: 'flatten' }] }))).toMatch(/last layer/)
    expect(reason(() => parameterLayout({ ...logistic, layers: [{ type: 'maxPool', size: 2 }, dense] }))).toMatch(
      /^model\.layers\.0: a maxPool/,
    )
    expect(
      reason(() =>
        parameterLayout({
          ...cnn,
          layers: [
            { type: 'conv2d', filters: 1, kernel: 8, padding: 'valid', activation: 'relu' },
            { type: 'flatten' },
            dense,
          ],
        }),
      ),
    ).toMatch(/kernel of 8 does not fit into 9x7/)
    expect(reason(() => parameterLayout({ ...cnn, input: [9, 7] }))).toMatch(/model\.input/)
    expect(reason(() => parameterLayout({ ...logistic, siteLocal: 'head' }))).toMatch(/siteLocal/)
  })
})

describe('checkModel', () => {
  const images = { kind: 'images', height: 9, width: 7, channels: 2, classes: ['a', 'b', 'c'] } as const
  const table = {
    kind: 'table' as const,
    features: [{ type: 'number' as const, name: 'age' }],
    outcome: { name: 'ill' },
  }

  test('accepts a model that fits its data', () => {
    expect(checkModel(cnn, { ...images, classes: [...images.classes] }).outputs).toBe(3)
    expect(checkModel(logistic, table, 3).outputs).toBe(1)
  })

  test('refuses other inputs and other classes', () => {
    expect(reason(() => checkModel(cnn, { ...images, height: 8, classes: [...images.classes] }))).toMatch(/8x7x2/)
    expect(reason(() => checkModel(cnn, { ...images, classes: ['a', 'b'] }))).toMatch(/3 outputs for 2 classes/)
    expect(reason(() => checkModel(logistic, table, 4))).toMatch(/gives 4, the model takes 3/)
  })
})

describe('shared and local parts', () => {
  test('sharedPart and withShared are each other’s inverse and leave the local part alone', () => {
    const layout = parameterLayout({ ...cnn, siteLocal: 'bias' })
    const mine = Float32Array.from({ length: layout.size }, (_, i) => i)
    const theirs = Float32Array.from({ length: layout.sharedSize }, (_, i) => -i - 1)
    const merged = withShared(layout, mine, theirs)
    expect(sharedPart(layout, merged)).toEqual(theirs)
    expect(merged.slice(-3)).toEqual(mine.slice(-3))
    expect(withShared(layout, mine, sharedPart(layout, mine))).toEqual(mine)
  })

  test('a vector of another model is refused', () => {
    const layout = parameterLayout(logistic)
    expect(() => sharedPart(layout, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'aggregation.badUpdate' }),
    )
    expect(() => withShared(layout, new Float32Array(4), new Float32Array(4))).toThrow(
      expect.objectContaining({ code: 'aggregation.badUpdate' }),
    )
  })
})

describe('frozen layers', () => {
  const [first, ...rest] = cnn.layers as [LayerSpec, ...LayerSpec[]]
  const frozen = { ...cnn, layers: [{ ...first, frozen: true } as LayerSpec, ...rest] }
  const layout = parameterLayout(frozen)

  test('are neither shared nor local, and lie where they lay', () => {
    const learned = parameterLayout(cnn)
    expect(layout.tensors.filter(tensor => tensor.frozen).map(({ name }) => name)).toEqual(['0.weight', '0.bias'])
    expect(layout.tensors.map(tensor => ({ ...tensor, frozen: false }))).toEqual(learned.tensors)
    expect([learned.sharedSize - layout.sharedSize, layout.startSize]).toEqual([72 + 4, learned.sharedSize])
  })

  test('stay in withShared, and come with what everybody starts from', () => {
    const mine = Float32Array.from({ length: layout.size }, (_, i) => i)
    const theirs = mine.map(value => -value - 1)
    const merged = withShared(layout, mine, sharedPart(layout, theirs))
    expect(merged).toEqual(Float32Array.of(...mine.slice(0, 76), ...theirs.slice(76, 161), ...mine.slice(161)))
    const begun = withStart(layout, mine, startPart(layout, theirs))
    expect(begun).toEqual(Float32Array.of(...theirs.slice(0, 161), ...mine.slice(161)))
    for (const refused of [
      () => startPart(layout, new Float32Array(layout.size - 1)),
      () => withStart(layout, mine, new Float32Array(layout.sharedSize)),
    ]) {
      expect(refused).toThrow(expect.objectContaining({ code: 'aggregation.badUpdate' }))
    }
  })

  test('start with what the seed draws, and leave one layer to learn at zero', () => {
    expect(initialParameters(frozen, 7)).toEqual(initialParameters(cnn, 7))
    const hidden: ModelSpec = {
      input: [3],
      layers: [{ type: 'dense', units: 2, activation: 'relu', frozen: true }, ...logistic.layers],
      siteLocal: 'none',
    }
    const parameters = initialParameters(hidden, 7)
    expect(parameters.slice(0, 6).every(value => value !== 0)).toBe(true)
    expect(parameters.slice(6)).toEqual(new Float32Array(2 + 3))
  })

  test('may be edges, whatever the seed: filters without a mean, one for each direction', () => {
    const parameters = initialParameters(edgesModel, 7)
    expect(parameters.slice(0, 800)).toEqual(edgeFilters())
    expect(parameters.slice(800)).toEqual(new Float32Array(7850))
    expect(initialParameters(edgesModel, 8)).toEqual(parameters)
    for (let filter = 0; filter < 16; filter++) {
      const values = Array.from({ length: 49 }, (_, i) => parameters[i * 16 + filter]!)
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6)
      expect(Math.max(...values)).toBeGreaterThan(0.01)
    }
    // Golden: every hospital of every build must start from these very numbers.
    expect([...parameters.slice(16, 20)]).toMatchInlineSnapshot(`
      [
        -0.000500764639582485,
        -0.0008435325580649078,
        -0.0007511469884775579,
        -0.0001687065087025985,
      ]
    `)
    const [conv, ...others] = edgesModel.layers as [LayerSpec, ...LayerSpec[]]
    const other = { ...edgesModel, layers: [{ ...conv, filters: 8 } as LayerSpec, ...others] }
    expect(reason(() => parameterLayout(other))).toMatch(/^model\.layers\.0: edges are 16 filters of 7x7/)
    expect(reason(() => parameterLayout({ ...edgesModel, input: [28, 28, 3] }))).toMatch(/over 1 channel/)
  })
})

describe('initialParameters', () => {
  test('the same seed gives the same bytes, another seed others', () => {
    expect(initialParameters(cnn, 7)).toEqual(initialParameters(cnn, 7))
    expect(initialParameters(cnn, 7)).not.toEqual(initialParameters(cnn, 8))
    // Golden: every hospital of every build must start from these very numbers.
    expect([...initialParameters(cnn, 7).slice(0, 4)]).toMatchInlineSnapshot(`
      [
        -0.5207589268684387,
        -0.38617536425590515,
        0.4963517189025879,
        0.5220754742622375,
      ]
    `)
  })

  test('weights stay within their layer’s limit and fill it; biases are zero', () => {
    const parameters = initialParameters(cnn, 1)
    const limits = [Math.sqrt(6 / 18), Math.sqrt(6 / (16 + 20)), Math.sqrt(6 / 33)]
    const { tensors } = parameterLayout(cnn)
    const weights = tensors.filter(t => t.kind === 'weight')
    weights.forEach(({ offset, size }, i) => {
      const largest = Math.max(...parameters.slice(offset, offset + size).map(Math.abs))
      expect(largest).toBeLessThanOrEqual(limits[i]!)
      expect(largest).toBeGreaterThan(0.9 * limits[i]!)
    })
    for (const { offset, size } of tensors.filter(t => t.kind === 'bias')) {
      expect(parameters.slice(offset, offset + size).every(value => value === 0)).toBe(true)
    }
  })

  test('a logistic regression starts at zero', () => {
    expect(initialParameters(logistic, 3)).toEqual(new Float32Array(4))
  })
})
