import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { timeLimit } from './timeLimit.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Settles when a limit of its own, which nobody holds, or the controller aborts. */
function waits(controller: AbortController): Promise<unknown> {
  const either = AbortSignal.any([controller.signal, timeLimit(300)])
  return new Promise(resolve => either.addEventListener('abort', () => resolve(either.reason), { once: true }))
}

it('ends a wait although nothing but the wait is left of it', async () => {
  const waiting = waits(new AbortController())
  const collecting = setInterval(collectGarbage, 20)
  const reason = await waiting
  clearInterval(collecting)
  expect(reason).toMatchObject({ name: 'TimeoutError', message: 'The operation was aborted due to timeout' })
})

it('does not keep what aborts first from being the reason', async () => {
  const controller = new AbortController()
  const waiting = waits(controller)
  controller.abort('closed')
  expect(await waiting).toBe('closed')
})
