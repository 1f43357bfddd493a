import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { indexedDbTransactionJournal } from '../../chain/transactionJournal.ts'
import { createKeys, indexedDbKeyStore } from '../../crypto/keys.ts'
import { openJournal } from '../../rounds/journal.ts'
import type { Address, Hex } from '../../study/types.ts'
import { indexedDbResidualStore } from '../../training/residualStore.ts'
import { activityOf, recordStep, whenLoaded } from '../activity.ts'
import { indexedDbJoinMemory } from '../join/joinMemory.ts'
import { wipeHospital } from './wipe.ts'

const deployment = `0x${'d'.repeat(64)}` as Hex
const study = `0x${'5'.repeat(40)}` as Address
const me = `0x${'Ab'.repeat(20)}` as Address
const neighbour = `0x${'Cd'.repeat(20)}` as Address

/** Everything that IndexedDB holds, as text. */
async function everything(): Promise<string> {
  const found: unknown[] = []
  for (const { name } of await indexedDB.databases()) {
    found.push(name)
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name as string)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    for (const store of database.objectStoreNames) {
      for (const method of ['getAll', 'getAllKeys'] as const) {
        const request = database.transaction(store).objectStore(store)[method]()
        found.push(await new Promise(resolve => (request.onsuccess = () => resolve(request.result))))
      }
    }
    database.close()
  }
  return JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? String(value) : value)).toLowerCase()
}

async function liveHere(address: Address): Promise<void> {
  const namespace = `${deployment}-${study}-${address}`.toLowerCase()
  const journal = await openJournal(namespace)
  await journal.put(1, 'scores', { scores: [1], salt: deployment, opened: 1n })
  journal.close()
  const owner = { deployment, study, address }
  await indexedDbKeyStore().save(owner, await createKeys())
  const [patients, after] = [new Uint8Array(32), new Float32Array(2)]
  await indexedDbResidualStore().save(owner, { round: 1, patients, before: null, after })
  await indexedDbJoinMemory(namespace).save({ source: { kind: 'shipped', index: 1 } })
  await indexedDbTransactionJournal(deployment).put({
    id: `${address}-1`,
    account: address,
    to: study,
    data: '0x01',
    nonce: 1,
    block: '1',
  })
  const activity = activityOf({ deploymentId: deployment }, address)
  await whenLoaded(activity)
  recordStep(activity, { id: 'a', name: 'joinTask', to: study, status: 'confirmed' })
}

function fakeStorage(items: Map<string, string>) {
  return {
    get length() {
      return items.size
    },
    key: (i: number) => [...items.keys()][i] ?? null,
    removeItem: (key: string) => void items.delete(key),
  }
}

describe('wipeHospital', () => {
  it('leaves nothing of this hospital in any database or storage, and all of its neighbour', async () => {
    await liveHere(me)
    await liveHere(neighbour)
    // What is recorded is written soon after.
    await new Promise(resolve => setTimeout(resolve, 50))
    const before = await everything()
    expect(before.split(me.toLowerCase()).length).toBeGreaterThan(5)
    const items = new Map([
      [`wardround-lock-${me}`, 'x'],
      ['mantine-color-scheme-value', 'dark'],
    ])
    await wipeHospital(me, [fakeStorage(items)])
    const after = await everything()
    expect(after).not.toContain(me.toLowerCase())
    expect(after.split(neighbour.toLowerCase()).length).toBe(before.split(neighbour.toLowerCase()).length)
    expect([...items.keys()]).toEqual(['mantine-color-scheme-value'])
  })
})
