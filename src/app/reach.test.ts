import { HttpRequestError } from 'viem'
import { expect, it } from 'vitest'
import type { quickClientFor } from '../chain/clients.ts'
import { createChainProbe } from './reach.ts'
import type { Site } from './site.ts'

const id = `0x${'d1'.repeat(32)}`
const site = {
  ...{ chainId: 31337, rpcUrls: ['http://127.0.0.1:1'], deploymentId: id, genesisHash: `0x${'01'.repeat(32)}` },
  factory: `0x${'03'.repeat(20)}`,
} as unknown as Site

/** A chain whose head, genesis and silence the test sets. */
function chain() {
  const state = { head: 5n, genesis: site.genesisHash as string, isSilent: false, checks: 0 }
  const answer = <T>(value: T) => {
    if (state.isSilent) throw new HttpRequestError({ url: 'http://127.0.0.1:1' })
    return Promise.resolve(value)
  }
  const client = {
    getBlockNumber: async () => answer(state.head),
    getChainId: async () => answer(31337),
    getBlock: async () => {
      state.checks++
      return answer({ hash: state.genesis })
    },
    getCode: async () => answer('0x60'),
    readContract: async () => answer(id),
  } as unknown as ReturnType<typeof quickClientFor>
  return { state, probe: createChainProbe(site, client) }
}

it('asks once who answers, and afterwards only whether', async () => {
  const { state, probe } = chain()
  expect([await probe.look(), await probe.look(), await probe.look()]).toEqual(['answers', 'answers', 'answers'])
  expect(state.checks).toBe(1)
})

it('a chain that comes back is the same one, or it says so', async () => {
  const { state, probe } = chain()
  await probe.look()
  state.isSilent = true
  expect(await probe.look()).toBe('silent')
  state.isSilent = false
  expect(await probe.look()).toBe('answers')
  state.isSilent = true
  await probe.look()
  Object.assign(state, { isSilent: false, genesis: `0x${'02'.repeat(32)}` })
  expect(await probe.look()).toBe('other')
})

it('a node that began anew between two looks is found out by its height', async () => {
  const { state, probe } = chain()
  await probe.look()
  Object.assign(state, { head: 1n, genesis: `0x${'02'.repeat(32)}` })
  expect(await probe.look()).toBe('other')
})
