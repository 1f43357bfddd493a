/**
 * Tells of the first change at once, and of those that follow within `leastMs` together, when that time is over.
 * @returns ends it
 */
export function calmly(
  subscribe: (onChange: () => void) => () => void,
  onChange: () => void,
  leastMs: number,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let hasMore = false
  const tell = () => {
    onChange()
    timer = setTimeout(() => {
      timer = undefined
      if (!hasMore) return
      hasMore = false
      tell()
    }, leastMs)
  }
  const end = subscribe(() => {
    if (timer === undefined) tell()
    else hasMore = true
  })
  return () => {
    clearTimeout(timer)
    end()
  }
}
