import { AppError } from '../../errors/AppError.ts'
import { type Accountant, checkDelta, checkMechanism, type Mechanism } from './mechanism.ts'
import { rdpAccountant } from './rdp.ts'

export interface Target {
  readonly epsilon: number
  readonly delta: number
  /** The rate and the number of the steps whose noise is asked for. */
  readonly q: number
  readonly steps: number
  /** What else is paid out of the same ε. */
  readonly also?: readonly Mechanism[]
  /** The RDP upper bound, as the ledger charges, unless told. */
  readonly accountant?: Accountant
}

/** The answer is at most this share above the smallest. */
const tolerance = 1e-5
/** ln of the largest multiplier that is tried; what needs more cannot be had. */
const most = 20 * Math.LN2

/**
 * The smallest noise multiplier, rounded up in its fifth digit, with which these steps and all else stay within ε.
 * By closing in on it from both sides: more noise never costs more.
 * @throws RangeError where ε, δ, q or steps is out of range
 * @throws AppError privacy.noNoiseSuffices where no noise is enough, as the rest alone takes all of ε
 */
export function sigmaFor({ epsilon, delta, q, steps, also = [], accountant = rdpAccountant() }: Target): number {
  if (!(epsilon > 0)) throw new RangeError(`epsilon is ${epsilon}; it must be positive`)
  checkDelta(delta)
  checkMechanism({ sigma: 1, q, steps })
  /** By how much this noise costs too much; the sides of the search are logarithms of sigma. */
  const excess = (side: number) => accountant.epsilon([...also, { sigma: Math.exp(side), q, steps }], delta) - epsilon

  let high = 0
  let aboveHigh = excess(high)
  let low = high
  let aboveLow = aboveHigh
  while (aboveHigh > 0) {
    low = high
    aboveLow = aboveHigh
    high += Math.LN2
    if (high > most) throw new AppError('privacy.noNoiseSuffices', { epsilon })
    aboveHigh = excess(high)
  }
  while (aboveLow <= 0) {
    high = low
    aboveHigh = aboveLow
    low -= Math.LN2
    // Even this little noise is enough: the steps cost next to nothing (there are none, or they hardly ever draw a patient).
    if (low < -most) return Math.exp(high)
    aboveLow = excess(low)
  }
  // Between the sides along the chord; a side that stays twice counts half (the Illinois method): 6 steps instead of 17.
  let moved: 'low' | 'high' | undefined
  while (high - low > tolerance) {
    const chord = high - (aboveHigh * (high - low)) / (aboveHigh - aboveLow)
    const middle = Math.min(high - tolerance / 2, Math.max(low + tolerance / 2, chord))
    const above = excess(middle)
    if (above > 0) {
      if (moved === 'low') aboveHigh /= 2
      moved = 'low'
      low = middle
      aboveLow = above
    } else {
      if (moved === 'high') aboveLow /= 2
      moved = 'high'
      high = middle
      aboveHigh = above
    }
  }
  return Math.exp(high)
}
