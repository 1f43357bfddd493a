/**
 * Keeps the screen on until told otherwise: a wall that nobody touches would go dark. The browser takes the lock back whenever
 * the page is hidden, so it is asked for again when the page shows. Where the browser has none, or refuses (low battery),
 * the screen sleeps as always.
 *
 * @returns what lets the screen sleep again
 * @see https://www.w3.org/TR/screen-wake-lock/
 */
export function keepScreenOn(): () => void {
  const { wakeLock } = navigator as Partial<Pick<Navigator, 'wakeLock'>>
  if (wakeLock === undefined) return () => {}
  let isWanted = true
  let held: WakeLockSentinel | null = null
  const ask = () => {
    if (!isWanted || document.visibilityState !== 'visible') return
    wakeLock.request('screen').then(
      lock => {
        if (isWanted) held = lock
        else void lock.release()
      },
      error => console.info('the screen may go dark', error),
    )
  }
  ask()
  document.addEventListener('visibilitychange', ask)
  return () => {
    isWanted = false
    document.removeEventListener('visibilitychange', ask)
    void held?.release()
  }
}
