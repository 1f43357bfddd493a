/** How near a guess of an image comes to it. */
export interface Likeness {
  /** Pearson's, from −1 to 1, of the guess as it is. */
  readonly correlation: number
  /** Peak signal-to-noise ratio, in dB, with pixels beyond 0 to 1 cut off as a screen would; at most 100. */
  readonly psnr: number
}

const mostPsnr = 100

/** The best of several guesses, by correlation. @param image pixels from 0 to 1 */
export function bestLikeness(image: ArrayLike<number>, guesses: readonly ArrayLike<number>[]): Likeness {
  const all = guesses.map(guess => likeness(image, guess))
  return all.reduce((best, one) => (one.correlation > best.correlation ? one : best))
}

function likeness(image: ArrayLike<number>, guess: ArrayLike<number>): Likeness {
  const size = image.length
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / size
  const [a, b] = [mean(image), mean(guess)]
  let [product, squaresA, squaresB, error] = [0, 0, 0, 0]
  for (let k = 0; k < size; k++) {
    product += (image[k]! - a) * (guess[k]! - b)
    squaresA += (image[k]! - a) ** 2
    squaresB += (guess[k]! - b) ** 2
    error += (image[k]! - Math.min(1, Math.max(0, guess[k]!))) ** 2 / size
  }
  const spread = Math.sqrt(squaresA * squaresB)
  return {
    correlation: spread > 0 ? product / spread : 0,
    psnr: Math.min(mostPsnr, error > 0 ? -10 * Math.log10(error) : mostPsnr),
  }
}
