import 'fake-indexeddb/auto'
import { expect, it, vi } from 'vitest'
import { lackingFeatures } from './support.ts'

const whole = { crypto: globalThis.crypto, indexedDB, Worker: class {} as unknown as typeof Worker, WebAssembly }

it('finds nothing missing in a whole browser, and leaves no database behind', async () => {
  expect(await lackingFeatures(whole)).toEqual([])
  await vi.waitFor(async () => expect(await indexedDB.databases()).toEqual([]))
})

it('names each thing that is missing', async () => {
  const { subtle: _, ...rest } = { subtle: undefined, getRandomValues: () => {} }
  expect(await lackingFeatures({ ...whole, crypto: rest as unknown as Crypto })).toEqual(['crypto'])
  expect(await lackingFeatures({})).toEqual(['crypto', 'database', 'workers', 'wasm'])
})

it('takes a database that cannot be opened for none', async () => {
  const refusing = {
    open() {
      throw new DOMException('denied', 'SecurityError')
    },
  } as unknown as IDBFactory
  expect(await lackingFeatures({ ...whole, indexedDB: refusing })).toEqual(['database'])
})
