import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

export interface ProxyOptions {
  /** The chain's own RPC. */
  readonly target: string
  /** Default: any free port. */
  readonly port?: number
  /** Milliseconds added to each answer. */
  readonly latency?: number
  /** Answers every n-th request with 429, as a busy public RPC does. */
  readonly refuseEvery?: number
  /** Widest range of blocks it gives logs for, as public RPCs limit it. */
  readonly logRange?: number
  /** Methods it does not know. Default: all that only test chains have. */
  readonly unknown?: RegExp
}

export interface Proxy {
  readonly url: string
  /** Requests by method, refused ones included. */
  readonly counts: ReadonlyMap<string, number>
  readonly refused: number
  /** While true every connection is cut. */
  isDown: boolean
  stop(): Promise<void>
}

const requestSchema = z.object({ id: z.unknown(), method: z.string(), params: z.array(z.unknown()).optional() })
const rangeSchema = z.tuple([
  z.object({ fromBlock: z.string().startsWith('0x'), toBlock: z.string().startsWith('0x') }),
])

/** A public RPC's manners in front of a test chain: slow, busy, with limits and without test methods. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { target, latency = 0, refuseEvery = 0, logRange, unknown = /^(anvil|evm|hardhat)_/ } = options
  const counts = new Map<string, number>()
  let total = 0
  let refused = 0
  let isDown = false

  const server = createServer(async (request, response) => {
    if (isDown) {
      request.socket.destroy()
      return
    }
    try {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const body = Buffer.concat(parts).toString()
      const { id, method, params } = requestSchema.parse(JSON.parse(body))
      counts.set(method, (counts.get(method) ?? 0) + 1)
      total++
      if (latency > 0) await new Promise(resolve => setTimeout(resolve, latency))
      if (refuseEvery > 0 && total % refuseEvery === 0) {
        refused++
        response.writeHead(429).end('Too many requests')
        return
      }
      const fail = (code: number, message: string) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }))
      }
      if (unknown.test(method)) {
        fail(-32601, `the method ${method} does not exist`)
        return
      }
      if (method === 'eth_getLogs' && logRange !== undefined) {
        const range = rangeSchema.safeParse(params)
        const width = range.success ? Number(range.data[0].toBlock) - Number(range.data[0].fromBlock) + 1 : Infinity
        if (width > logRange) {
          fail(-32602, `block range ${width} is wider than ${logRange}`)
          return
        }
      }
      const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    } catch (error) {
      response.writeHead(502).end(String(error))
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    get refused() {
      return refused
    },
    get isDown() {
      return isDown
    },
    set isDown(down) {
      isDown = down
      if (down) server.closeAllConnections()
    },
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
