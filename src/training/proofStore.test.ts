import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import type { KeyOwner } from '../crypto/keys.ts'
import { indexedDbProofStore, memoryProofStore, type ProofRecord } from './proofStore.ts'
import { testRef } from './testing.ts'

const owner: KeyOwner = { ...testRef, address: `0x${'Ab'.repeat(20)}` }
const other: KeyOwner = { ...owner, address: `0x${'Cd'.repeat(20)}` }
const later: KeyOwner = { ...owner, study: `0x${'77'.repeat(20)}` }
const fresh: ProofRecord = {
  ...{ secret: new Uint8Array(32).fill(7), noise: null, rounds: [], proven: [] },
  patients: new Uint8Array(32).fill(8),
}
const record: ProofRecord = {
  ...fresh,
  noise: BigInt64Array.of(-(2n ** 40n), 0n, 3n),
  proven: [{ after: new Uint8Array(24).fill(6), statement: new Uint8Array(32).fill(9) }],
  rounds: [
    {
      round: 4,
      seed: new Uint8Array(32).fill(1),
      member: 2,
      contribution: 0,
      start: BigInt64Array.of(-1n, 2n ** 35n),
      afterKey: new Uint8Array(32).fill(2),
      after: new Uint8Array(24).fill(6),
      blinds: BigUint64Array.of(2n ** 63n, 5n),
      seeds: [new Uint8Array(32).fill(3), null],
    },
    {
      round: 5,
      seed: new Uint8Array(32).fill(4),
      member: 2,
      contribution: 1,
      start: BigInt64Array.of(0n, 9n),
      afterKey: new Uint8Array(32).fill(5),
      after: new Uint8Array(24).fill(7),
      blinds: new BigUint64Array(),
      seeds: [],
    },
  ],
}

describe.each([
  ['memory', memoryProofStore],
  ['IndexedDB', indexedDbProofStore],
])('what proofs are made from, in %s', (_, createStore) => {
  it('comes back to the last bit, what was saved last', async () => {
    const store = createStore()
    await store.save(owner, fresh)
    expect(await store.load(owner)).toEqual(fresh)
    await store.save(owner, record)
    expect(await store.load(owner)).toEqual(record)
  })

  it('is of one hospital in one study alone', async () => {
    const store = createStore()
    await store.save(owner, record)
    expect(await store.load(other)).toBeUndefined()
    expect(await store.load(later)).toBeUndefined()
    expect(await store.bytes(later)).toBe(0)
  })

  it('says how much there is, and is gone once cleared', async () => {
    const store = createStore()
    await store.save(owner, fresh)
    const bytes = await store.bytes(owner)
    await store.save(owner, record)
    expect(await store.bytes(owner)).toBeGreaterThan(bytes + 200)
    await store.clear(owner)
    expect(await store.load(owner)).toBeUndefined()
    expect(await store.bytes(owner)).toBe(0)
  })
})

it('survives a reload in IndexedDB, and is never in the clear there', async () => {
  await indexedDbProofStore().save(owner, record)
  expect(await indexedDbProofStore().load(owner)).toEqual(record)
  const db = await openDB(`wardround-proofs-${owner.deployment}-${owner.study}-${owner.address}`.toLowerCase())
  const { sealed } = (await db.get('proofs', 'only')) as { sealed: ArrayBuffer }
  db.close()
  expect(Buffer.from(sealed).includes(Buffer.from(record.secret))).toBe(false)
})
