import { parameterLayout } from '../../src/study/layout.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'

/** Of the edges, all around: dark to bright and bright to dark are two. */
const orientations = 8
const kernel = 7
/** Of a filter, in pixels: half a pen stroke's width, and a whole one. */
const spreads = [1, 1.9]
const filters = orientations * spreads.length
/** A response below this, where 1 is the sharpest possible edge, counts as none. */
const threshold = 0.3
/** Makes an image's features about 2 long, so that a clip of ½ leaves what is nearly right as it is. */
const scale = 0.38

/**
 * How strongly an image has fine and coarse edges in each orientation, in squares of 4 pixels, and one dense layer on that:
 * the idea of histograms of oriented gradients (Dalal and Triggs 2005). With differential privacy few well-chosen parameters learn more
 * than many (Tramèr and Boneh 2021).
 */
export const edgesModel: ModelSpec = {
  input: [28, 28, 1],
  layers: [
    { type: 'conv2d', filters, kernel, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 4 },
    { type: 'flatten' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
  siteLocal: 'none',
}

/**
 * What a sponsor hands out as the initial model: filters from a formula, derivatives of a bell in each orientation, so that
 * no image is behind them. The dense layer starts at zero.
 */
export function edgesParameters(): Float32Array<ArrayBuffer> {
  const layout = parameterLayout(edgesModel)
  const [weights, thresholds] = layout.tensors
  const parameters = new Float32Array(layout.size)
  for (let filter = 0; filter < filters; filter++) {
    const angle = (2 * Math.PI * (filter % orientations)) / orientations
    const spread = spreads[Math.floor(filter / orientations)]!
    const values = Array.from({ length: kernel * kernel }, (_, i) => {
      const [y, x] = [Math.floor(i / kernel) - (kernel - 1) / 2, (i % kernel) - (kernel - 1) / 2]
      return (x * Math.cos(angle) + y * Math.sin(angle)) * Math.exp(-(x * x + y * y) / (2 * spread * spread))
    })
    // Of an edge from 0 to 1 the bright half alone counts: half of all.
    const sharpest = values.reduce((sum, value) => sum + Math.abs(value), 0) / 2
    for (const [i, value] of values.entries()) {
      parameters[weights!.offset + i * filters + filter] = (scale * value) / sharpest
    }
    parameters[thresholds!.offset + filter] = -scale * threshold
  }
  return parameters
}
