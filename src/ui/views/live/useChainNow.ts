import { useEffect, useState } from 'react'
import { type ChainClock, chainNow } from '../../../app/live/chainClock.ts'

/**
 * The chain's time, second by second, for what is shown. A hidden tab's timers are slow; nothing but the display hangs on them.
 *
 * @returns unix seconds; null before the chain was looked at
 */
export function useChainNow(clock: ChainClock | null): number | null {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  // A clock that was read since the last tick is newer than the tick.
  return chainNow(clock, Math.max(now, clock?.at ?? 0))
}
