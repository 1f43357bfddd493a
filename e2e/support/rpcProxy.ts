import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { publicRandom } from '../../src/study/random.ts'

export interface RpcProxyOptions {
  /** 0: any that is free. */
  readonly port: number
  /** The node behind it. */
  readonly upstream: string
  /** Milliseconds added to every answer. Default 0. */
  readonly latencyMs?: number
  /** Share of HTTP requests, 0 to 1, that are answered 429 without being looked at. Default 0. */
  readonly tooMany?: number
  /** Blocks that one eth_getLogs may span. Default 500. */
  readonly logRange?: number
  /** Decides which requests are answered 429. Default 1. */
  readonly seed?: number
}

export interface RpcProxy {
  readonly url: string
  /** Bodies of all requests, refused ones included, in the order of arrival. */
  readonly bodies: readonly Buffer[]
  /** What was done to requests, by kind. */
  readonly refused: { readonly tooMany: number; readonly logRange: number; readonly method: number }
  /** How often each method was asked for and not answered 429. */
  readonly methods: ReadonlyMap<string, number>
  close(): Promise<void>
}

interface Call {
  readonly id: unknown
  readonly method: string
  readonly params?: readonly unknown[]
}

/** What public nodes do not have. */
const devMethods = /^(anvil|evm|hardhat)_/

/**
 * A public node's manners in front of Anvil: slow, now and then "too many requests", logs in small ranges only, none of
 * the dev node's own methods. Answers batches, and pages of any origin.
 */
export async function startRpcProxy(options: RpcProxyOptions): Promise<RpcProxy> {
  const { port, upstream, latencyMs = 0, tooMany = 0, logRange = 500, seed = 1 } = options
  const bodies: Buffer[] = []
  const refused = { tooMany: 0, logRange: 0, method: 0 }
  const methods = new Map<string, number>()
  const random = publicRandom(seed)

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    allowAnyOrigin(response)
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end()
      return
    }
    const body = await readBody(request)
    bodies.push(body)
    await sleep(latencyMs)
    if (random.unit() < tooMany) {
      refused.tooMany += 1
      // A browser may read this header only where it is named.
      response.writeHead(429, { 'content-type': 'text/plain', 'access-control-expose-headers': 'retry-after' })
      response.end('Too many requests')
      return
    }
    const parsed = JSON.parse(body.toString()) as Call | Call[]
    const answers = await Promise.all((Array.isArray(parsed) ? parsed : [parsed]).map(answer))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(Array.isArray(parsed) ? answers : answers[0]))
  }

  async function answer(call: Call): Promise<unknown> {
    methods.set(call.method, (methods.get(call.method) ?? 0) + 1)
    if (devMethods.test(call.method)) {
      refused.method += 1
      return failure(call, -32601, `The method ${call.method} does not exist/is not available`)
    }
    if (call.method === 'eth_getLogs' && (await spanOf(call)) > logRange) {
      refused.logRange += 1
      return failure(call, -32005, `query exceeds max block range ${logRange}`)
    }
    return forward(call)
  }

  async function spanOf({ params }: Call): Promise<number> {
    const { fromBlock, toBlock, blockHash } = (params?.[0] ?? {}) as Record<string, string | undefined>
    if (blockHash !== undefined) return 1
    return (await numberOf(toBlock)) - (await numberOf(fromBlock)) + 1
  }

  async function numberOf(tag = 'latest'): Promise<number> {
    if (tag.startsWith('0x')) return Number(tag)
    if (tag === 'earliest') return 0
    const { result } = await forward({ id: 1, method: 'eth_blockNumber', params: [] })
    return Number(result)
  }

  async function forward(call: Call): Promise<{ result?: unknown }> {
    const response = await fetch(upstream, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...call, jsonrpc: '2.0' }),
    })
    return (await response.json()) as { result?: unknown }
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(error => {
      response.writeHead(502).end(String(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    refused,
    methods,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function allowAnyOrigin(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function failure({ id }: Call, code: number, message: string) {
  return { jsonrpc: '2.0', id, error: { code, message } }
}
