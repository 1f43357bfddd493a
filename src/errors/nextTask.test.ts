import { afterEach, expect, it, vi } from 'vitest'
import { nextTask } from './nextTask.ts'

afterEach(() => vi.unstubAllGlobals())

it.each([true, false])('lets a timer in amid work that goes on, with setImmediate: %s', async hasSetImmediate => {
  if (!hasSetImmediate) vi.stubGlobal('setImmediate', undefined)
  let fired = false
  setTimeout(() => {
    fired = true
  })
  const end = performance.now() + 1000
  while (!fired && performance.now() < end) await nextTask()
  expect(fired).toBe(true)
})
