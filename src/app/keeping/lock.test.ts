import { describe, expect, it } from 'vitest'
import { createDeskLock } from './lock.ts'

function fakeStorage() {
  const items = new Map<string, string>()
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  }
}

describe('createDeskLock', () => {
  it('stays locked over a reload, opens with the PIN alone, and keeps no PIN', async () => {
    const storage = fakeStorage()
    await createDeskLock(storage, 'a').lock('482910', { pauses: true })
    expect([...storage.items.values()].join()).not.toContain('482910')
    const reloaded = createDeskLock(storage, 'a')
    expect(reloaded.store.getState()).toMatchObject({ isLocked: true, pauses: true })
    expect(await reloaded.unlock('482911')).toBe(false)
    expect(reloaded.store.getState().isLocked).toBe(true)
    expect(await reloaded.unlock('482910')).toBe(true)
    expect(reloaded.store.getState().isLocked).toBe(false)
    expect(storage.items.size).toBe(0)
  })

  it('locks one hospital, not its neighbour', async () => {
    const storage = fakeStorage()
    await createDeskLock(storage, 'a').lock('482910', { pauses: false })
    expect(createDeskLock(storage, 'b').store.getState().isLocked).toBe(false)
  })

  it('makes who guesses wait, also the one who guesses right too soon', async () => {
    let now = 1_000_000
    const lock = createDeskLock(fakeStorage(), 'a', () => now)
    await lock.lock('482910', { pauses: false })
    for (let i = 0; i < 5; i++) expect(await lock.unlock('000000')).toBe(false)
    expect(lock.store.getState().waitsUntil).toBe(now + 5_000)
    expect(await lock.unlock('482910')).toBe(false)
    now += 5_000
    expect(await lock.unlock('482910')).toBe(true)
  }, 20_000)

  it('refuses a PIN that is too short', async () => {
    await expect(createDeskLock(fakeStorage(), 'a').lock('1234', { pauses: false })).rejects.toThrow(RangeError)
  })
})
