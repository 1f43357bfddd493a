import { edgeCount, edgeKernel } from '../edgeFilters.ts'
import type { LayerSpec, ModelSpec } from '../manifest.ts'

/** How strongly a grey image has fine and coarse edges in each direction, in squares of 4 pixels: fixed, from a formula. */
export const edgeLayers: readonly LayerSpec[] = [
  {
    type: 'conv2d',
    filters: edgeCount,
    kernel: edgeKernel,
    padding: 'same',
    activation: 'relu',
    frozen: true,
    builtIn: 'edges',
  },
  { type: 'maxPool', size: 4 },
]

/**
 * An image's edges and one dense layer on them: the idea of histograms of oriented gradients (Dalal and Triggs 2005). With differential privacy few well-chosen parameters learn more
 * than many (Tramèr and Boneh 2021).
 */
export const edgesModel: ModelSpec = {
  input: [28, 28, 1],
  layers: [...edgeLayers, { type: 'flatten' }, { type: 'dense', units: 10, activation: 'linear' }],
  siteLocal: 'none',
}
