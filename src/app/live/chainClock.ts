/** The chain's time, and when this page read it by a clock that nobody sets. */
export interface ChainClock {
  /** Unix seconds: the newest block's. */
  readonly time: number
  /** performance.now() then, in milliseconds. */
  readonly at: number
}

/**
 * The chain's time of now. This computer's clock does not come into it: it may be an hour off.
 *
 * @param now performance.now()
 * @returns unix seconds; null before the chain was looked at
 */
export function chainNow(clock: ChainClock | null, now: number): number | null {
  return clock && clock.time + Math.max(0, now - clock.at) / 1000
}

/** Seconds by which this computer's clock is ahead of the chain's before anybody should hear of it. */
const WORTH_SAYING_SECONDS = 300

/**
 * How far this computer's clock is off.
 *
 * @param now performance.now()
 * @param here Date.now()
 * @returns seconds ahead of the chain's clock (negative: behind); null where it is not worth saying
 */
export function clockSkew(clock: ChainClock | null, now: number, here: number): number | null {
  const chain = chainNow(clock, now)
  if (chain === null) return null
  const skew = here / 1000 - chain
  return Math.abs(skew) < WORTH_SAYING_SECONDS ? null : Math.round(skew)
}
