import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { open } from './envelope.ts'
import { createKeys, indexedDbKeyStore, type KeyOwner, memoryKeyStore, publicKeys } from './keys.ts'
import { randomHex, sealAs, testBinding, testHospital } from './testing.ts'

const owner = (): KeyOwner => ({ deployment: randomHex(32), study: randomHex(20), address: randomHex(20) })

describe('fresh keys', () => {
  test('cannot be extracted, in any format', async () => {
    const { duty, encryption } = await createKeys()
    for (const { privateKey } of [duty, encryption]) {
      expect(privateKey.extractable).toBe(false)
      for (const format of ['pkcs8', 'jwk'] as const) {
        await expect(crypto.subtle.exportKey(format, privateKey)).rejects.toThrow()
      }
    }
    expect(duty.privateKey.usages).toEqual(['sign'])
    expect(encryption.privateKey.usages).toEqual(['deriveBits'])
  })

  test('have public halves of the sizes that the registry holds', async () => {
    const keys = await publicKeys(await createKeys())
    expect(keys.duty.x).toMatch(/^0x[0-9a-f]{64}$/)
    expect(keys.duty.y).toMatch(/^0x[0-9a-f]{64}$/)
    expect(keys.encryption.length).toBe(65)
    expect(keys.encryption[0]).toBe(4)
  })
})

describe.each([
  ['IndexedDB', indexedDbKeyStore],
  ['memory', memoryKeyStore],
])('a key store in %s', (_name, create) => {
  test('gives back keys that still open what was sealed to them', async () => {
    const store = create()
    const hospital = await testHospital(1)
    const sender = await testHospital(2)
    const who = owner()
    await store.save(who, hospital.keys)
    const loaded = await store.load(who)
    expect(loaded?.duty.privateKey.extractable).toBe(false)
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, new Uint8Array(40).fill(3), binding, [hospital])
    const opened = await open(blob, binding, hospital.address, loaded ?? hospital.keys)
    expect(opened.plaintext).toEqual(new Uint8Array(40).fill(3))
    expect(loaded).toBeDefined()
  })

  test('keeps hospitals, studies and deployments apart, whatever the case of their addresses', async () => {
    const store = create()
    const who = owner()
    await store.save(who, await createKeys())
    const upper = (hex: string) => `0x${hex.slice(2).toUpperCase()}` as const
    expect(await store.load({ ...who, address: upper(who.address) })).toBeDefined()
    expect(await store.load({ ...who, address: randomHex(20) })).toBeUndefined()
    expect(await store.load({ ...who, study: randomHex(20) })).toBeUndefined()
    expect(await store.load({ ...who, deployment: randomHex(32) })).toBeUndefined()
  })

  test('refuses to overwrite keys and forgets them when told', async () => {
    const store = create()
    const who = owner()
    const first = await createKeys()
    await store.save(who, first)
    await expect(store.save(who, await createKeys())).rejects.toSatisfy(error => isAppError(error, 'journal.failed'))
    const kept = await store.load(who)
    expect(await publicKeys(kept ?? (await createKeys()))).toEqual(await publicKeys(first))
    await store.remove(who)
    expect(await store.load(who)).toBeUndefined()
  })
})
