import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { build, type PreviewServer, preview } from 'vite'
import { createRelay, type RelayOptions } from '../relay/relay.ts'
import { enrolment, type PlayedChain, playChain } from '../relay/testing.ts'
import { findChromium } from '../scripts/chromium.mjs'
import { expect, test } from './support/test.ts'

// One after the other: they share a port.
test.describe.configure({ mode: 'default' })

let browser: Browser
let server: PreviewServer
let folder: string
let url: string
const cleanups: (() => Promise<unknown>)[] = []

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardround-storage-'))
  const root = join(import.meta.dirname, 'support', 'storagePage')
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
  })
  server = await preview({
    configFile: false,
    root,
    logLevel: 'error',
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 8650 },
  })
  url = server.resolvedUrls?.local[0] as string
  const executablePath = await findChromium()
  browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Chromium hides local addresses behind multicast names, which containers do not carry.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  })
})

test.afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

test.afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function openRelay(chain: PlayedChain, options: Partial<RelayOptions> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'wardround-relay-'))
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
  const relay = await createRelay({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0/ws'], announcements: chain, ...options })
  cleanups.push(() => relay.close())
  return Object.assign(relay, { dataDir })
}

/** A hospital's tab: a browser profile of its own. */
async function openTab(): Promise<Page> {
  const context = await browser.newContext()
  cleanups.push(() => context.close())
  const page = await context.newPage()
  await load(page)
  return page
}

async function load(page: Page): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(() => window.storagePage !== undefined)
}

type Options = Parameters<Window['storagePage']['open']>[0]

async function open(page: Page, options: Options) {
  const opened = await page.evaluate(given => window.storagePage.open(given), options)
  if ('error' in opened) throw new Error(opened.error)
  return { peerId: opened.peerId, peerIdBytes: new Uint8Array(opened.bytes) }
}

test('a blob crosses from tab to tab through the relay, and outlives the tab that put it', async () => {
  const chain = playChain()
  const relay = await openRelay(chain)
  const [a, b] = [await openTab(), await openTab()]
  const relays = [...relay.addresses]
  const one = await open(a, { namespace: 'a', relays })
  await open(b, { namespace: 'b', relays })
  chain.announce(...enrolment(one))
  const { digest, hash } = await a.evaluate(() => window.storagePage.put(5_000_000))
  await a.close()
  expect(await b.evaluate(name => window.storagePage.get(name, 15_000), digest)).toEqual({ hash })
  expect(await b.evaluate(() => window.storagePage.rawBlocks('b'))).toBe(6)
  await b.evaluate(name => window.storagePage.delete(name), digest)
  expect(await b.evaluate(() => window.storagePage.rawBlocks('b'))).toBe(0)
})

test('a reloaded tab is the same peer and still has its blobs; a second tab of the hospital is turned away', async () => {
  const chain = playChain()
  const relay = await openRelay(chain)
  const relays = [...relay.addresses]
  const page = await openTab()
  const before = await open(page, { namespace: 'h', relays })
  chain.announce(...enrolment(before))
  const { digest, hash } = await page.evaluate(() => window.storagePage.put(2_000_000))
  await page.reload()
  await load(page)
  const reloaded = await open(page, { namespace: 'h', relays })
  expect(reloaded.peerId).toBe(before.peerId)
  expect(await page.evaluate(name => window.storagePage.get(name, 1_000), digest)).toEqual({ hash })
  expect(await page.evaluate(() => window.storagePage.traffic())).toMatchObject({ sent: 0, received: 0 })

  const second = await page.context().newPage()
  await load(second)
  const refused = await second.evaluate(given => window.storagePage.open(given), { namespace: 'h', relays })
  expect(refused).toEqual({ error: 'app.secondTab' })
  // As in a kiosk: another hospital in the same browser profile is no problem.
  await open(second, { namespace: 'other', relays })
  expect(await second.evaluate(name => window.storagePage.get(name, 10_000), digest)).toEqual({ hash })
})

test('two tabs exchange blocks over WebRTC while the relay serves none; a tab that is not allowed stays out', async () => {
  const chain = playChain()
  const relay = await openRelay(chain, { bitswap: false })
  const relays = [...relay.addresses]
  const [a, b, c] = [await openTab(), await openTab(), await openTab()]
  // The ids first: each tab allows the others by them.
  const ids: { peerId: string; peerIdBytes: Uint8Array }[] = []
  for (const [i, page] of [a, b, c].entries()) {
    ids.push(await open(page, { namespace: `w${i}`, relays }))
    await page.evaluate(() => window.storagePage.close())
    await load(page)
  }
  chain.announce(...enrolment(...ids))
  const [idA, idB, idC] = ids.map(({ peerId }) => peerId) as [string, string, string]
  await open(a, { namespace: 'w0', relays, webrtc: true, allow: [idB] })
  await open(b, { namespace: 'w1', relays, webrtc: true, allow: [idA] })
  await open(c, { namespace: 'w2', relays, webrtc: true, allow: [idA, idB] })
  const { digest, hash } = await a.evaluate(() => window.storagePage.put(3_000_000))
  expect(await b.evaluate(name => window.storagePage.get(name, 1_500), digest)).toEqual({ error: 'storage.notFound' })

  for (const page of [a, b, c]) await page.evaluate(peers => window.storagePage.meet(peers), [idA, idB, idC])
  await expect.poll(() => a.evaluate(() => window.storagePage.status().peers), { timeout: 30_000 }).toEqual([idB])
  expect(await b.evaluate(name => window.storagePage.get(name, 20_000), digest)).toEqual({ hash })
  const sent = await a.evaluate(() => window.storagePage.traffic().sent)
  // Once to the relay, once to the other tab.
  expect(sent).toBeGreaterThan(6_000_000)
  expect(await c.evaluate(name => window.storagePage.get(name, 4_000), digest)).toEqual({ error: 'storage.notFound' })
  expect(await c.evaluate(() => window.storagePage.status().peers)).toEqual([])
  // The relay is gone for a while and comes back; a tab reloads meanwhile. They find each other again.
  const port = /tcp\/(\d+)/.exec(relays[0] as string)?.[1]
  await relay.close()
  await load(b)
  await open(b, { namespace: 'w1', relays, webrtc: true, allow: [idA] })
  await b.evaluate(name => window.storagePage.delete(name), digest)
  const again = await createRelay({
    dataDir: relay.dataDir,
    listen: [`/ip4/127.0.0.1/tcp/${port}/ws`],
    announcements: chain,
    bitswap: false,
  })
  cleanups.push(() => again.close())
  await b.evaluate(peers => window.storagePage.meet(peers), [idA])
  expect(await b.evaluate(name => window.storagePage.get(name, 30_000), digest)).toEqual({ hash })
})
