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
