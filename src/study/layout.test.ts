import { describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { checkModel, initialParameters, parameterLayout, sharedPart, withShared } from './layout.ts'
import type { ModelSpec } from './manifest.ts'

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
      { name: '0.weight', layer: 0, kind: 'weight', shape: [3, 1], offset: 0, size: 3, local: false },
      { name: '0.bias', layer: 0, kind: 'bias', shape: [1], offset: 3, size: 1, local: true },
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
