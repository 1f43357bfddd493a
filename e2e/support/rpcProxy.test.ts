import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type RpcProxy, type RpcProxyOptions, startRpcProxy } from './rpcProxy.ts'

/** A node at block 1,000 that says which method it was asked for. */
let node: Server
let upstream: string
let proxy: RpcProxy

beforeAll(async () => {
  node = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'eth_blockNumber' ? '0x3e8' : method }))
  })
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  upstream = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
})
afterAll(() => new Promise<void>(resolve => void node.close(() => resolve())))
afterEach(() => proxy.close())

async function start(options: Partial<RpcProxyOptions> = {}): Promise<void> {
  proxy = await startRpcProxy({ port: 0, upstream, ...options })
}

async function ask(body: unknown): Promise<Response> {
  return fetch(proxy.url, { method: 'POST', body: JSON.stringify(body) })
}

const logs = (range: object) => ({ id: 1, method: 'eth_getLogs', params: [range] })

it('passes ordinary calls and batches on, and keeps what was sent', async () => {
  await start()
  const single = await ask({ id: 7, method: 'eth_chainId' })
  expect(await single.json()).toMatchObject({ id: 7, result: 'eth_chainId' })
  expect(single.headers.get('access-control-allow-origin')).toBe('*')
  const batch = await ask([
    { id: 1, method: 'eth_call' },
    { id: 2, method: 'anvil_mine' },
  ])
  expect(await batch.json()).toMatchObject([
    { id: 1, result: 'eth_call' },
    { id: 2, error: { code: -32601 } },
  ])
  expect(proxy.bodies.map(String)).toEqual([
    expect.stringContaining('eth_chainId'),
    expect.stringContaining('anvil_mine'),
  ])
  expect(proxy.refused.method).toBe(1)
})

it('has none of the dev node’s methods', async () => {
  await start()
  for (const method of ['anvil_reorg', 'evm_mine', 'hardhat_setCode']) {
    expect(await (await ask({ id: 1, method })).json()).toMatchObject({ error: { code: -32601 } })
  }
})

it('refuses logs of more than 500 blocks, tags resolved', async () => {
  await start()
  const refusal = { error: { code: -32005 } }
  expect(await (await ask(logs({ fromBlock: '0x0', toBlock: '0x1f4' }))).json()).toMatchObject(refusal)
  expect(await (await ask(logs({ fromBlock: 'earliest', toBlock: 'latest' }))).json()).toMatchObject(refusal)
  expect(await (await ask(logs({ fromBlock: '0x1' }))).json()).toMatchObject(refusal)
  const accepted = { result: 'eth_getLogs' }
  expect(await (await ask(logs({ fromBlock: '0x1', toBlock: '0x1f4' }))).json()).toMatchObject(accepted)
  expect(await (await ask(logs({ fromBlock: '0x1f5' }))).json()).toMatchObject(accepted)
  expect(await (await ask(logs({ blockHash: '0x12' }))).json()).toMatchObject(accepted)
  expect(proxy.refused.logRange).toBe(3)
})

it('answers a share of requests 429, and all of them late', async () => {
  await start({ tooMany: 0.2, latencyMs: 20 })
  const begun = performance.now()
  const statuses = await Promise.all(
    Array.from({ length: 200 }, async () => (await ask({ id: 1, method: 'eth_call' })).status),
  )
  expect(performance.now() - begun).toBeGreaterThanOrEqual(19)
  const share = statuses.filter(status => status === 429).length / 200
  expect(share).toBeGreaterThan(0.1)
  expect(share).toBeLessThan(0.3)
})
