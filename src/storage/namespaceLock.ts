import { AppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'

/** Milliseconds: a page that reloads waits this long for its former self to go. */
const patience = 1_500
/** Outside browsers one process is one "browser". */
const held = new Set<string>()

/**
 * Takes a namespace for this tab alone: tabs of one origin share IndexedDB, and two nodes must not run under one peer id.
 * The browser gives it back when the tab closes, however it closes.
 * @returns what gives it back
 * @throws AppError app.secondTab, app.unsupported
 */
export async function lockNamespace(namespace: string): Promise<() => void> {
  const name = `wardround/${namespace}`
  if (typeof window === 'undefined') {
    if (held.has(name)) throw new AppError('app.secondTab')
    held.add(name)
    return () => void held.delete(name)
  }
  if (navigator.locks === undefined) throw new AppError('app.unsupported', { what: 'Web Locks' })
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { signal: timeLimit(patience) }, () => new Promise<void>(release => resolve(release)))
      .catch(cause => reject(new AppError('app.secondTab', {}, cause)))
  })
}
