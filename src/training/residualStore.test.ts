import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import type { KeyOwner } from '../crypto/keys.ts'
import { indexedDbResidualStore, memoryResidualStore, type ResidualRecord } from './residualStore.ts'
import { testRef } from './testing.ts'

const owner: KeyOwner = { ...testRef, address: `0x${'Ab'.repeat(20)}` }
const other: KeyOwner = { ...owner, address: `0x${'Cd'.repeat(20)}` }
const later: KeyOwner = { ...owner, study: `0x${'77'.repeat(20)}` }
const record: ResidualRecord = {
  round: 3,
  patients: new Uint8Array(32).fill(9),
  before: Float32Array.of(0.5, -1, 3e-8),
  after: Float32Array.of(1.25, -0, 7),
}
const databaseOf = ({ deployment, study, address }: KeyOwner) =>
  `wardround-residual-${deployment}-${study}-${address}`.toLowerCase()

describe.each([
  ['memory', memoryResidualStore],
  ['IndexedDB', indexedDbResidualStore],
])('residuals in %s', (_, createStore) => {
  it('come back to the last bit, those saved last', async () => {
    const store = createStore()
    await store.save(owner, { ...record, round: 2, before: null })
    expect(await store.load(owner)).toEqual({ ...record, round: 2, before: null })
    await store.save(owner, record)
    expect(await store.load(owner)).toEqual(record)
  })

  it('are of one hospital in one study alone', async () => {
    const store = createStore()
    await store.save(owner, record)
    expect(await store.load(other)).toBeUndefined()
    expect(await store.load(later)).toBeUndefined()
  })

  it('are gone once removed, and can be saved again', async () => {
    const store = createStore()
    await store.save(owner, record)
    await store.remove(owner)
    expect(await store.load(owner)).toBeUndefined()
    await store.save(owner, record)
    expect(await store.load(owner)).toEqual(record)
  })
})

describe('residuals in IndexedDB', () => {
  it('survive a reload', async () => {
    await indexedDbResidualStore().save(owner, record)
    expect(await indexedDbResidualStore().load(owner)).toEqual(record)
  })

  it('are never in the clear, and their key cannot be taken out', async () => {
    await indexedDbResidualStore().save(owner, record)
    const db = await openDB(databaseOf(owner))
    const { sealed } = (await db.get('residual', 'only')) as { sealed: ArrayBuffer }
    const key = (await db.get('keys', 'only')) as CryptoKey
    db.close()
    const plain = Buffer.from(record.after.buffer as ArrayBuffer)
    expect(Buffer.from(sealed).includes(plain)).toBe(false)
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
  })

  it('cannot be moved to another round, hospital or study', async () => {
    const store = indexedDbResidualStore()
    await store.save(owner, record)
    const from = await openDB(databaseOf(owner))
    const [stored, key] = [await from.get('residual', 'only'), await from.get('keys', 'only')]
    await from.put('residual', { ...stored, round: 4 }, 'only')
    from.close()
    expect(await store.load(owner)).toBeUndefined()
    for (const elsewhere of [other, later]) {
      await store.save(elsewhere, record)
      const to = await openDB(databaseOf(elsewhere))
      await to.put('residual', stored, 'only')
      await to.put('keys', key, 'only')
      to.close()
      expect(await store.load(elsewhere)).toBeUndefined()
    }
  })
})
