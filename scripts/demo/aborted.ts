/** Rejects with the signal's reason once it aborts, and does nothing else. */
export function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  // Who races it and wins never looks at it again.
  promise.catch(() => undefined)
  return promise
}
