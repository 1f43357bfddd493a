import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultParameters, shortTraceParameters } from '../audit/stark/parameters.ts'
import { readCall } from './callNames.ts'
import { verifierFor } from './deployment.ts'
import { deployKey, KEY_DEPLOYER, keyAddress, LONGEST_KEY, readKey } from './proofKeys.ts'
import { startTestChain, type TestChain } from './testing/chain.ts'
import type { TransactionStep } from './transactions.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startTestChain(1, { port: 9150 })
}, 60_000)
afterAll(() => chain?.stop())

const keyOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) % 251)

describe('a key', () => {
  test('of any length that fits is held by an account of its own, and costs once', async () => {
    for (const length of [1, 300, LONGEST_KEY]) {
      const key = keyOf(length)
      const steps: TransactionStep[] = []
      const access = chain.access(1, { onStep: step => void steps.push(step) })
      const address = await deployKey(access, key)
      expect(address).toBe(keyAddress(key))
      expect(await readKey(access, address)).toEqual(key)
      expect(steps.map(({ status }) => status)).toContain('confirmed')
      steps.length = 0
      expect(await deployKey(chain.access(0), key)).toBe(address)
      expect(steps).toEqual([])
    }
    expect(keyAddress(keyOf(2))).not.toBe(keyAddress(keyOf(3)))
  })

  test('that no account can hold is refused, and no key is read where there is none', async () => {
    const access = chain.access(1)
    await expect(deployKey(access, keyOf(LONGEST_KEY + 1))).rejects.toThrow(RangeError)
    expect(await readKey(access, chain.hospital(0))).toBeNull()
    expect(await readKey(access, chain.deployment.factory)).toBeNull()
  })

  test('is deployed by a call that the browser’s own account has a name for', () => {
    expect(readCall(chain.deployment, { to: KEY_DEPLOYER, data: '0x00' })?.name).toBe('deployKey')
  })
})

test('a deployment has a verifier for each set of parameters, deployed with it', async () => {
  const { deployment } = chain
  const addresses = [defaultParameters, shortTraceParameters].map(parameters => verifierFor(deployment, parameters))
  expect(new Set(addresses).size).toBe(2)
  for (const address of addresses) {
    const code = address && (await chain.access(1).publicClient.getCode({ address }))
    expect(code?.length).toBeGreaterThan(1000)
  }
  expect(verifierFor(deployment, { ...defaultParameters, queries: 1 })).toBeUndefined()
})
