import { type Fraction, fractionOf } from './exactGaussian.ts'
import { RandomWords } from './randomWords.ts'

/** Deviations beyond which nothing is drawn: P(|Z| > 16σ) ≤ 2·exp(−128) < 2⁻¹⁸³. */
const reach = 16
/** A block is between a 32nd and a 16th of σ wide: nearly all of what is drawn in it is kept. */
const blocksPerSigma = 16
/** Far above the rounding of Math.exp and its argument (below 1e-13), far below the distance of two words. */
const margin = 1e-11
/** Bits to which a draw is decided that 32 bits leave open. */
const precision = 256
/** z must stay exact as a double with room for the value that it is added to. */
const largestSigma = 2 ** 44

const random = new RandomWords()

/**
 * A sampler of the discrete Gaussian for vectors: z with probability proportional to exp(−z²/2σ²), in less than 0.1 µs
 * (npm run bench -- dp-noise).
 *
 * Blocks of neighbouring integers are drawn by whole-number weights that nowhere lie below the bell; a draw within the block is
 * kept with a probability of bell over weight. That is decided by 32 random bits against a double where those suffice, else
 * (one draw in 2³²) by 256 bits against exp in fixed point. So the total variation distance to the exact distribution is that
 * of the tail that is never drawn and of the last of the 256 bits: at most 2⁻¹⁸⁰ a sample, whatever sigma is.
 *
 * @param sigma positive, at most 2⁴⁴
 * @throws RangeError where sigma is out of range
 */
export function discreteGaussianSampler(sigma: number): () => number {
  if (!(sigma > 0 && sigma <= largestSigma))
    throw new RangeError(`sigma is ${sigma}; it must be positive, at most 2^44`)
  const widthBits = Math.max(0, Math.floor(Math.log2(sigma / blocksPerSigma)))
  const width = 2 ** widthBits
  const blocks = Math.ceil((reach * sigma) / width)
  const bell = (z: number) => Math.exp(-(z * z) / (2 * sigma * sigma))

  // Such that all weights add up to less than 2³²: Σ bell(b·width) ≤ 1 + σ√(π/2)/width, plus what rounding up adds.
  const top = Math.floor((2 ** 32 - 2 * blocks) / (1 + (sigma * Math.sqrt(Math.PI / 2)) / width + 1e-3))
  const weights = Array.from({ length: blocks }, (_, b) => Math.ceil(top * bell(b * width) * (1 + margin)))
  /** Where each block's share of the words ends. */
  const ends = new Float64Array(blocks)
  weights.reduce((sum, weight, b) => {
    ends[b] = sum + weight
    return sum + weight
  }, 0)
  const total = ends[blocks - 1]!
  /** top/weight · 2³²: what a bell has to be multiplied by to be compared with a word. */
  const scales = Float64Array.from(weights, weight => (top / weight) * 2 ** 32)
  /** Words below this are kept wherever in the block they fall. */
  const sure = Float64Array.from(scales, (scale, b) => Math.floor(scale * bell((b + 1) * width - 1) * (1 - margin)))
  /** The first block that words with these 8 leading bits may belong to. */
  const guide = Uint16Array.from({ length: 256 }, (_, lead) => ends.findIndex(end => end > lead * 2 ** 24))

  return () => {
    for (;;) {
      const word = random.uint32()
      if (word >= total) continue
      let block = guide[word >>> 24]!
      while (word >= ends[block]!) block++

      const low = random.uint32()
      // One word holds the sign and up to 31 bits of the place in the block.
      const offset =
        widthBits < 32 ? (low >>> 1) & (width - 1) : (random.uint32() % 2 ** (widthBits - 31)) * 2 ** 31 + (low >>> 1)
      const size = block * width + offset
      const negative = (low & 1) === 1
      // Zero would count twice.
      if (negative && size === 0) continue

      const coin = random.uint32()
      if (coin >= sure[block]!) {
        const bound = bell(size) * scales[block]!
        if (coin >= bound * (1 + margin)) continue
        if (coin + 1 > bound * (1 - margin) && !decideExactly(coin, size, sigma, top, weights[block]!)) continue
      }
      return negative ? -size : size
    }
  }
}

/**
 * Whether a uniform number that begins with these 32 bits lies below exp(−z²/2σ²)·top/weight: further bits are drawn to
 * decide it to 2⁻²⁵⁰.
 */
export function decideExactly(coin: number, z: number, sigma: number, top: number, weight: number): boolean {
  const { numerator, denominator } = fractionOf(sigma)
  const scaled = BigInt(z) * denominator
  const exp = fixedExp({ numerator: scaled * scaled, denominator: 2n * numerator * numerator }, precision)
  const uniform = (BigInt(coin) << BigInt(precision - 32)) | random.bits(precision - 32)
  return uniform * BigInt(weight) < exp * BigInt(top)
}

/** exp(−x)·2^bits as a whole number, to about 2⁻⁵⁰ of the last bit. */
export function fixedExp({ numerator, denominator }: Fraction, bits: number): bigint {
  // exp(−x) = exp(−x/2^halvings)^(2^halvings), each squaring doubles the error, the guard bits pay for it.
  const size = (numerator / denominator).toString(2).length
  const halvings = BigInt(size + 8)
  const shift = BigInt(bits + size + 72)
  const x = (numerator << shift) / (denominator << halvings)
  let term = 1n << shift
  let sum = term
  for (let k = 1n; term !== 0n; k++) {
    term = -(term * x) / (k << shift)
    sum += term
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) >> shift
  return sum >> (shift - BigInt(bits))
}
