import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from '@playwright/test'
import { createPublicClient, http } from 'viem'
import type { Haystack } from './leakDetector.ts'

/** What a browser sent and said since it was watched. */
export interface BrowserCapture {
  /** To be called before a context's first page opens; pages that open later are watched too. */
  watch(context: BrowserContext): void
  readonly haystacks: readonly Haystack[]
}

/**
 * Records every request of pages and their workers (URL, headers, body), every websocket frame that a page sent, and
 * every line and error of their consoles.
 */
export function createBrowserCapture(): BrowserCapture {
  const haystacks: Haystack[] = []
  const add = (source: string, bytes: string | Uint8Array) =>
    haystacks.push({ source, bytes: Buffer.from(bytes as string) })

  function watchPage(page: Page): void {
    page.on('websocket', socket => {
      add('websocket', socket.url())
      socket.on('framesent', ({ payload }) => add(`websocket to ${socket.url()}`, payload))
    })
    page.on('console', message => {
      add('console', `${message.text()}\n${message.location().url}`)
    })
    page.on('pageerror', error => add('page error', error.stack ?? error.message))
    page.on('crash', () => add('page', 'crashed'))
  }

  return {
    haystacks,
    watch(context) {
      context.on('request', request => {
        const url = new URL(request.url())
        const source = `request ${request.method()} ${url.origin}${url.pathname}`
        add(source, request.url())
        add(source, JSON.stringify(request.headers()))
        const body = request.postDataBuffer()
        if (body !== null) add(source, body)
      })
      context.on('page', watchPage)
      for (const page of context.pages()) watchPage(page)
    },
  }
}

/** Every file in a folder, folders in it included: what a relay keeps, what processes logged. Nothing where it is not there. */
export function filesIn(folder: string): Haystack[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .flatMap(entry => {
      const path = join(entry.parentPath, entry.name)
      return [
        { source: path, bytes: readFileSync(path) },
        { source: `name of ${path}`, bytes: Buffer.from(entry.name) },
      ]
    })
}

/** All that the chain holds in the open: every transaction's data and every event, from the first block on. */
export async function chainContents(rpcUrl: string): Promise<Haystack[]> {
  const client = createPublicClient({ transport: http(rpcUrl) })
  const latest = await client.getBlockNumber()
  const haystacks: Haystack[] = []
  for (let number = 0n; number <= latest; number += 1n) {
    const block = await client.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, input } of block.transactions)
      haystacks.push({ source: `transaction ${hash}`, bytes: bytesOf(input) })
  }
  for (const { transactionHash, topics, data } of await client.getLogs({ fromBlock: 0n, toBlock: latest })) {
    haystacks.push({
      source: `event in ${transactionHash}`,
      bytes: bytesOf(`0x${[...topics, data].map(bare).join('')}`),
    })
  }
  return haystacks
}

function bare(hex: string): string {
  return hex.slice(2)
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(bare(hex), 'hex')
}
