import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import type { Publishable } from '../study/types.ts'
import { createMemoryJournal, openJournal } from './journal.ts'
import type { AuditAnswer, Blob } from './ports.ts'

const blob = { header: new Uint8Array([1, 2, 3]), chunks: [new Uint8Array([4, 5])] } as unknown as Publishable<Blob>
const sealed = { blob, digest: '0x01', commitment: '0x02' } as const
const scores = { scores: [120, -32768], salt: '0x05', opened: 0b101n } as const
/** Small numbers and large ones: CBOR writes both as integers. */
const answer: AuditAnswer = {
  ...{ data: '0x06', pin: [1n, 2n ** 63n], afterRoot: '0x07', start: [0n, 2n ** 64n - 2n ** 32n] },
  ...{ phi: [3n, 2n ** 60n], products: [4n] },
}
const proof = { answer, proof: new Uint8Array([8, 9]), beacon: '0x0a' } as const

describe.each([
  ['in memory', async () => createMemoryJournal()],
  ['in IndexedDB', () => openJournal(`test-${crypto.randomUUID()}`)],
])('the journal %s', (_, open) => {
  it('gives back what was put, and nothing for other rounds', async () => {
    const journal = await open()
    await journal.put(3, 'sealed', sealed)
    await journal.put(3, 'scores', scores)
    expect(await journal.get(3, 'sealed')).toEqual(sealed)
    expect(await journal.get(3, 'scores')).toEqual(scores)
    expect(await journal.get(4, 'sealed')).toBeUndefined()
    await journal.put(3, 'proof', proof)
    expect(await journal.get(3, 'proof')).toEqual(proof)
  })

  it('forgets earlier rounds only', async () => {
    const journal = await open()
    for (const round of [1, 2, 10]) await journal.put(round, 'scores', scores)
    await journal.forget(10)
    expect(await journal.get(2, 'scores')).toBeUndefined()
    expect(await journal.get(10, 'scores')).toEqual(scores)
  })
})

describe('the journal in IndexedDB', () => {
  it('survives a reload', async () => {
    const first = await openJournal('reload')
    await first.put(1, 'sealed', sealed)
    first.close()
    const second = await openJournal('reload')
    expect(await second.get(1, 'sealed')).toEqual(sealed)
  })

  it('holds no plain salt or score on the disk, and its key cannot be taken out', async () => {
    const journal = await openJournal('at-rest')
    await journal.put(1, 'scores', { ...scores, salt: '0xfeedfacefeedface' })
    journal.close()
    const { openDB } = await import('idb')
    const raw = await openDB('wardround-journal-at-rest')
    const stored = await raw.get('entries', '1:scores')
    expect(Buffer.from(stored.sealed).toString('latin1')).not.toContain('feedface')
    const key = await raw.get('keys', 'at-rest')
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
    raw.close()
  })

  it('refuses an entry that was moved to another round', async () => {
    const journal = await openJournal('moved')
    await journal.put(1, 'scores', scores)
    const { openDB } = await import('idb')
    const raw = await openDB('wardround-journal-moved')
    await raw.put('entries', await raw.get('entries', '1:scores'), '2:scores')
    raw.close()
    await expect(journal.get(2, 'scores')).rejects.toThrow()
  })
})
