import { describe, expect, it } from 'vitest'
import { initialParameters, parameterLayout } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'
import { edgesModel } from '../../src/study/studies/edges.ts'
import { createEngine } from '../../src/training/engine.ts'

const engine = await createEngine('cpu')
const layout = parameterLayout(edgesModel)

/** The features of an image: a head that shows each of them in turn. */
async function features(pixel: (row: number, column: number) => number): Promise<number[]> {
  const count = layout.tensors[2]!.shape[0]!
  const model: ModelSpec = {
    ...edgesModel,
    layers: edgesModel.layers.with(3, { type: 'dense', units: 1, activation: 'linear' }),
  }
  const filters = initialParameters(edgesModel, 0).subarray(0, layout.tensors[2]!.offset)
  const inputs = Float32Array.from({ length: 784 }, (_, i) => pixel(Math.floor(i / 28), i % 28))
  const found: number[] = []
  // One square in the middle of the image, all orientations, fine and coarse.
  const middle = (3 * 7 + 3) * 16
  for (let at = middle; at < middle + 16; at++) {
    const head = new Float32Array(count + 1)
    head[at] = 1
    const [p] = await engine.predict(model, Float32Array.of(...filters, ...head), inputs, 1)
    found.push(Math.log(p! / (1 - p!)))
  }
  return found
}

describe('the edge filters', () => {
  it('see nothing in what is even, bright or dark', async () => {
    for (const level of [0, 0.5, 1]) {
      expect(await features(() => level)).toEqual(Array(16).fill(expect.closeTo(0, 6)))
    }
  })

  it('see an edge in its own orientation most, and none the other way round', async () => {
    const bright = await features((_, column) => (column >= 14 ? 1 : 0))
    const turned = await features(row => (row >= 14 ? 1 : 0))
    for (const from of [0, 8]) {
      const [right, , down, , left, , up] = bright.slice(from, from + 8)
      expect(right).toBeCloseTo(0.38 * (1 - 0.3), 5)
      expect([left, down! < right!, up! < right!]).toEqual([expect.closeTo(0, 6), true, true])
      const others = turned.slice(from, from + 8)
      expect(others.indexOf(Math.max(...others))).toBe(2)
    }
  })
})
