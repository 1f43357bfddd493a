import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import type { Hex } from '../study/types.ts'
import { type Intent, indexedDbTransactionJournal, memoryTransactionJournal } from './transactionJournal.ts'

const deployment = (byte: string): Hex => `0x${byte.repeat(32)}`
const intent: Intent = {
  id: 'account:to:data',
  account: `0x${'01'.repeat(20)}`,
  to: `0x${'02'.repeat(20)}`,
  data: '0x1234',
  nonce: 3,
  block: '17',
}

test.each([
  ['IndexedDB', () => indexedDbTransactionJournal(deployment('aa'))],
  ['memory', memoryTransactionJournal],
])('an intent in %s is kept, gets its hash, and is forgotten', async (_name, create) => {
  const journal = create()
  expect(await journal.get(intent.id)).toBeUndefined()
  await journal.put(intent)
  expect(await journal.get(intent.id)).toEqual(intent)
  await journal.put({ ...intent, hash: deployment('bb') })
  expect((await journal.get(intent.id))?.hash).toBe(deployment('bb'))
  await journal.remove(intent.id)
  expect(await journal.get(intent.id)).toBeUndefined()
})

test('a reloaded tab finds the intent, another deployment does not', async () => {
  await indexedDbTransactionJournal(deployment('cc')).put(intent)
  expect(await indexedDbTransactionJournal(deployment('cc')).get(intent.id)).toEqual(intent)
  expect(await indexedDbTransactionJournal(deployment('dd')).get(intent.id)).toBeUndefined()
})

test('what was asked of a contract, or of another about it, is forgotten, and nothing else', async () => {
  const journal = indexedDbTransactionJournal(deployment('ee'))
  const study = `0x${'Ab'.repeat(20)}` as const
  await journal.put({ ...intent, id: 'other' })
  await journal.put({ ...intent, id: 'duty', to: study })
  await journal.put({ ...intent, id: 'join', data: `0x4000aea0${'00'.repeat(12)}${'ab'.repeat(20)}` })
  await journal.forget(study)
  const kept = await Promise.all(['other', 'duty', 'join'].map(id => journal.get(id)))
  expect(kept.map(found => found?.id)).toEqual(['other', undefined, undefined])
})
