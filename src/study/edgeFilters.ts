/** Width and height of a filter, in pixels. */
export const edgeKernel = 7
/**
 * exp(−1 / 2s²) for a filter as wide as half a pen stroke, s = 1 pixel, and as a whole one, 1.9. Exponentials differ in the last bit
 * between machines, so they are given.
 */
const falloffs = [0.6065306597126334, 0.8706596335622918]
/** Cosines of the edges' directions, all around: dark to bright and bright to dark are two. Sines are those two places before. */
const cosines = [1, Math.SQRT1_2, 0, -Math.SQRT1_2, -1, -Math.SQRT1_2, 0, Math.SQRT1_2]
/** Number of filters: fine ones in each direction, then coarse ones. */
export const edgeCount = cosines.length * falloffs.length
/** A response below this, where 1 is the sharpest possible edge, counts as none. */
const threshold = 0.3
/** Makes a digit's features about 2 long, so that a clip of ½ leaves what is nearly right as it is. */
const scale = 0.38

/**
 * Weights and then biases of a convolution that sees edges: derivatives of a bell in each direction, so that no image is behind
 * them. The same bits on every machine: nothing but sums, products and quotients of doubles, rounded once.
 */
export function edgeFilters(): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(edgeKernel ** 2 * edgeCount + edgeCount)
  for (let filter = 0; filter < edgeCount; filter++) {
    const values = filterOf(filter)
    // Of an edge from 0 to 1 the bright half alone counts: half of all.
    const sharpest = values.reduce((sum, value) => sum + Math.abs(value), 0) / 2
    for (const [i, value] of values.entries()) parameters[i * edgeCount + filter] = (scale * value) / sharpest
  }
  return parameters.fill(-scale * threshold, edgeKernel ** 2 * edgeCount)
}

function filterOf(filter: number): number[] {
  const direction = filter % cosines.length
  const cosine = cosines[direction]!
  const sine = cosines[(direction + 6) % cosines.length]!
  const falloff = falloffs[Math.floor(filter / cosines.length)]!
  const middle = (edgeKernel - 1) / 2
  return Array.from({ length: edgeKernel ** 2 }, (_, i) => {
    const [y, x] = [Math.floor(i / edgeKernel) - middle, (i % edgeKernel) - middle]
    return (x * cosine + y * sine) * power(falloff, x * x + y * y)
  })
}

function power(base: number, exponent: number): number {
  let product = 1
  for (let i = 0; i < exponent; i++) product *= base
  return product
}
