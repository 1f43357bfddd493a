import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { calmly } from './calmly.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function listening() {
  const listeners = new Set<() => void>()
  const told = vi.fn()
  const end = calmly(
    listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    told,
    100,
  )
  return { told, end, listeners, change: () => listeners.forEach(listener => void listener()) }
}

it('tells of the first change at once and of a burst once more, after its time', () => {
  const { told, change } = listening()
  for (let i = 0; i < 5; i++) change()
  expect(told).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(99)
  expect(told).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1)
  expect(told).toHaveBeenCalledTimes(2)
})

it('misses no last change, and tells nothing where nothing changed', () => {
  const { told, change } = listening()
  change()
  vi.advanceTimersByTime(100)
  expect(told).toHaveBeenCalledTimes(1)
  change()
  expect(told).toHaveBeenCalledTimes(2)
  change()
  vi.advanceTimersByTime(100)
  expect(told).toHaveBeenCalledTimes(3)
})

it('tells nothing after its end', () => {
  const { told, change, end, listeners } = listening()
  change()
  change()
  end()
  vi.advanceTimersByTime(1000)
  expect(told).toHaveBeenCalledTimes(1)
  expect(listeners.size).toBe(0)
})
