/**
 * A signal that aborts after so many milliseconds, with a TimeoutError, whatever else holds it.
 * Node 20 forgets an AbortSignal.timeout that only AbortSignal.any still holds: that one then never aborts.
 */
export function timeLimit(milliseconds: number): AbortSignal {
  const limit = new AbortController()
  const end = () => limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  const timer: unknown = setTimeout(end, milliseconds)
  // In Node nothing stays up for it.
  if (typeof timer === 'object') (timer as { unref(): void }).unref()
  return limit.signal
}
