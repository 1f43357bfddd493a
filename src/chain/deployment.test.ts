import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import type { Hex } from '../study/types.ts'
import { chainOf, publicClientFor } from './clients.ts'
import { demoAccount } from './demoAccounts.ts'
import { checkDeployment, type Deployment, loadDeployment, parseDeployment } from './deployment.ts'
import { readDeployment } from './deploymentFile.ts'
import { startTask } from './sponsor.ts'
import { createStudyEvents } from './studyEvents.ts'
import { openStudy, startTestChain, type TestChain } from './testing/chain.ts'
import { startProxy } from './testing/proxy.ts'

let chain: TestChain
let younger: TestChain
beforeAll(async () => {
  // Two chains with one number and the same addresses: their genesis tells them apart.
  chain = await startTestChain(2, { port: 8630 })
  // A dev chain's genesis holds the second in which it started, and nothing else that differs.
  await sleep(1100)
  younger = await startTestChain(2, { port: 8632 })
}, 60_000)
afterAll(async () => {
  await chain?.stop()
  await younger?.stop()
})

const code = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'accepted',
    error => (isAppError(error) ? error.code : String(error)),
  )

describe('a deployment', () => {
  test('is found on its own chain', async () => {
    await checkDeployment(chain.deployment, publicClientFor(chain.deployment))
  })

  test('is not found on a younger chain with the same number and addresses', async () => {
    expect(younger.deployment.factory).toBe(chain.deployment.factory)
    expect(younger.deployment.deploymentId).not.toBe(chain.deployment.deploymentId)
    const client = publicClientFor(younger.deployment)
    expect(await code(checkDeployment(chain.deployment, client))).toBe('chain.noDeployment')
    const forged = { ...chain.deployment, genesisHash: younger.deployment.genesisHash }
    expect(await code(checkDeployment(forged, client))).toBe('chain.noDeployment')
  })

  test('is not found where no contract is, on another chain, or where nothing answers', async () => {
    const client = publicClientFor(chain.deployment)
    const elsewhere: Deployment = { ...chain.deployment, factory: chain.hospital(0) }
    expect(await code(checkDeployment(elsewhere, client))).toBe('chain.noDeployment')
    expect(await code(checkDeployment({ ...chain.deployment, chainId: 11155111 }, client))).toBe('chain.wrongChain')
  })

  test('is read from a URL and from a file, and refused when it is anything else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wardround-'))
    let body = JSON.stringify({ ...chain.deployment, relays: ['/ip4/127.0.0.1'] })
    const server = createServer((_request, response) => response.end(body))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deployment.json`
    try {
      expect(await loadDeployment(url)).toEqual(chain.deployment)
      const path = join(directory, 'deployment.json')
      await writeFile(path, body)
      expect(await readDeployment(path)).toEqual(chain.deployment)
      expect(await code(readDeployment(join(directory, 'missing.json')))).toBe('chain.noDeployment')
      body = '{}'
      expect(await code(loadDeployment(url))).toBe('chain.noDeployment')
      body = '<html>'
      expect(await code(loadDeployment(url))).toBe('chain.noDeployment')
    } finally {
      server.close()
      await rm(directory, { recursive: true })
    }
    expect(await code(loadDeployment(url))).toBe('chain.noDeployment')
    const { factory: _, ...incomplete } = chain.deployment
    for (const wrong of [
      null,
      incomplete,
      { ...chain.deployment, credits: '0x12' },
      { ...chain.deployment, rpcUrls: [] },
    ]) {
      expect(() => parseDeployment(wrong, 'here')).toThrow('not set up yet')
    }
  })
})

describe('clients', () => {
  test('hand out demo accounts on the dev chain only', () => {
    expect(demoAccount(0, 31337).address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
    expect(demoAccount(3, 31337).address).not.toBe(demoAccount(2, 31337).address)
    expect(() => demoAccount(0, 11155111)).toThrow('31337')
  })

  test('know the names of the testnets', () => {
    const rpcUrls = ['http://rpc']
    expect(chainOf({ chainId: 11155111, rpcUrls }).name).toBe('Sepolia')
    expect(chainOf({ chainId: 84532, rpcUrls }).blockExplorers).toBeDefined()
    expect(chainOf({ chainId: 77, rpcUrls })).toMatchObject({ id: 77, name: 'Chain 77' })
    expect(chainOf({ chainId: 84532, rpcUrls }).rpcUrls.default.http).toEqual(rpcUrls)
  })

  test('ask the next RPC when the first is dead', async () => {
    const rpcUrls = ['http://127.0.0.1:9', ...chain.deployment.rpcUrls]
    const client = publicClientFor({ ...chain.deployment, rpcUrls })
    expect(await client.getChainId()).toBe(31337)
  })
})

test('events are read in ranges that public RPCs serve, each block once', async () => {
  const { study, members } = await openStudy(chain, 2)
  await startTask(chain.access(1), study)
  const [a, b] = members
  const word = (byte: string): Hex => `0x${byte.repeat(32)}`
  await a?.port.submitUpdate({ round: 1, update: word('01'), commitment: word('02') })
  await chain.anvil.rpc('anvil_mine', ['0x4b0'])
  await b?.port.submitUpdate({ round: 1, update: word('03'), commitment: word('04') })
  const proxy = await startProxy({ target: chain.anvil.rpcUrl, logRange: 500 })
  try {
    const client = publicClientFor({ ...chain.deployment, rpcUrls: [proxy.url] })
    const events = createStudyEvents(client, study, BigInt(chain.deployment.block))
    const [logs, same] = await Promise.all([events.read(), events.read()])
    expect(same).toBe(logs)
    expect(logs.map(({ eventName }) => eventName)).toEqual(['UpdateSubmitted', 'UpdateSubmitted'])
    const asked = proxy.counts.get('eth_getLogs') as number
    expect(asked).toBe(3)
    await chain.anvil.rpc('anvil_mine', ['0x1'])
    expect(await events.read()).toHaveLength(2)
    expect(proxy.counts.get('eth_getLogs')).toBe(asked + 1)
  } finally {
    await proxy.stop()
  }
}, 30_000)
