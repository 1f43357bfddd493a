import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { publicClientFor, rpcTraffic } from './clients.ts'

const wire = { requests: 0, sent: 0, received: 0 }
const server = createServer(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  const { id } = JSON.parse(body.toString()) as { id: number }
  const answer = JSON.stringify({ jsonrpc: '2.0', id, result: '0x7a69' })
  wire.requests++
  wire.sent += body.byteLength
  wire.received += Buffer.byteLength(answer)
  response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
})
afterAll(() => new Promise<void>(resolve => server.close(() => resolve())))

test('what clients exchange with RPCs is counted to the byte, as the RPC sees it', async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const before = rpcTraffic()
  const client = publicClientFor({ chainId: 31337, rpcUrls: [`http://127.0.0.1:${port}`] })
  expect(await client.getChainId()).toBe(31337)
  expect(await client.getBlockNumber()).toBe(31337n)
  const { requests, sent, received } = rpcTraffic()
  expect(wire.requests).toBe(2)
  expect({
    requests: requests - before.requests,
    sent: sent - before.sent,
    received: received - before.received,
  }).toEqual(wire)
})
