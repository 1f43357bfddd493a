import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import type { KioskAutomation } from '../src/app/kiosk/kioskAutomation.ts'
import { type Bed, startBed } from './support/deployment.ts'
import { fundWall } from './support/fundWall.ts'
import { expect, test } from './support/test.ts'

/** The long run is a soak: whatever grows with each study shows. */
const isLong = process.env.WARDROUND_LONG === '1'
const studies = isLong ? 20 : 1
const settings = { preset: 'glance', idleSeconds: 5, resultSeconds: 5, place: 'wall' }

// One wall after the other, on one bed.
test.describe.configure({ mode: 'default' })

let bed: Bed

test.beforeAll(async () => {
  // Relays of a wall let go of a study's blobs half a minute after its end.
  bed = await startBed({ name: 'kiosk', relays: 2, endedHours: 0.01 })
  await fundWall(bed)
})

test.afterAll(async () => {
  await bed?.stop()
})

async function openWall(page: Page, url: string): Promise<void> {
  await page.addInitScript(kept => localStorage.setItem('wardround-kiosk-settings', kept), JSON.stringify(settings))
  await page.goto(`${url}/kiosk`)
}

function kioskOf(page: Page): Promise<KioskAutomation | null> {
  return page.evaluate(() => (window.wardroundKiosk ? { ...window.wardroundKiosk } : null))
}

async function untilWall(page: Page, what: string, isThere: (wall: KioskAutomation) => boolean, withinMs: number) {
  for (const end = Date.now() + withinMs; ; await sleep(200)) {
    const wall = await kioskOf(page)
    if (wall !== null && isThere(wall)) return wall
    if (Date.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}. ${JSON.stringify(wall)}`)
  }
}

interface Size {
  readonly heap: number
  readonly indexedDb: number
  readonly databases: number
  /** Of all databases but the list of transactions, which keeps its newest 200 an account: whose, and under which key. */
  readonly entries: readonly string[]
  readonly workers: number
  readonly relay: number
}

/** What is left of everything between two studies, in bytes and counts. */
async function sizeOf(page: Page): Promise<Size> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  const { usage, databases, entries } = await page.evaluate(async () => {
    const entries: string[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      if (name.startsWith('wardround-activity')) continue
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
      for (const store of db.objectStoreNames) {
        const keys = await new Promise<IDBValidKey[]>((resolve, reject) => {
          const request = db.transaction(store).objectStore(store).getAllKeys()
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
        entries.push(...keys.map(key => `${name}: ${JSON.stringify(key)}`))
      }
      db.close()
    }
    const estimate = (await navigator.storage.estimate()) as { usage?: number; usageDetails?: { indexedDB?: number } }
    return {
      usage: estimate.usageDetails?.indexedDB ?? estimate.usage ?? 0,
      databases: (await indexedDB.databases()).length,
      entries,
    }
  })
  return {
    heap: usedSize,
    indexedDb: usage,
    databases,
    entries,
    workers: page.workers().length,
    relay: bed.relays.reduce((sum, { dataDir }) => sum + bytesUnder(join(dataDir, 'blocks')), 0),
  }
}

function bytesUnder(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })!.size, 0)
}

test(`the wall runs ${studies === 1 ? 'a study' : `${studies} studies in a row`} with nobody there, and leaves nothing behind`, async ({
  newComputer,
}) => {
  test.setTimeout(60_000 + studies * 120_000)
  const page = await (await newComputer()).newPage()
  await openWall(page, bed.url)
  const sizes: Size[] = []
  for (let run = 1; run <= studies; run++) {
    if (run === 2) {
      await untilWall(page, 'the next study runs', ({ stage }) => stage === 'running', 90_000)
      // A visitor's child, or a bug: one hospital's page is gone.
      const frame = page.locator('iframe').nth(1)
      await frame.evaluate(element => {
        ;(element as HTMLIFrameElement).src = 'about:blank'
      })
    }
    await untilWall(page, `study ${run} is complete`, ({ completed }) => completed === run, 120_000)
    if (run === 1) await expect(page.getByRole('heading', { name: 'What did they gain?' }).first()).toBeVisible()
    await untilWall(page, 'the wall is cleared', ({ stage }) => stage === 'idle', 30_000)
    sizes.push(await sizeOf(page))
    if (isLong) process.stdout.write(`study ${run}: ${JSON.stringify(sizes.at(-1))}\n`)
  }
  const last = sizes.at(-1) as Size
  const wall = await kioskOf(page)
  expect(wall).toMatchObject({ completed: studies, abandoned: 0 })
  if (studies > 1) expect(wall?.reloads).toBeGreaterThanOrEqual(1)
  expect(last.workers).toBe(0)
  // What this computer knows of the site stays; nothing of a study does.
  expect(last.databases).toBe((sizes[0] as Size).databases)
  expect(last.entries).toEqual([])
  if (!isLong) return
  const early = sizes.slice(3, 8)
  const late = sizes.slice(-5)
  const mean = (of: (size: Size) => number, list: readonly Size[]) =>
    list.reduce((sum, s) => sum + of(s), 0) / list.length
  expect(mean(s => s.heap, late)).toBeLessThan(1.25 * mean(s => s.heap, early))
  expect(mean(s => s.indexedDb, late)).toBeLessThan(1.25 * mean(s => s.indexedDb, early) + 2 ** 20)
  expect(mean(s => s.relay, late)).toBeLessThan(1.5 * mean(s => s.relay, early))
})

test('the staff clears the wall and leaves, by keyboard', async ({ newComputer }) => {
  const page = await (await newComputer()).newPage()
  await openWall(page, bed.url)
  await untilWall(page, 'a study is on the wall', ({ stage }) => stage === 'joining' || stage === 'running', 60_000)
  await page.keyboard.press('Control+Shift+K')
  const dialog = page.getByRole('dialog', { name: 'Kiosk settings' })
  await expect(dialog).toBeVisible()
  await dialog.getByRole('switch').click()
  await dialog.getByRole('button', { name: 'Clear the wall now' }).click()
  await untilWall(page, 'the wall waits', ({ stage, study }) => stage === 'idle' && study === null, 30_000)
  await expect(page.locator('iframe')).toHaveCount(0)
  await dialog.getByRole('link', { name: 'Leave the kiosk' }).click()
  await expect(page).toHaveURL(`${bed.url}/`)
})
