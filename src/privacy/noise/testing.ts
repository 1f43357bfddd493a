import { normalCdf } from '../accountant/normal.ts'

/** A test may raise a false alarm once in so many runs. */
const falseAlarm = 1e9
/** What a cell must expect for Pearson's statistic to be χ². */
const leastExpected = 20

/**
 * For tests: whether integers come from the discrete Gaussian. Pearson's statistic over its critical value: above 1 means that
 * they do not, wrongly once in 10⁹ runs. The critical value is k + 2√(k·x) + 2x, which χ² with k degrees of freedom exceeds
 * with a probability of at most exp(−x) (Laurent and Massart 2000, lemma 1).
 */
export function chiSquareExcess(samples: readonly number[], sigma: number): number {
  // Cells of an odd number of integers, about the eighth of a deviation, numbered from 0 in the middle outwards.
  const width = 2 * Math.floor(sigma / 16) + 1
  const masses = cellMasses(sigma, width)
  /** Cells from this number on are one, on either side. */
  let last = masses.length
  let tail = 0
  while (samples.length * tail < leastExpected) tail += masses[--last]!
  if (last === 0) throw new RangeError(`${samples.length} samples are too few`)

  const counts = new Array<number>(2 * last + 1).fill(0)
  for (const sample of samples) {
    const cell = Math.max(-last, Math.min(last, Math.round(sample / width))) + last
    counts[cell] = counts[cell]! + 1
  }
  const statistic = counts.reduce((sum, count, i) => {
    const cell = Math.abs(i - last)
    const expected = samples.length * (cell === last ? tail : masses[cell]!)
    return sum + (count - expected) ** 2 / expected
  }, 0)
  const freedom = counts.length - 1
  const x = Math.log(falseAlarm)
  return statistic / (freedom + 2 * Math.sqrt(freedom * x) + 2 * x)
}

/** The probabilities of the cells from the middle outwards, on one side. */
function cellMasses(sigma: number, width: number): number[] {
  const cells = Array.from({ length: Math.ceil((10 * sigma) / width) + 2 }, (_, cell) => cell)
  // Where the grid is fine, sums of the bell are its integral to 1/24σ² of each cell's slope: 1e-7 from σ = 1000 on.
  if (sigma > 1000) {
    return cells.map(cell => {
      const near = ((cell - 0.5) * width) / sigma
      return normalCdf(-near) - normalCdf(-near - width / sigma)
    })
  }
  const sums = cells.map(cell => {
    let sum = 0
    for (let z = cell * width - (width - 1) / 2; z <= cell * width + (width - 1) / 2; z++) {
      sum += Math.exp(-(z * z) / (2 * sigma * sigma))
    }
    return sum
  })
  const total = sums.reduce((sum, mass, cell) => sum + (cell === 0 ? mass : 2 * mass), 0)
  return sums.map(mass => mass / total)
}
