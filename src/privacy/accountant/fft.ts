/**
 * The discrete Fourier transform in place, Cooley and Tukey with radix 2: X_k = Σ x_n exp(−2πi·kn/N).
 * @param re real parts, N of them
 * @param im imaginary parts, N of them
 * @param inverse the inverse transform, 1/N included
 * @throws RangeError where N is no power of two or the lengths differ
 */
export function fft(re: Float64Array, im: Float64Array, inverse = false): void {
  const size = re.length
  if (im.length !== size || size === 0 || !Number.isInteger(Math.log2(size))) {
    throw new RangeError(`a transform of ${size} and ${im.length} numbers; both must be the same power of two`)
  }
  reorder(re, im)
  const turn = (inverse ? 2 : -2) * Math.PI
  const half = size / 2
  const cosines = Float64Array.from({ length: half }, (_, k) => Math.cos((turn * k) / size))
  const sines = Float64Array.from({ length: half }, (_, k) => Math.sin((turn * k) / size))
  for (let width = 1; width < size; width *= 2) {
    const stride = half / width
    for (let start = 0; start < size; start += 2 * width) {
      for (let k = 0; k < width; k++) {
        const even = start + k
        const odd = even + width
        const c = cosines[k * stride]!
        const s = sines[k * stride]!
        const oddRe = re[odd]! * c - im[odd]! * s
        const oddIm = re[odd]! * s + im[odd]! * c
        re[odd] = re[even]! - oddRe
        im[odd] = im[even]! - oddIm
        re[even] = re[even]! + oddRe
        im[even] = im[even]! + oddIm
      }
    }
  }
  if (!inverse) return
  for (let i = 0; i < size; i++) {
    re[i] = re[i]! / size
    im[i] = im[i]! / size
  }
}

/** Puts every element where its index with the bits reversed says. */
function reorder(re: Float64Array, im: Float64Array): void {
  const size = re.length
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i >= j) continue
    const swapRe = re[i]!
    const swapIm = im[i]!
    re[i] = re[j]!
    im[i] = im[j]!
    re[j] = swapRe
    im[j] = swapIm
  }
}
